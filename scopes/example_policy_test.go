package scopes_test

import (
	"fmt"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
)

// One policy for HTTP and gRPC.
func ExamplePolicy() {
	policy, err := scopes.NewPolicy(
		scopes.Operation{
			Name:        "orders.read",
			Requirement: scopes.All("orders:read"),
			HTTP:        []string{"GET /orders", "GET /orders/{id}"},
			GRPC:        []string{"/orders.v1.Orders/List", "/orders.v1.Orders/Get"},
		},
		scopes.Operation{
			Name:        "orders.delete",
			Requirement: scopes.All("orders:write").Or(scopes.All("admin")),
			HTTP:        []string{"DELETE /orders/{id}"},
			GRPC:        []string{"/orders.v1.Orders/Delete"},
		},
		scopes.Operation{Name: "health", Public: true, HTTP: []string{"* /healthz"}, GRPC: []string{"/grpc.health.v1.Health/*"}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, route := range []string{"/orders/{id}", "/orders/:order", "/orders/7"} {
		rule, ok := policy.HTTP("DELETE", route)
		fmt.Println(route, ok, rule)
	}
	rule, ok := policy.GRPC("/orders.v1.Orders/Delete")
	fmt.Println(rule.Operation, ok, rule)
	fmt.Println(policy.Scopes())
	// Output:
	// /orders/{id} true orders:write OR admin
	// /orders/:order true orders:write OR admin
	// /orders/7 false no rule
	// orders.delete true orders:write OR admin
	// [admin orders:read orders:write]
}

// Every problem is told at once.
func ExampleNewPolicy_wrong() {
	_, err := scopes.NewPolicy(
		scopes.Operation{Name: "orders.read", HTTP: []string{"/orders"}},
		scopes.Operation{Name: "orders.get", Requirement: scopes.All("orders:read"), HTTP: []string{"GET /orders/{id}", "GET /orders/:order"}},
	)
	fmt.Println(err)
	// Output:
	// Operations["orders.read"].Requirement: required: scopes.Authenticated asks for any valid token, Public for none
	// Operations["orders.read"].HTTP[0]: "/orders" has no method: write "GET /orders" for one, or "* /orders" for all of them
	// Operations["orders.get"].HTTP[1]: "GET /orders/:order" is the same route as "GET /orders/{id}" of Operations["orders.get"].HTTP[0]
}

// A route that was added and forgotten, and gRPC that has not caught up.
func ExamplePolicy_Check() {
	policy, err := scopes.NewPolicy(scopes.Operation{
		Name:        "orders.read",
		Requirement: scopes.All("orders:read"),
		HTTP:        []string{"GET /orders"},
		GRPC:        []string{"/orders.v1.Orders/List"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(policy.Check(scopes.Surface{HTTP: []string{"GET /orders", "DELETE /orders/{id}"}, GRPC: []string{}}))
	// Output:
	// scopes: the policy does not fit what is registered:
	// DELETE /orders/{id} has no rule; add: {Name: "…", Requirement: scopes.All("…"), HTTP: []string{"DELETE /orders/{id}"}},
	// /orders.v1.Orders/List of operation "orders.read" is not registered, though the operation is served over the other transport; register it, or remove it from the policy
}

func ExampleDiff() {
	code, err := scopes.NewPolicy(scopes.Operation{Name: "orders.delete", Requirement: scopes.All("orders:write"), HTTP: []string{"DELETE /orders/{id}"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	contract, err := scopes.NewPolicy(scopes.Operation{Name: "deleteOrder", Requirement: scopes.All("admin"), HTTP: []string{"DELETE /orders/{orderId}"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, difference := range scopes.Diff(code, contract) {
		fmt.Println(difference)
	}
	// Output: DELETE /orders/{id}: orders:write in one, admin in the other
}

// An operation that wants a strong and recent authentication of the user.
func ExampleMaxAge() {
	transfer := scopes.All("payments:write").And(scopes.ACR("urn:example:gold"), scopes.MaxAge(5*time.Minute))

	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	token := scopes.Grant{Scopes: scopes.NewSet("payments:write"), ACR: "urn:example:gold", AuthTime: now.Add(-time.Hour), Now: now}
	shortfall := transfer.ShortfallOf(&token)
	fmt.Println(transfer)
	fmt.Println(shortfall.AuthenticationOnly(), shortfall.ACRValues, shortfall.MaxAge)
	// Output:
	// payments:write AND acr(urn:example:gold) AND max_age(5m0s)
	// true [urn:example:gold] 5m0s
}

// One transfer, of the kind and to the place that the user has agreed to.
func ExampleWithDetail() {
	initiate := scopes.WithDetail(scopes.Detail{Type: "payment_initiation", Actions: []string{"initiate"}})
	token := scopes.Grant{Details: []scopes.Detail{{Type: "payment_initiation", Actions: []string{"status"}}}}
	fmt.Println(initiate.SatisfiedByGrant(&token), initiate.ShortfallOf(&token).Details)
	// Output: false true
}

func ExampleParseRequirement() {
	for _, text := range []string{"orders:read AND (billing:read OR admin)", "orders:read admin", "a AND b OR c"} {
		requirement, err := scopes.ParseRequirement(text)
		fmt.Println(requirement, err)
	}
	// Output:
	// orders:read AND (billing:read OR admin) <nil>
	// no rule scopes: requirement, at offset 12: expected AND, OR or the end
	// no rule scopes: requirement, at offset 8: AND and OR are mixed: parentheses tell what belongs together
}

func ExampleRequirement_Uses() {
	requirement := scopes.Any("orders:read", "admin")
	fmt.Println(requirement.Uses(scopes.Granted("openid admin billing:read")))
	// Output: [admin]
}
