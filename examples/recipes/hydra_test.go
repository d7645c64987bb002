package recipes_test

import "github.com/bearerguard/bearerguard/validator"

func hydra() validator.Config {
	return validator.Config{
		Issuer:    "https://hydra.example.com",            // urls.self.issuer, letter by letter
		Audiences: []string{"https://orders.example.com"}, // that clients may, and must, ask for
	}
}

// Ory Hydra with JWT access tokens.
func Example_hydra() {
	judge(hydra(), "hydra")
	// Output:
	// machine: client=b9c1a6d2-8a70-4c5e-8c44-2f0c7c6b1d33 IsClient=true scopes=[orders:read orders:write]
	// machine-that-asked-for-no-audience: AUDIENCE_NOT_ALLOWED
	// user: client=5d3f0f4c-1b2a-4e77-9f10-9a8b7c6d5e44 IsClient=false scopes=[offline_access openid orders:read]
	// user-of-another-api: AUDIENCE_NOT_ALLOWED
	// id-token: TOKEN_KIND_NOT_ALLOWED
	// opaque-because-jwt-is-not-the-strategy: TOKEN_MALFORMED
}
