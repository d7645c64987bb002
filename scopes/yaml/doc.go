// Package yaml reads a [scopes.Policy] from a YAML file.
//
//	operations:
//	  orders.read:
//	    requires: orders:read
//	    http: [GET /orders, "GET /orders/{id}"]
//	    grpc: [/orders.v1.OrderService/ListOrders, /orders.v1.OrderService/GetOrder]
//	  orders.delete:
//	    requires: orders:write OR admin
//	    shadow: true
//	    http: ["DELETE /orders/{id}"]
//	  health:
//	    public: true
//	    http: [GET /healthz]
//
// The keys of an operation are those of a [scopes.Operation]: requires is a text
// for [scopes.ParseRequirement], public, optional and shadow are true or false,
// http and grpc lists of text. What is written in another way than that is an
// error: unknown keys, keys that are there twice, values of another type or none,
// tags, anchors and aliases, a second document. So is everything that
// [scopes.NewPolicy] refuses. Each error says where in the file it is.
//
// Two entries for one route are an error, too, because one of them would never
// decide anything; there are no others that do not. What decides about a request
// is the entry for the route that the router matched, not the first in the file
// that fits its path.
package yaml
