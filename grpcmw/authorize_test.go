package grpcmw_test

import (
	"context"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func incoming(tb testing.TB, authorization string) context.Context {
	return metadata.NewIncomingContext(tb.Context(), metadata.Pairs("authorization", authorization))
}

func TestAuthorize(t *testing.T) {
	s := newSigner(t)
	auth := newAuth(t, s.validator(t), grpcmw.Config{
		Rules:  map[string]scopes.Requirement{"/a.B/*": scopes.All("orders:read"), "/a.B/Write": scopes.All("orders:write")},
		Public: []string{"/a.B/Ping"},
	})
	ctx := incoming(t, s.bearer(t, "orders:read", time.Hour))
	tests := map[string]struct {
		ctx        context.Context
		fullMethod string
		reason     string
		token      bool
	}{
		"enough":          {ctx, "/a.B/Read", "OK", true},
		"not enough":      {ctx, "/a.B/Write", "INSUFFICIENT_SCOPE", false},
		"public":          {ctx, "/a.B/Ping", "OK", false},
		"unlisted":        {ctx, "/a.C/Read", "OPERATION_NOT_ALLOWED", false},
		"no metadata":     {t.Context(), "/a.B/Read", "CREDENTIALS_MISSING", false},
		"public, nothing": {t.Context(), "/a.B/Ping", "OK", false},
	}
	for name, tt := range tests {
		authorized, err := auth.Authorize(tt.ctx, tt.fullMethod)
		if got := reason(t, err); got != tt.reason {
			t.Errorf("%s: got %s, want %s", name, got, tt.reason)
		}
		if authorized == nil {
			t.Fatalf("%s: no context", name)
		}
		if _, ok := validator.TokenFrom(authorized); ok != tt.token {
			t.Errorf("%s: there is a token: %v", name, ok)
		}
	}
}

// Whatever goes wrong, the caller has a context to go on with.
func TestAuthorizeRecoversWithContext(t *testing.T) {
	auth := newAuth(t, authenticatorFunc(func(context.Context, validator.Credential) (*validator.Token, error) {
		panic("secret")
	}), grpcmw.Config{})
	ctx := incoming(t, "Bearer x")
	if authorized, err := auth.Authorize(ctx, "/a.B/C"); authorized != ctx || reason(t, err) != "INTERNAL" {
		t.Errorf("got context %v and %v", authorized, err)
	}
}

func TestCheck(t *testing.T) {
	s := newSigner(t)
	auth := newAuth(t, s.validator(t), grpcmw.Config{})
	ctx := incoming(t, s.bearer(t, "orders:read", time.Hour))
	for want, requirement := range map[string]scopes.Requirement{
		"OK":                    scopes.All("orders:read"),
		"INSUFFICIENT_SCOPE":    scopes.All("orders:admin"),
		"OPERATION_NOT_ALLOWED": {},
	} {
		authorized, err := auth.Check(ctx, requirement)
		if got := reason(t, err); got != want {
			t.Errorf("%v: got %s, want %s", requirement, got, want)
		}
		if token, ok := validator.TokenFrom(authorized); ok != (want == "OK") || ok && token.Subject() != "worker" {
			t.Errorf("%v: the context has token %v", requirement, token)
		}
	}
	if _, err := auth.Check(t.Context(), scopes.Authenticated()); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without metadata: got %v", err)
	}
}

// ownCheck is a service whose handlers ask for more than the method's rule, and
// answer with who passes.
type ownCheck struct {
	testgrpc.UnimplementedTestServiceServer
	auth *grpcmw.Auth
}

func (s *ownCheck) UnaryCall(ctx context.Context, _ *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	ctx, err := s.auth.Check(ctx, scopes.All("orders:admin"))
	if err != nil {
		return nil, err
	}
	return &testgrpc.SimpleResponse{Payload: whoami(ctx)}, nil
}

func (s *ownCheck) StreamingOutputCall(_ *testgrpc.StreamingOutputCallRequest, stream grpc.ServerStreamingServer[testgrpc.StreamingOutputCallResponse]) error {
	ctx, err := s.auth.Check(stream.Context(), scopes.All("orders:admin"))
	if err != nil {
		return err
	}
	return stream.Send(&testgrpc.StreamingOutputCallResponse{Payload: whoami(ctx)})
}

// In a handler, Check needs no second validation, says which method it was for,
// and its error is an answer.
func TestCheckInHandler(t *testing.T) {
	s := newSigner(t)
	validated := 0
	var operations []string
	v := s.validator(t, func(c *validator.Config) {
		c.Check = func(context.Context, *validator.Token) error { validated++; return nil }
		c.OnDecision = func(_ context.Context, d validator.Decision) { operations = append(operations, d.Operation) }
	})
	rules := map[string]scopes.Requirement{service + "*": scopes.Authenticated()}
	for name, config := range map[string]grpcmw.Config{"ruled": {Rules: rules}, "optional": {Optional: rules}, "public": {Public: []string{service + "*"}}} {
		auth := newAuth(t, v, config)
		server := grpc.NewServer(auth.ServerOptions()...)
		testgrpc.RegisterTestServiceServer(server, &ownCheck{auth: auth})
		conn := dial(t, server)
		for _, kind := range kinds {
			validated, operations = 0, nil
			who, err := kind.call(with(t, s.bearer(t, "orders:admin", time.Hour)), conn)
			if err != nil || who != "worker" || validated != 1 {
				t.Errorf("%s, %s: got %q, %v, validated %d times", name, kind.name, who, err, validated)
			}
			for _, operation := range operations {
				if operation != kind.fullMethod {
					t.Errorf("%s, %s: reported as %q", name, kind.name, operation)
				}
			}
			if _, err := kind.call(with(t, s.bearer(t, "orders:read", time.Hour)), conn); reason(t, err) != "INSUFFICIENT_SCOPE" {
				t.Errorf("%s, %s: got %v", name, kind.name, err)
			}
			if _, err := kind.call(with(t), conn); reason(t, err) != "CREDENTIALS_MISSING" {
				t.Errorf("%s, %s, without a token: got %v", name, kind.name, err)
			}
		}
	}
}
