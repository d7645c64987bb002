package openapi_test

import (
	"fmt"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/scopes/openapi"
)

const orders = `
openapi: 3.1.0
info: {title: Orders, version: "1"}
servers: [{url: https://api.example.com/v1}]
components:
  securitySchemes:
    oauth2:
      type: oauth2
      flows:
        clientCredentials:
          tokenUrl: https://auth.example.com/token
          scopes: {"orders:read": Read orders., "orders:write": Change orders., admin: Everything.}
security: [{oauth2: ["orders:read"]}]
paths:
  /orders:
    get:
      operationId: listOrders
    post:
      operationId: createOrder
      security: [{oauth2: ["orders:write"]}, {oauth2: [admin]}]
  /healthz:
    get:
      operationId: health
      security: []
`

func ExampleLoad() {
	policy, err := openapi.Load([]byte(orders), openapi.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range policy.Operations() {
		fmt.Println(o.Name, o.HTTP, o.Rule())
	}
	// Output:
	// health [GET /v1/healthz] public
	// listOrders [GET /v1/orders] orders:read
	// createOrder [POST /v1/orders] orders:write OR admin
}

// Code that has moved on without its document.
func ExampleLoad_drift() {
	code, err := scopes.NewPolicy(
		scopes.Operation{Name: "list", Requirement: scopes.All("orders:read"), HTTP: []string{"GET /v1/orders"}},
		scopes.Operation{Name: "create", Requirement: scopes.All("orders:write"), HTTP: []string{"POST /v1/orders"}},
		scopes.Operation{Name: "delete", Requirement: scopes.All("admin"), HTTP: []string{"DELETE /v1/orders/{id}"}},
		scopes.Operation{Name: "health", Public: true, HTTP: []string{"GET /v1/healthz"}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	documented, err := openapi.Load([]byte(orders), openapi.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range scopes.DiffHTTP(code, documented) {
		fmt.Println(d)
	}
	// Output:
	// DELETE /v1/orders/{id}: admin in one, no rule in the other
	// POST /v1/orders: orders:write in one, orders:write OR admin in the other
}
