package grpcmw_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// A method that nobody has is no more to be probed than a route over HTTP.
func TestUnknownMethod(t *testing.T) {
	s := newSigner(t)
	conn := serve(t, newAuth(t, s.validator(t), grpcmw.Config{Rules: map[string]scopes.Requirement{
		service + "*": scopes.All("orders:read"),
	}}))
	read := s.bearer(t, "orders:read", time.Hour)
	for _, tt := range []struct {
		method, authorization string
		code                  codes.Code
		message               string
	}{
		{"/no.Such/Thing", "", codes.Unauthenticated, "An access token is required."},
		{service + "Nope", "", codes.Unauthenticated, "An access token is required."},
		{service + "Nope", s.bearer(t, "", time.Hour), codes.PermissionDenied, ""},
		{"/no.Such/Thing", read, codes.PermissionDenied, ""},
		{service + "Nope", read, codes.Unimplemented, "There is no such method."},
	} {
		var authorization []string
		if tt.authorization != "" {
			authorization = append(authorization, tt.authorization)
		}
		got := status.Convert(conn.Invoke(with(t, authorization...), tt.method, &emptypb.Empty{}, &emptypb.Empty{}))
		if got.Code() != tt.code || tt.message != "" && got.Message() != tt.message || strings.Contains(got.Message(), "Such/Thing") {
			t.Errorf("%s: %v", tt.method, got)
		}
	}
}

// A server that takes any method is guarded by name, too.
func TestUnknownServiceHandler(t *testing.T) {
	s := newSigner(t)
	reached := false
	auth := newAuth(t, s.validator(t), grpcmw.Config{Rules: map[string]scopes.Requirement{
		"/behind.Proxy/*":      scopes.All("orders:read"),
		"/behind.Proxy/Delete": scopes.All("orders:admin"),
	}})
	server := grpc.NewServer(append(auth.ServerOptions(), grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
		reached = true
		return status.Error(codes.Unimplemented, "nobody is behind the proxy")
	}))...)
	testgrpc.RegisterTestServiceServer(server, &testService{})
	conn := dial(t, server)
	read := s.bearer(t, "orders:read", time.Hour)
	tests := []struct {
		method        string
		authorization []string
		reason        string // empty: the handler is reached
	}{
		{"/behind.Proxy/Get", []string{read}, ""},
		{"/behind.Proxy/Get", nil, "CREDENTIALS_MISSING"},
		{"/behind.Proxy/Get", []string{s.bearer(t, "", time.Hour)}, "INSUFFICIENT_SCOPE"},
		{"/behind.Proxy/Delete", []string{read}, "INSUFFICIENT_SCOPE"},
		{"/behind.Proxy/Delete?", []string{read}, "OPERATION_NOT_ALLOWED"},
		{"/behind.Proxy/%44elete", []string{read}, "OPERATION_NOT_ALLOWED"},
		{"/behind.Proxy/Delete/", []string{read}, "OPERATION_NOT_ALLOWED"},
		{"/behind.Proxy//Delete", []string{read}, "OPERATION_NOT_ALLOWED"},
		{"/behind.Proxy/*", []string{read}, "OPERATION_NOT_ALLOWED"},
		{"/behind.Proxy/", []string{read}, "OPERATION_NOT_ALLOWED"},
		{"/behind.proxy/Get", []string{read}, "OPERATION_NOT_ALLOWED"},
		{"/no.Such/Method", []string{read}, "OPERATION_NOT_ALLOWED"},
		{"/no.Such/Method", nil, "CREDENTIALS_MISSING"},
		{service + "NoSuchMethod", []string{read}, "OPERATION_NOT_ALLOWED"},
	}
	for _, tt := range tests {
		reached = false
		err := conn.Invoke(with(t, tt.authorization...), tt.method, &emptypb.Empty{}, &emptypb.Empty{})
		if reached != (tt.reason == "") {
			t.Errorf("%q: reached the handler: %v", tt.method, reached)
		}
		if got := reason(t, err); tt.reason != "" && got != tt.reason {
			t.Errorf("%q: got %s, want %s", tt.method, got, tt.reason)
		}
	}
}

// A generated unary handler reports the name it was generated under. When it is
// registered under another one, neither name's rule is certain to be meant.
func TestHandlerUnderAnotherName(t *testing.T) {
	s := newSigner(t)
	alias := testgrpc.TestService_ServiceDesc
	alias.ServiceName = "alias.Service"
	strict, public := scopes.All("orders:admin"), []string{service + "*"}
	auth := newAuth(t, s.validator(t), grpcmw.Config{Public: public, Rules: map[string]scopes.Requirement{"/alias.Service/*": strict}})
	server := grpc.NewServer(auth.ServerOptions()...)
	server.RegisterService(&alias, &testService{})
	conn := dial(t, server)

	err := conn.Invoke(with(t, s.bearer(t, "orders:admin", time.Hour)), "/alias.Service/UnaryCall", &testgrpc.SimpleRequest{}, &testgrpc.SimpleResponse{})
	if got := reason(t, err); got != "OPERATION_NOT_ALLOWED" {
		t.Errorf("got %s", got)
	}
	// Streams are told the name that was called.
	stream, err := conn.NewStream(with(t), &alias.Streams[0], "/alias.Service/FullDuplexCall")
	must(t, err)
	if err := stream.RecvMsg(&testgrpc.StreamingOutputCallResponse{}); reason(t, err) != "CREDENTIALS_MISSING" {
		t.Errorf("stream: got %v", err)
	}
}

// Without a server's transport, as in an in-process bridge, the name in info is
// the only one there is.
func TestInterceptorWithoutTransport(t *testing.T) {
	s := newSigner(t)
	auth := newAuth(t, s.validator(t), grpcmw.Config{Rules: map[string]scopes.Requirement{unaryMethod: scopes.Authenticated()}})
	handler := func(ctx context.Context, _ any) (any, error) { return string(whoami(ctx).GetBody()), nil }
	ctx := incoming(t, s.bearer(t, "", time.Hour))
	who, err := auth.Unary()(ctx, nil, &grpc.UnaryServerInfo{FullMethod: unaryMethod}, handler)
	if who != "worker" || err != nil {
		t.Errorf("got %v, %v", who, err)
	}
	_, err = auth.Unary()(ctx, nil, &grpc.UnaryServerInfo{FullMethod: streamMethod}, handler)
	if got := reason(t, err); got != "OPERATION_NOT_ALLOWED" {
		t.Errorf("got %s", got)
	}
}

// What a client makes up as a method does not get into logs.
func TestOperationOfMadeUpMethods(t *testing.T) {
	var operations []string
	auth := newAuth(t, newSigner(t).validator(t, func(c *validator.Config) {
		c.OnDecision = func(_ context.Context, d validator.Decision) { operations = append(operations, d.Operation) }
	}), grpcmw.Config{Rules: map[string]scopes.Requirement{"/behind.Proxy/*": scopes.Authenticated(), "/behind.Proxy/Get": scopes.Authenticated()}})
	conn := serve(t, auth)
	for _, method := range []string{"/no.Such/Method", "/s/Delete?secret", "/s/", "/s/*", "/" + strings.Repeat("A", 300) + "/M", "/behind.Proxy/MadeUp", "/behind.Proxy/Get"} {
		_ = conn.Invoke(with(t), method, &emptypb.Empty{}, &emptypb.Empty{})
	}
	_ = conn.Invoke(with(t), unaryMethod, &emptypb.Empty{}, &emptypb.Empty{}) // the server has it, and it has no rule
	want := []string{"(unlisted)", "(unlisted)", "(unlisted)", "(unlisted)", "(unlisted)", "/behind.Proxy/*", "/behind.Proxy/Get", unaryMethod}
	if !slices.Equal(operations, want) {
		t.Errorf("operations %q, want %q", operations, want)
	}
}
