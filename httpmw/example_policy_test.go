package httpmw_test

import (
	"fmt"
	"log"
	"net/http"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
)

// One policy says what each operation needs; the mux takes the rule of each route
// from it, and Check tells at start what does not fit.
func ExampleMux_Bind() {
	policy, err := scopes.NewPolicy(
		scopes.Operation{Name: "orders.list", Requirement: scopes.All("orders:read"), HTTP: []string{"GET /orders"}},
		scopes.Operation{Name: "orders.delete", Requirement: scopes.All("orders:admin"), HTTP: []string{"DELETE /orders/{id}"}},
		scopes.Operation{Name: "health", Public: true, HTTP: []string{"GET /healthz"}},
	)
	if err != nil {
		log.Fatal(err)
	}
	v := newValidator()
	defer func() { _ = v.Close() }()
	auth, err := httpmw.New(v, httpmw.Config{Policy: policy})
	if err != nil {
		log.Fatal(err)
	}

	mux := auth.NewMux()
	mux.BindFunc("GET /orders", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "orders") })
	mux.BindFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "up") })
	fmt.Println(mux.Check())

	show(mux, "GET", "/orders", "orders:read")
	show(mux, "GET", "/orders", "orders:admin")
	show(mux, "GET", "/healthz")
	// Output:
	// scopes: the policy does not fit what is registered:
	// DELETE /orders/{id} of operation "orders.delete" is not registered; register it, or remove it from the policy
	// GET /orders -> 200 orders
	// GET /orders -> 403 {"error":"insufficient_scope","error_description":"The access token lacks a scope that this operation needs."}
	//    Bearer realm="api", error="insufficient_scope", error_description="The access token lacks a scope that this operation needs.", scope="orders:read"
	// GET /healthz -> 200 up
}

// Other routers name the operation.
func ExampleAuth_Operation() {
	policy, err := scopes.NewPolicy(
		scopes.Operation{Name: "orders.list", Requirement: scopes.All("orders:read"), Shadow: true, HTTP: []string{"GET /orders"}},
	)
	if err != nil {
		log.Fatal(err)
	}
	v := newValidator()
	defer func() { _ = v.Close() }()
	auth, err := httpmw.New(v, httpmw.Config{Policy: policy})
	if err != nil {
		log.Fatal(err)
	}
	orders := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "orders") })
	handler := auth.Operation("orders.list")(orders)

	// The rule is new, and in shadow mode: what it would refuse is counted.
	fmt.Println("in shadow:", policy.Shadowed())
	show(handler, "GET", "/orders", "something:else")
	fmt.Println("would have been refused:", auth.ShadowCounts())
	// Output:
	// in shadow: [orders.list]
	// GET /orders -> 200 orders
	// would have been refused: map[orders.list:1]
}
