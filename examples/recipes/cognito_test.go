package recipes_test

import (
	"context"
	"errors"
	"slices"

	"github.com/bearerguard/bearerguard/validator"
)

func cognito() validator.Config {
	return validator.Config{
		Issuer:                  "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE12", // no slash at the end
		DangerouslySkipAudience: true,                                                              // machine tokens have no aud
		AllowedClients: []string{ // so these are the app clients of this API
			"4f8gk2n0m1s7billing9q3d5t",
			"1example23456789webshop00",
		},
		Algorithms:  []string{"RS256"},
		ScopeClaims: []string{"scope"},
		Check: func(_ context.Context, t *validator.Token) error {
			// A token that is bound to a resource is for that one.
			if bound := t.Audience(); len(bound) > 0 && !slices.Contains(bound, "https://orders.example.com") {
				return errors.New("bound to another resource")
			}
			return nil
		},
	}
}

// An Amazon Cognito user pool.
func Example_cognito() {
	judge(cognito(), "cognito")
	// Output:
	// machine: client=4f8gk2n0m1s7billing9q3d5t IsClient=true scopes=[orders/read orders/write]
	// machine-of-another-app: CLIENT_NOT_ALLOWED
	// user: client=1example23456789webshop00 IsClient=false scopes=[openid orders/read profile]
	// user-bound-to-another-api: TOKEN_REFUSED
	// user-bound-to-this-api: client=1example23456789webshop00 IsClient=false scopes=[openid orders/read profile]
	// user-without-hosted-login: client=1example23456789webshop00 IsClient=false scopes=[aws.cognito.signin.user.admin]
	// id-token: TOKEN_KIND_NOT_ALLOWED
}
