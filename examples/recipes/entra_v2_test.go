package recipes_test

import (
	"context"
	"errors"

	"github.com/bearerguard/bearerguard/validator"
)

func entraV2() validator.Config {
	return validator.Config{
		Issuer:      "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0", // no slash at the end
		Audiences:   []string{"00001111-aaaa-2222-bbbb-3333cccc4444"},                              // the client id of the API
		Algorithms:  []string{"RS256"},
		ScopeClaims: []string{"scp", "roles"}, // scp for users, roles for machines
		Check: func(_ context.Context, t *validator.Token) error {
			if t.ClientID() == "" { // an ID token has no azp
				return errors.New("not an access token")
			}
			return nil
		},
	}
}

// Microsoft Entra ID with version 2 tokens.
func Example_entraV2() {
	judge(entraV2(), "entra-v2")
	// Output:
	// machine: client=11112222-bbbb-3333-cccc-4444dddd5555 IsClient=true scopes=[Orders.Read.All]
	// machine-that-was-granted-nothing: client=11112222-bbbb-3333-cccc-4444dddd5555 IsClient=true scopes=[]
	// machine-v1-token: ISSUER_NOT_ALLOWED
	// machine-without-idtyp: client=11112222-bbbb-3333-cccc-4444dddd5555 IsClient=false scopes=[Orders.Read.All]
	// user: client=22223333-cccc-4444-dddd-5555eeee6666 IsClient=false scopes=[Orders.Read Orders.Write]
	// user-of-another-api: AUDIENCE_NOT_ALLOWED
	// id-token: TOKEN_KIND_NOT_ALLOWED
	// id-token-of-this-registration: TOKEN_REFUSED
}
