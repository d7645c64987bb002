package recipes_test

import (
	"context"
	"errors"

	"github.com/bearerguard/bearerguard/validator"
)

func zitadel() validator.Config {
	return validator.Config{
		Issuer:      "https://example-k3v9qa.eu1.zitadel.cloud", // no slash at the end
		Audiences:   []string{"344374183645413380"},             // the id of the project
		Algorithms:  []string{"RS256"},
		ScopeClaims: []string{"urn:zitadel:iam:org:project:roles{}"}, // {}: the names in an object
		Check: func(_ context.Context, t *validator.Token) error {
			if t.ID() == "" { // an ID token has the same audience, but no jti
				return errors.New("not an access token")
			}
			return nil
		},
	}
}

// Zitadel with JWT access tokens, whose roles are the names in an object.
func Example_zitadel() {
	judge(zitadel(), "zitadel")
	// Output:
	// machine: client=billing IsClient=false scopes=[orders:read]
	// machine-that-asked-for-no-audience: AUDIENCE_NOT_ALLOWED
	// user: client=345376999999999990 IsClient=false scopes=[orders:read]
	// user-of-another-project: AUDIENCE_NOT_ALLOWED
	// id-token: TOKEN_KIND_NOT_ALLOWED
	// opaque-because-the-token-type-is-bearer: TOKEN_MALFORMED
}
