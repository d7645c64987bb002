package recipes_test

import "github.com/bearerguard/bearerguard/validator"

func keycloakRFC9068() validator.Config {
	return validator.Config{
		Issuer:    "https://sso.example.com/realms/shop",
		Audiences: []string{"https://orders.example.com"},
		Profile:   validator.ProfileRFC9068,
	}
}

// Keycloak with access tokens in the RFC 9068 form.
func Example_keycloakRFC9068() {
	judge(keycloakRFC9068(), "keycloak-rfc9068")
	// Output:
	// machine: client=billing IsClient=false scopes=[orders:read orders:write]
	// user: client=web-shop IsClient=false scopes=[email openid orders:read profile]
	// user-without-client-id-mapper: CLAIM_MISSING
	// user-without-header-type: TOKEN_KIND_NOT_ALLOWED
	// id-token: TOKEN_KIND_NOT_ALLOWED
}
