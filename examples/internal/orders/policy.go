package orders

import "github.com/bearerguard/bearerguard/scopes"

// Policy is what each operation of the API needs, over HTTP and over gRPC. What is
// not here is refused, and the programs do not start with a route or a method that
// is not.
var Policy = func() *scopes.Policy {
	policy, err := scopes.NewPolicy(
		scopes.Operation{
			Name:        "orders.list",
			Requirement: scopes.All("orders:read"),
			HTTP:        []string{"GET /orders"},
			GRPC:        []string{"/orders.v1.OrderService/ListOrders"},
		},
		scopes.Operation{
			Name:        "orders.get",
			Requirement: scopes.All("orders:read"),
			HTTP:        []string{"GET /orders/{id}"},
			GRPC:        []string{"/orders.v1.OrderService/GetOrder"},
		},
		scopes.Operation{
			Name:        "orders.create",
			Requirement: scopes.All("orders:write"),
			HTTP:        []string{"POST /orders"},
			GRPC:        []string{"/orders.v1.OrderService/CreateOrder"},
		},
		scopes.Operation{
			Name:        "orders.delete",
			Requirement: scopes.All("orders:admin"),
			HTTP:        []string{"DELETE /orders/{id}"},
			GRPC:        []string{"/orders.v1.OrderService/DeleteOrder"},
		},
		scopes.Operation{
			Name:        "orders.watch",
			Requirement: scopes.All("orders:read"),
			HTTP:        []string{"GET /orders/events"},
			GRPC:        []string{"/orders.v1.OrderService/WatchOrders"},
		},
		scopes.Operation{
			Name:        "whoami",
			Requirement: scopes.Authenticated(),
			HTTP:        []string{"GET /whoami"},
			GRPC:        []string{"/orders.v1.OrderService/WhoAmI"},
		},
		scopes.Operation{
			Name:   "health",
			Public: true,
			HTTP:   []string{"GET /healthz"},
			GRPC:   []string{"/grpc.health.v1.Health/*"},
		},
		// Reflection tells what the .proto file tells; a server whose interface is
		// nobody's business leaves it out.
		scopes.Operation{
			Name:   "reflection",
			Public: true,
			GRPC:   []string{"/grpc.reflection.v1.ServerReflection/*", "/grpc.reflection.v1alpha.ServerReflection/*"},
		},
	)
	if err != nil {
		panic(err)
	}
	return policy
}()
