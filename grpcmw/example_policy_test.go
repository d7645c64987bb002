package grpcmw_test

import (
	"fmt"
	"log"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"google.golang.org/grpc"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

// An API over HTTP and gRPC has one policy, and one line tells whether both fit it.
func ExampleMethods() {
	policy, err := scopes.NewPolicy(
		scopes.Operation{Name: "read", Requirement: scopes.All("orders:read"), HTTP: []string{"GET /orders"}, GRPC: []string{"/grpc.testing.UnimplementedService/*"}},
		scopes.Operation{Name: "write", Requirement: scopes.All("orders:write"), HTTP: []string{"POST /orders"}, GRPC: []string{"/grpc.testing.TestService/UnaryCall"}},
	)
	if err != nil {
		log.Fatal(err)
	}
	auth, err := grpcmw.New(exampleValidator(), grpcmw.Config{Policy: policy})
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(auth.ServerOptions()...)
	testgrpc.RegisterUnimplementedServiceServer(server, testgrpc.UnimplementedUnimplementedServiceServer{})

	patterns := []string{"GET /orders", "POST /orders"} // what Mux.Patterns of package httpmw returns
	fmt.Println(policy.Check(scopes.Surface{HTTP: patterns, GRPC: grpcmw.Methods(server.GetServiceInfo())}))
	// Output:
	// scopes: the policy does not fit what is registered:
	// /grpc.testing.TestService/UnaryCall of operation "write" is not registered, though the operation is served over the other transport; register it, or remove it from the policy
}
