package main

import (
	"context"
	"crypto/tls"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	ordersv1 "github.com/bearerguard/bearerguard/examples/orders-grpc/orders/v1"
	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// rules says for every method what it needs. One that is neither here nor public
// is refused, and CheckServices does not let the program start.
var rules = map[string]scopes.Requirement{
	ordersv1.OrderService_ListOrders_FullMethodName:  scopes.All("orders:read"),
	ordersv1.OrderService_GetOrder_FullMethodName:    scopes.All("orders:read"),
	ordersv1.OrderService_CreateOrder_FullMethodName: scopes.All("orders:write"),
	ordersv1.OrderService_DeleteOrder_FullMethodName: scopes.All("orders:admin"),
	ordersv1.OrderService_WatchOrders_FullMethodName: scopes.All("orders:read"),
	ordersv1.OrderService_WhoAmI_FullMethodName:      scopes.Authenticated(),
}

// public is what is called without a token. Reflection tells what the .proto file
// tells; a server whose interface is nobody's business leaves it out.
var public = []string{
	"/grpc.health.v1.Health/*",
	"/grpc.reflection.v1.ServerReflection/*",
	"/grpc.reflection.v1alpha.ServerReflection/*",
}

// newServer returns the server with its services. Its streams end with ctx.
func newServer(ctx context.Context, a validator.Authenticator, certificate *tls.Config, store *orders.Store) (drainingServer, error) {
	auth, err := grpcmw.New(a, grpcmw.Config{Rules: rules, Public: public})
	if err != nil {
		return drainingServer{}, err
	}
	options := append(auth.ServerOptions(),
		grpc.ChainStreamInterceptor(endStreams(ctx)),
		// A request is received before anybody asks for its token.
		grpc.MaxRecvMsgSize(16<<10),
		grpc.MaxHeaderListSize(64<<10), // an access token is 16 KiB at most
		grpc.MaxConcurrentStreams(100), // per connection
		grpc.ConnectionTimeout(10*time.Second),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 5 * time.Minute, Time: time.Minute}),
	)
	if certificate != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(certificate)))
	}
	server := grpc.NewServer(options...)
	ordersv1.RegisterOrderServiceServer(server, service{store: store})
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	reflection.Register(server)
	return drainingServer{server}, auth.CheckServices(server.GetServiceInfo())
}
