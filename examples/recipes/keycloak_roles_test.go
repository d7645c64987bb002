package recipes_test

import "github.com/bearerguard/bearerguard/validator"

func keycloakRoles() validator.Config {
	config := keycloak()
	config.ScopeClaims = []string{"/resource_access/orders-api/roles"} // the roles of client orders-api
	return config
}

// Keycloak with the roles of a client in place of scopes.
func Example_keycloakRoles() {
	judge(keycloakRoles(), "keycloak")
	// Output:
	// machine: client=billing IsClient=false scopes=[orders-admin]
	// machine-marked: client=billing IsClient=true scopes=[orders-admin]
	// machine-without-audience-mapper: CLAIM_MISSING
	// user: client=web-shop IsClient=false scopes=[]
	// user-lightweight: TOKEN_REFUSED
	// user-of-another-api: AUDIENCE_NOT_ALLOWED
	// id-token: TOKEN_KIND_NOT_ALLOWED
	// refresh-token: ALGORITHM_NOT_ALLOWED
}
