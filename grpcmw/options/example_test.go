package options_test

import (
	"fmt"

	"github.com/bearerguard/bearerguard/grpcmw/options"
	_ "github.com/bearerguard/bearerguard/grpcmw/options/bearerguard/v1" // as generated code imports it
	"github.com/bearerguard/bearerguard/scopes"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// What follows is what generated code does by itself, of a file that says
//
//	service Orders {
//	  option (bearerguard.v1.service_rule) = {requires: "orders:read"};
//	  rpc List(ListRequest) returns (ListResponse);
//	  rpc Delete(DeleteRequest) returns (DeleteResponse) {
//	    option (bearerguard.v1.rule) = {requires: "orders:write OR admin"};
//	  }
//	}
func init() {
	file := new(descriptorpb.FileDescriptorProto)
	if err := prototext.Unmarshal([]byte(`
		name: "shop/v1/shop.proto" package: "shop.v1" syntax: "proto3"
		message_type { name: "ListRequest" } message_type { name: "ListResponse" }
		message_type { name: "DeleteRequest" } message_type { name: "DeleteResponse" }
		service {
			name: "Orders"
			options { [bearerguard.v1.service_rule] { requires: "orders:read" } }
			method { name: "List" input_type: ".shop.v1.ListRequest" output_type: ".shop.v1.ListResponse" }
			method {
				name: "Delete" input_type: ".shop.v1.DeleteRequest" output_type: ".shop.v1.DeleteResponse"
				options { [bearerguard.v1.rule] { requires: "orders:write OR admin" } }
			}
		}
	`), file); err != nil {
		panic(err)
	}
	compiled, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
	if err != nil {
		panic(err)
	}
	if err := protoregistry.GlobalFiles.RegisterFile(compiled); err != nil {
		panic(err)
	}
}

func ExamplePolicy() {
	policy, err := options.Policy("shop.v1.Orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, method := range []string{"/shop.v1.Orders/List", "/shop.v1.Orders/Delete", "/grpc.health.v1.Health/Check"} {
		rule, _ := policy.GRPC(method)
		fmt.Println(method, rule)
	}
	// Output:
	// /shop.v1.Orders/List orders:read
	// /shop.v1.Orders/Delete orders:write OR admin
	// /grpc.health.v1.Health/Check no rule
}

// Services without options of one's own are added in Go.
func ExampleOperations() {
	operations, err := options.Operations("shop.v1.Orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	policy, err := scopes.NewPolicy(append(operations, scopes.Operation{Name: "health", Public: true, GRPC: []string{"/grpc.health.v1.Health/*"}})...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range policy.Operations() {
		fmt.Println(o.Name, o.Rule())
	}
	// Output:
	// shop.v1.Orders.List orders:read
	// shop.v1.Orders.Delete orders:write OR admin
	// health public
}

// A service that is not in the program, or not by this name.
func ExamplePolicy_wrong() {
	_, err := options.Policy("shop.v1.Order")
	fmt.Println(err)
	// Output:
	// shop.v1.Order: no service of this name is registered: want "pkg.Service", and its generated code in the program
}
