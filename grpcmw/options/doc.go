// Package options makes rules of the options that stand next to the methods in
// .proto files: [Policy] for [github.com/bearerguard/bearerguard/grpcmw.Config],
// or [Operations] to add others to.
//
//	import "bearerguard/v1/options.proto";
//
//	service OrderService {
//	  option (bearerguard.v1.service_rule) = {requires: "orders:read"};
//	  rpc ListOrders(ListOrdersRequest) returns (ListOrdersResponse);
//	  rpc DeleteOrder(DeleteOrderRequest) returns (DeleteOrderResponse) {
//	    option (bearerguard.v1.rule) = {requires: "orders:write OR admin"};
//	  }
//	}
//
// The folder of this package is the import path for the compiler:
//
//	protoc -I . -I "$(go list -f '{{.Dir}}' github.com/bearerguard/bearerguard/grpcmw/options)" …
//
// What that generates registers the options with the program, from where they are
// read at the start: no file, no network.
//
// A method without a rule, its own or that of its service, is an error. So is a
// rule that says something which this version does not know.
package options

// Buf compiles the options as buf.yaml and buf.gen.yaml say.
//
//go:generate go run github.com/bufbuild/buf/cmd/buf@v1.55.1 lint
//go:generate go run github.com/bufbuild/buf/cmd/buf@v1.55.1 generate
