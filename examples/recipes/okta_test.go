package recipes_test

import "github.com/bearerguard/bearerguard/validator"

func okta() validator.Config {
	return validator.Config{
		Issuer:     "https://example.okta.com/oauth2/default", // a custom authorization server; no slash at the end
		Audiences:  []string{"api://orders"},                  // its audience
		Algorithms: []string{"RS256"},
	}
}

// Okta with a custom authorization server.
func Example_okta() {
	judge(okta(), "okta")
	// Output:
	// machine: client=0oa5kq1d2sXyZbQ1A5d7 IsClient=true scopes=[orders:read orders:write]
	// machine-of-another-authorization-server: ISSUER_NOT_ALLOWED
	// user: client=0oa5kq0u8nAbCdEf15d7 IsClient=false scopes=[openid orders:read profile]
	// user-of-another-audience: AUDIENCE_NOT_ALLOWED
	// user-of-the-org-authorization-server: TOKEN_KIND_NOT_ALLOWED
	// id-token: TOKEN_KIND_NOT_ALLOWED
}
