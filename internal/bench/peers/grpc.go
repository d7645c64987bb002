package peers

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	grpcauth "github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/auth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// A GRPCGuard puts a gRPC server behind RS256 tokens.
type GRPCGuard struct {
	Name string
	New  func(ctx context.Context, i *fixture.Issuer) ([]grpc.ServerOption, error)
}

// GRPCGuards returns all for gRPC.
func GRPCGuards() []GRPCGuard {
	return []GRPCGuard{
		{NewToken, newGRPCMW(validator.CacheConfig{Off: true})},
		{KnownToken, newGRPCMW(validator.CacheConfig{})},
		{"go-grpc-middleware + golang-jwt", newGRPCAuth},
	}
}

func newGRPCMW(cache validator.CacheConfig) func(context.Context, *fixture.Issuer) ([]grpc.ServerOption, error) {
	return func(ctx context.Context, i *fixture.Issuer) ([]grpc.ServerOption, error) {
		v, err := NewValidator(ctx, i, cache, "RS256")
		if err != nil {
			return nil, err
		}
		auth, err := grpcmw.New(v, grpcmw.Config{Rules: map[string]scopes.Requirement{
			unaryMethod:  scopes.All(fixture.Scope),
			streamMethod: scopes.All(fixture.Scope),
		}})
		if err != nil {
			return nil, err
		}
		return auth.ServerOptions(), nil
	}
}

// newGRPCAuth leaves the verification to the application, golang-jwt here, and
// has no rules for methods.
func newGRPCAuth(ctx context.Context, i *fixture.Issuer) ([]grpc.ServerOption, error) {
	p, err := newJWTParser(ctx, i, "RS256")
	if err != nil {
		return nil, err
	}
	authenticate := func(ctx context.Context) (context.Context, error) {
		raw, err := grpcauth.AuthFromMD(ctx, "bearer")
		if err != nil {
			return nil, err
		}
		claims, err := p.parse(raw)
		if err != nil {
			return nil, status.Error(codes.Unauthenticated, "invalid token")
		}
		return context.WithValue(ctx, claimsKey{}, claims), nil
	}
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(grpcauth.UnaryServerInterceptor(authenticate)),
		grpc.ChainStreamInterceptor(grpcauth.StreamServerInterceptor(authenticate)),
	}, nil
}

type claimsKey struct{}

const (
	grpcService  = "bench.v1.OrderService"
	unaryMethod  = "/" + grpcService + "/List"
	streamMethod = "/" + grpcService + "/Watch"
)

// orders has one method of each kind; both take and send an empty message.
var orders = grpc.ServiceDesc{
	ServiceName: grpcService,
	HandlerType: (*any)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "List", Handler: list}},
	Streams:     []grpc.StreamDesc{{StreamName: "Watch", Handler: watch, ServerStreams: true}},
}

func list(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
	var in emptypb.Empty
	if err := decode(&in); err != nil {
		return nil, err
	}
	handler := func(context.Context, any) (any, error) { return &emptypb.Empty{}, nil }
	if intercept == nil {
		return handler(ctx, &in)
	}
	return intercept(ctx, &in, &grpc.UnaryServerInfo{FullMethod: unaryMethod}, handler)
}

func watch(_ any, stream grpc.ServerStream) error {
	var in emptypb.Empty
	if err := stream.RecvMsg(&in); err != nil {
		return err
	}
	return stream.SendMsg(&emptypb.Empty{})
}

// A GRPCServer is a server on loopback with a client that is connected to it.
type GRPCServer struct {
	server *grpc.Server
	conn   *grpc.ClientConn
}

// NewGRPCServer starts a server with the options of a guard, or without any.
func NewGRPCServer(options ...grpc.ServerOption) (*GRPCServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &GRPCServer{server: grpc.NewServer(options...)}
	s.server.RegisterService(&orders, struct{}{})
	go func() { _ = s.server.Serve(listener) }() // it ends with Close
	s.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	return s, err
}

// Close stops both.
func (s *GRPCServer) Close() {
	_ = s.conn.Close()
	s.server.Stop()
}

// WithToken returns a context whose calls carry a token.
func WithToken(ctx context.Context, raw string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+raw)
}

// Unary makes one unary call.
func (s *GRPCServer) Unary(ctx context.Context) error {
	return s.conn.Invoke(ctx, unaryMethod, &emptypb.Empty{}, &emptypb.Empty{})
}

// Stream opens a stream, takes its only message and sees its end.
func (s *GRPCServer) Stream(ctx context.Context) error {
	stream, err := s.conn.NewStream(ctx, &orders.Streams[0], streamMethod)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(&emptypb.Empty{}); err != nil {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	var out emptypb.Empty
	if err := stream.RecvMsg(&out); err != nil {
		return err
	}
	if err := stream.RecvMsg(&out); !errors.Is(err, io.EOF) {
		return errors.Join(errors.New("the stream did not end"), err)
	}
	return nil
}
