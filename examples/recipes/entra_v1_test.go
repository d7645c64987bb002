package recipes_test

import (
	"context"
	"errors"

	"github.com/bearerguard/bearerguard/validator"
)

func entraV1() validator.Config {
	return validator.Config{
		Issuer:  "https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/", // with the slash at the end
		JWKSURL: "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/discovery/keys",
		Audiences: []string{ // the client asks for one of them
			"api://00001111-aaaa-2222-bbbb-3333cccc4444",
			"00001111-aaaa-2222-bbbb-3333cccc4444",
		},
		Algorithms:  []string{"RS256"},
		ScopeClaims: []string{"scp", "roles"},
		Check: func(_ context.Context, t *validator.Token) error {
			if t.ClientID() == "" { // an ID token has no appid
				return errors.New("not an access token")
			}
			return nil
		},
	}
}

// Microsoft Entra ID with version 1 tokens.
func Example_entraV1() {
	judge(entraV1(), "entra-v1")
	// Output:
	// machine: client=11112222-bbbb-3333-cccc-4444dddd5555 IsClient=true scopes=[Orders.Read.All]
	// machine-by-client-id: client=11112222-bbbb-3333-cccc-4444dddd5555 IsClient=true scopes=[Orders.Read.All]
	// machine-v2-token: ISSUER_NOT_ALLOWED
	// user: client=22223333-cccc-4444-dddd-5555eeee6666 IsClient=false scopes=[Orders.Read]
	// user-of-another-api: AUDIENCE_NOT_ALLOWED
	// id-token: TOKEN_KIND_NOT_ALLOWED
	// id-token-of-this-registration: TOKEN_REFUSED
}
