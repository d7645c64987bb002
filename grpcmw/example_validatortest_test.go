package grpcmw_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
)

// healthAPI is what is tested: it takes its Authenticator from outside.
func healthAPI(a validator.Authenticator) *grpc.Server {
	auth, err := grpcmw.New(a, grpcmw.Config{
		Rules: map[string]scopes.Requirement{"/grpc.health.v1.Health/*": scopes.All("health:read")},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(auth.ServerOptions()...)
	healthgrpc.RegisterHealthServer(server, health.NewServer())
	return server
}

// A test of a protected service. The issuer, its keys and the tokens are real, and
// all in memory. In a test, validatortest.Start(t, …) needs neither the error nor
// Close.
func Example_test() {
	issuer, err := validatortest.New(validatortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer issuer.Close()
	server := healthAPI(issuer.Validator()) // the one line
	defer server.Stop()

	listener := bufconn.Listen(1 << 20)
	go func() { _ = server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///in-memory",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	client := healthgrpc.NewHealthClient(conn)

	for _, token := range []string{
		issuer.Mint(validatortest.Client("probe").Scope("health:read")),
		issuer.Mint(validatortest.Client("probe")),
		issuer.Mint(validatortest.Client("probe").Scope("health:read").Audience("https://other.example.com")),
	} {
		ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+token)
		_, err := client.Check(ctx, &healthgrpc.HealthCheckRequest{})
		fmt.Println(status.Code(err))
	}
	// Output:
	// OK
	// PermissionDenied
	// Unauthenticated
}
