package recipes_test

import "github.com/bearerguard/bearerguard/validator"

func auth0RFC9068() validator.Config {
	return validator.Config{
		Issuer:      "https://example.eu.auth0.com/",
		Audiences:   []string{"https://orders.example.com"},
		Algorithms:  []string{"RS256"},
		Profile:     validator.ProfileRFC9068,
		ScopeClaims: []string{"scope", "permissions"}, // permissions: what roles give to users
	}
}

// Auth0 with the RFC 9068 token profile, and with permissions from roles.
func Example_auth0RFC9068() {
	judge(auth0RFC9068(), "auth0-rfc9068")
	// Output:
	// machine: client=awZfdIir8YFdGZWkvCejDoUb7SjTDicx IsClient=true scopes=[orders:read orders:write]
	// machine-marked: client=awZfdIir8YFdGZWkvCejDoUb7SjTDicx IsClient=true scopes=[orders:read orders:write]
	// user: client=K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja IsClient=false scopes=[email openid orders:read profile]
	// user-of-the-auth0-profile: TOKEN_KIND_NOT_ALLOWED
	// id-token: TOKEN_KIND_NOT_ALLOWED
}
