package grpcmw_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

// orders is the service that the examples guard.
type orders struct {
	testgrpc.UnimplementedTestServiceServer
}

// A server whose methods need scopes, except for its health.
func Example() {
	v, err := validator.New(validator.Config{
		Issuer:    "https://auth.example.com",
		Audiences: []string{"https://orders.example.com"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = v.Close() }()

	auth, err := grpcmw.New(v, grpcmw.Config{
		Rules: map[string]scopes.Requirement{
			"/grpc.testing.TestService/*":         scopes.All("orders:read"),
			"/grpc.testing.TestService/UnaryCall": scopes.All("orders:write"),
		},
		Public: []string{"/grpc.health.v1.Health/*"},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(auth.ServerOptions()...)
	testgrpc.RegisterTestServiceServer(server, orders{})
	healthgrpc.RegisterHealthServer(server, health.NewServer())
	if err := auth.CheckServices(server.GetServiceInfo()); err != nil {
		log.Fatal(err)
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = conn.Close() }()

	alive, err := healthgrpc.NewHealthClient(conn).Check(context.Background(), &healthgrpc.HealthCheckRequest{})
	fmt.Println(alive.GetStatus(), err)
	_, err = testgrpc.NewTestServiceClient(conn).UnaryCall(context.Background(), &testgrpc.SimpleRequest{})
	fmt.Println(status.Code(err), "-", status.Convert(err).Message())
	// Output:
	// SERVING <nil>
	// Unauthenticated - An access token is required.
}

// Once all services are registered, a method that nobody wrote a rule for and a
// rule that no method has can both be found before the first call.
func ExampleAuth_CheckServices() {
	auth, err := grpcmw.New(exampleValidator(), grpcmw.Config{
		Rules: map[string]scopes.Requirement{"/grpc.health.v1.Health/List": scopes.All("ops")},
		Public: []string{
			"/grpc.health.v1.Health/check", // a method's name is Check
			"/grpc.health.v1.Health/Watch",
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(auth.ServerOptions()...)
	healthgrpc.RegisterHealthServer(server, health.NewServer())
	fmt.Println(auth.CheckServices(server.GetServiceInfo()))
	// Output:
	// Rules["/grpc.health.v1.Health/Check"]: missing: the server has this method, and every call of it is refused
	// Public[0]: "/grpc.health.v1.Health/check": the server has no such method
}

// Mistakes are all reported at once, and nothing starts with them.
func ExampleNew_mistakes() {
	_, err := grpcmw.New(exampleValidator(), grpcmw.Config{
		Rules: map[string]scopes.Requirement{
			"/orders.v1.OrderService/ListOrders":  {}, // no rule at all
			"orders.v1.OrderService/GetOrder":     scopes.All("orders:read"),
			"/orders.v1.OrderService/DeleteOrder": scopes.All("orders:admin"),
		},
		Public: []string{"/orders.v1.OrderService/DeleteOrder", "*"},
	})
	fmt.Println(err)
	// Output:
	// Rules["/orders.v1.OrderService/ListOrders"]: the zero Requirement: scopes.Authenticated asks for any valid token
	// Rules["orders.v1.OrderService/GetOrder"]: "orders.v1.OrderService/GetOrder" is not "/pkg.Service/Method" or "/pkg.Service/*"
	// Public[0]: "/orders.v1.OrderService/DeleteOrder" is already in Rules["/orders.v1.OrderService/DeleteOrder"]
	// Public[1]: "*" is not "/pkg.Service/Method" or "/pkg.Service/*"
}

// Wrong: with one of the two interceptors, the methods of the other kind are open
// to everybody. [grpcmw.Auth.ServerOptions] has both.
func ExampleAuth_Unary_alone() {
	auth, err := grpcmw.New(exampleValidator(), grpcmw.Config{}) // refuses every method …
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(auth.Unary())) // … that it is asked about
	healthgrpc.RegisterHealthServer(server, health.NewServer())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = conn.Close() }()

	client := healthgrpc.NewHealthClient(conn)
	_, err = client.Check(context.Background(), &healthgrpc.HealthCheckRequest{})
	fmt.Println("unary:", status.Code(err))
	watch, err := client.Watch(context.Background(), &healthgrpc.HealthCheckRequest{})
	if err != nil {
		log.Fatal(err)
	}
	_, err = watch.Recv()
	fmt.Println("stream:", status.Code(err))
	// Output:
	// unary: Unauthenticated
	// stream: OK
}

// A handler that needs more for some requests than for others asks for it itself.
func ExampleAuth_Check() {
	auth, err := grpcmw.New(exampleValidator(), grpcmw.Config{})
	if err != nil {
		log.Fatal(err)
	}
	deleteOrder := func(ctx context.Context, paid bool) error {
		if paid {
			if _, err := auth.Check(ctx, scopes.All("orders:admin")); err != nil {
				return err // a status already
			}
		}
		return nil
	}
	ctx := context.Background() // in a server, the call's own
	fmt.Println(status.Code(deleteOrder(ctx, false)))
	fmt.Println(status.Code(deleteOrder(ctx, true)))
	// Output:
	// OK
	// Unauthenticated
}

func exampleValidator() *validator.Validator {
	v, err := validator.New(validator.Config{Issuer: "https://auth.example.com", Audiences: []string{"https://orders.example.com"}})
	if err != nil {
		log.Fatal(err)
	}
	return v
}
