package recipes_test

import (
	"context"
	"errors"

	"github.com/bearerguard/bearerguard/validator"
)

func keycloak() validator.Config {
	return validator.Config{
		Issuer:    "https://sso.example.com/realms/shop",  // no slash at the end
		Audiences: []string{"https://orders.example.com"}, // by an audience mapper
		Check: func(_ context.Context, t *validator.Token) error {
			if t.Subject() == "" { // a lightweight token does not say whose it is
				return errors.New("no subject")
			}
			return nil
		},
	}
}

// Keycloak with access tokens as they come, and an audience mapper.
func Example_keycloak() {
	judge(keycloak(), "keycloak")
	// Output:
	// machine: client=billing IsClient=false scopes=[orders:read orders:write]
	// machine-marked: client=billing IsClient=true scopes=[orders:read orders:write]
	// machine-without-audience-mapper: CLAIM_MISSING
	// user: client=web-shop IsClient=false scopes=[email openid orders:read profile]
	// user-lightweight: TOKEN_REFUSED
	// user-of-another-api: AUDIENCE_NOT_ALLOWED
	// id-token: TOKEN_KIND_NOT_ALLOWED
	// refresh-token: ALGORITHM_NOT_ALLOWED
}
