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
)

// newServer returns the server with its services. A method that the policy does not
// have is refused, and CheckServices does not let the program start. Streams end
// with ctx; with their tokens they end by themselves.
func newServer(ctx context.Context, auth *grpcmw.Auth, certificate *tls.Config, store *orders.Store) (drainingServer, error) {
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
