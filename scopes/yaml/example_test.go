package yaml_test

import (
	"fmt"

	"github.com/bearerguard/bearerguard/scopes/yaml"
)

func ExampleLoad() {
	policy, err := yaml.Load([]byte(`
operations:
  orders.read:
    requires: orders:read
    http: [GET /orders, "GET /orders/{id}"]
    grpc: [/orders.v1.OrderService/ListOrders, /orders.v1.OrderService/GetOrder]
  orders.delete:
    requires: orders:write OR admin
    shadow: true
    http: ["DELETE /orders/{id}"]
  health:
    public: true
    http: [GET /healthz]
`), "policy.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	rule, _ := policy.HTTP("DELETE", "/orders/{id}")
	fmt.Println(rule.Operation, rule)
	rule, _ = policy.GRPC("/orders.v1.OrderService/ListOrders")
	fmt.Println(rule.Operation, rule)
	// Output:
	// orders.delete orders:write OR admin, in shadow
	// orders.read orders:read
}

// Every problem is told at once, with its place.
func ExampleLoad_wrong() {
	_, err := yaml.Load([]byte(`operations:
  orders.list:
    requires: orders:read
    http: [/orders]
  orders.get:
    scopes: orders:read
    http: ["GET /orders/{id}"]
  orders.delete:
    requires: orders:write OR
    http: ["DELETE /orders/{id}"]
  orders.delete:
    public: yes
    http: ["DELETE /orders/{id}"]
`), "policy.yaml")
	fmt.Println(err)
	// Output:
	// policy.yaml:4:12: "/orders" has no method: write "GET /orders" for one, or "* /orders" for all of them
	// policy.yaml:6:5: unknown key "scopes": expected requires, public, optional, shadow, http or grpc
	// policy.yaml:9:15: requires: scopes: requirement, at offset 15: expected a scope
	// policy.yaml:11:3: "orders.delete" is in line 8 already
}
