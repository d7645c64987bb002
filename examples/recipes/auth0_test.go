package recipes_test

import "github.com/bearerguard/bearerguard/validator"

func auth0() validator.Config {
	return validator.Config{
		Issuer:     "https://example.eu.auth0.com/",        // with the slash at the end
		Audiences:  []string{"https://orders.example.com"}, // the identifier of the API
		Algorithms: []string{"RS256"},
	}
}

// Auth0 with its own token profile, the default.
func Example_auth0() {
	judge(auth0(), "auth0")
	// Output:
	// machine: client=awZfdIir8YFdGZWkvCejDoUb7SjTDicx IsClient=true scopes=[orders:read orders:write]
	// user: client=K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja IsClient=false scopes=[email openid orders:read profile]
	// user-of-another-api: AUDIENCE_NOT_ALLOWED
	// encrypted-because-no-audience-was-asked-for: TOKEN_MALFORMED
	// id-token: TOKEN_KIND_NOT_ALLOWED
	// signed-with-hs256: ALGORITHM_NOT_ALLOWED
}
