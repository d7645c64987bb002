package grpcmw_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

// reason is that of the ErrorInfo in err, "OK" without an error.
func reason(tb testing.TB, err error) string {
	tb.Helper()
	if err == nil {
		return "OK"
	}
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return err.Error()
}

func TestRules(t *testing.T) {
	s := newSigner(t)
	read := s.bearer(t, "orders:read", time.Hour)
	write := s.bearer(t, "orders:read orders:write", time.Hour)
	expired := s.bearer(t, "orders:read orders:write", -time.Hour)
	forged := newSigner(t).bearer(t, "orders:read orders:write", time.Hour)

	both := func(r scopes.Requirement) map[string]scopes.Requirement {
		return map[string]scopes.Requirement{unaryMethod: r, streamMethod: r}
	}
	wildcard := func(r scopes.Requirement) map[string]scopes.Requirement {
		return map[string]scopes.Requirement{service + "*": r}
	}
	readRule, writeRule := scopes.All("orders:read"), scopes.All("orders:write")

	type call struct {
		authorization []string
		who, reason   string
	}
	none := []string(nil)
	tests := map[string]struct {
		config grpcmw.Config
		calls  []call
	}{
		"a rule": {grpcmw.Config{Rules: both(writeRule)}, []call{
			{[]string{write}, "worker", "OK"},
			{[]string{read}, "", "INSUFFICIENT_SCOPE"},
			{[]string{expired}, "", "TOKEN_EXPIRED"},
			{[]string{forged}, "", "SIGNATURE_INVALID"},
			{none, "", "CREDENTIALS_MISSING"},
		}},
		"no rule": {grpcmw.Config{}, []call{
			{[]string{write}, "", "OPERATION_NOT_ALLOWED"},
			{[]string{expired}, "", "TOKEN_EXPIRED"},
			{none, "", "CREDENTIALS_MISSING"},
		}},
		"rules for others only": {grpcmw.Config{Rules: map[string]scopes.Requirement{
			"/grpc.testing.TestService2/*":              readRule,
			"/grpc.testing.TestService/unaryCall":       readRule,
			"/grpc.testing.TestService/UnaryCall2":      readRule,
			"/grpc.testing.TestService/StreamingOutput": readRule,
		}}, []call{
			{[]string{write}, "", "OPERATION_NOT_ALLOWED"},
		}},
		"a service": {grpcmw.Config{Rules: wildcard(writeRule)}, []call{
			{[]string{write}, "worker", "OK"},
			{[]string{read}, "", "INSUFFICIENT_SCOPE"},
			{none, "", "CREDENTIALS_MISSING"},
		}},
		"a stricter method of a service": {grpcmw.Config{Rules: map[string]scopes.Requirement{
			service + "*": readRule, unaryMethod: writeRule, streamMethod: writeRule,
		}}, []call{
			{[]string{write}, "worker", "OK"},
			{[]string{read}, "", "INSUFFICIENT_SCOPE"},
		}},
		"a milder method of a service": {grpcmw.Config{Rules: map[string]scopes.Requirement{
			service + "*": writeRule, unaryMethod: readRule, streamMethod: readRule,
		}}, []call{
			{[]string{read}, "worker", "OK"},
		}},
		"public": {grpcmw.Config{Public: []string{unaryMethod, streamMethod}}, []call{
			{none, "anonymous", "OK"},
			{[]string{write}, "anonymous", "OK"},
			{[]string{expired, "?"}, "anonymous", "OK"},
		}},
		"a public service": {grpcmw.Config{Public: []string{service + "*"}}, []call{
			{none, "anonymous", "OK"},
		}},
		"a guarded method of a public service": {grpcmw.Config{Public: []string{service + "*"}, Rules: both(writeRule)}, []call{
			{[]string{write}, "worker", "OK"},
			{[]string{read}, "", "INSUFFICIENT_SCOPE"},
			{none, "", "CREDENTIALS_MISSING"},
		}},
		"a public method of a guarded service": {grpcmw.Config{Public: []string{unaryMethod, streamMethod}, Rules: wildcard(writeRule)}, []call{
			{none, "anonymous", "OK"},
		}},
		"optional": {grpcmw.Config{Optional: both(writeRule)}, []call{
			{none, "anonymous", "OK"},
			{[]string{write}, "worker", "OK"},
			{[]string{read}, "", "INSUFFICIENT_SCOPE"},
			{[]string{expired}, "", "TOKEN_EXPIRED"},
			{[]string{""}, "", "MALFORMED_CREDENTIALS"},
			{[]string{"Basic d29ya2VyOg=="}, "", "CREDENTIALS_MISSING"},
		}},
		"an optional service": {grpcmw.Config{Optional: wildcard(scopes.Authenticated())}, []call{
			{none, "anonymous", "OK"},
			{[]string{read}, "worker", "OK"},
			{[]string{expired}, "", "TOKEN_EXPIRED"},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			conn := serve(t, newAuth(t, s.validator(t), tt.config))
			for _, kind := range kinds {
				for i, c := range tt.calls {
					who, err := kind.call(with(t, c.authorization...), conn)
					if got := reason(t, err); got != c.reason || who != c.who {
						t.Errorf("%s call %d: got %s, caller %q; want %s, %q", kind.name, i, got, who, c.reason, c.who)
					}
				}
			}
		})
	}
}

// The handler of a refused call is never reached, and a handler's own answer is
// not touched.
func TestHandlersOwnStatus(t *testing.T) {
	s := newSigner(t)
	own, err := status.New(codes.Unauthenticated, "mine").WithDetails(&errdetails.ErrorInfo{Reason: "MINE", Domain: "example.com"})
	must(t, err)
	calls := 0
	auth := newAuth(t, s.validator(t), grpcmw.Config{Rules: map[string]scopes.Requirement{service + "*": scopes.Authenticated()}})
	server := grpc.NewServer(auth.ServerOptions()...)
	testgrpc.RegisterTestServiceServer(server, &testService{fail: func() error { calls++; return own.Err() }})
	conn := dial(t, server)

	for _, kind := range kinds {
		calls = 0
		if _, err := kind.call(with(t), conn); reason(t, err) != "CREDENTIALS_MISSING" || calls != 0 {
			t.Errorf("%s without a token: %v, and the handler was called %d times", kind.name, err, calls)
		}
		_, err := kind.call(with(t, s.bearer(t, "", time.Hour)), conn)
		if got := status.Convert(err); got.Code() != own.Code() || got.Message() != "mine" || reason(t, err) != "MINE" || calls != 1 {
			t.Errorf("%s: the handler's status became %v", kind.name, got)
		}
	}
}

// outer returns interceptors that hand every error and recovered panic to seen.
func outer(seen func(err error, panicked any)) []grpc.ServerOption {
	watch := func(next func() error) (err error) {
		defer func() {
			p := recover()
			seen(err, p)
			if p != nil {
				err = status.Error(codes.DataLoss, "panicked")
			}
		}()
		return next()
	}
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (answer any, err error) {
			err = watch(func() (err error) { answer, err = handler(ctx, req); return err })
			return answer, err
		}),
		grpc.ChainStreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			return watch(func() error { return handler(srv, stream) })
		}),
	}
}

func TestPanics(t *testing.T) {
	s := newSigner(t)
	authorization := s.bearer(t, "", time.Hour)
	rules := map[string]scopes.Requirement{service + "*": scopes.Authenticated()}
	panics := authenticatorFunc(func(context.Context, validator.Credential) (*validator.Token, error) { panic("secret") })
	hook := s.validator(t, func(c *validator.Config) {
		c.OnDecision = func(context.Context, validator.Decision) { panic("secret") }
	})
	neither := authenticatorFunc(func(context.Context, validator.Credential) (*validator.Token, error) { return nil, nil })
	typedNil := authenticatorFunc(func(context.Context, validator.Credential) (*validator.Token, error) {
		return nil, (*validator.Error)(nil)
	})
	for name, a := range map[string]validator.Authenticator{
		"authenticator": panics, "hook": hook, "neither token nor error": neither, "typed nil error": typedNil,
	} {
		var panicked any
		conn := serve(t, newAuth(t, a, grpcmw.Config{Rules: rules}), outer(func(_ error, p any) { panicked = p })...)
		for _, kind := range kinds {
			_, err := kind.call(with(t, authorization), conn)
			want := status.New(codes.Internal, "Internal error.")
			if got := status.Convert(err); got.Code() != want.Code() || got.Message() != want.Message() || reason(t, err) != "INTERNAL" {
				t.Errorf("%s, %s: got %v", name, kind.name, got)
			}
			if panicked != nil {
				t.Errorf("%s, %s: a panic got through: %v", name, kind.name, panicked)
			}
		}
	}

	// The handler's panic is the handler's.
	var panicked any
	auth := newAuth(t, s.validator(t), grpcmw.Config{Rules: rules})
	server := grpc.NewServer(append(outer(func(_ error, p any) { panicked = p }), auth.ServerOptions()...)...)
	testgrpc.RegisterTestServiceServer(server, &testService{fail: func() error { panic("the handler's") }})
	conn := dial(t, server)
	for _, kind := range kinds {
		panicked = nil
		if _, err := kind.call(with(t, authorization), conn); status.Code(err) != codes.DataLoss || panicked != "the handler's" {
			t.Errorf("%s: got %v, recovered %v", kind.name, err, panicked)
		}
	}
}

// Inside the process a refusal is a status and a *validator.Error at once.
func TestOuterInterceptorSeesTheCause(t *testing.T) {
	cause := errors.New("the private cause")
	auth := newAuth(t, authenticatorFunc(func(context.Context, validator.Credential) (*validator.Token, error) {
		return nil, validator.NewError(validator.CodeTokenRefused, cause)
	}), grpcmw.Config{})
	var seen error
	conn := serve(t, auth, outer(func(err error, _ any) { seen = err })...)
	for _, kind := range kinds {
		_, err := kind.call(with(t, "Bearer x"), conn)
		if reason(t, err) != "TOKEN_REFUSED" {
			t.Errorf("%s: got %v", kind.name, err)
		}
		inner, ok := errors.AsType[*validator.Error](seen)
		if !ok || inner.Code() != validator.CodeTokenRefused || !errors.Is(seen, cause) {
			t.Errorf("%s: the outer interceptor saw %#v", kind.name, seen)
		}
		if seen.Error() != inner.Error() {
			t.Errorf("%s: the error says %q", kind.name, seen)
		}
	}
}

func TestDecisionsAreReported(t *testing.T) {
	s := newSigner(t)
	var got []string
	v := s.validator(t, func(c *validator.Config) {
		c.OnDecision = func(_ context.Context, d validator.Decision) {
			got = append(got, d.Operation+" "+d.Code().String()+" "+d.ClientID)
		}
	})
	conn := serve(t, newAuth(t, v, grpcmw.Config{Rules: map[string]scopes.Requirement{unaryMethod: scopes.Authenticated()}}))
	for _, kind := range kinds {
		_, _ = kind.call(with(t, s.bearer(t, "", time.Hour)), conn)
		_, _ = kind.call(with(t), conn)
	}
	want := []string{
		unaryMethod + " OK worker",
		unaryMethod + " CREDENTIALS_MISSING ",
		streamMethod + " OPERATION_NOT_ALLOWED worker",
		streamMethod + " CREDENTIALS_MISSING ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A stream is decided on before its handler runs, and the handler can exchange
// messages in both directions afterwards.
func TestBidirectionalStream(t *testing.T) {
	s := newSigner(t)
	auth := newAuth(t, s.validator(t), grpcmw.Config{Rules: map[string]scopes.Requirement{
		testgrpc.TestService_FullDuplexCall_FullMethodName: scopes.All("orders:read"),
	}})
	server := grpc.NewServer(auth.ServerOptions()...)
	testgrpc.RegisterTestServiceServer(server, duplexService{})
	client := testgrpc.NewTestServiceClient(dial(t, server))
	stream, err := client.FullDuplexCall(with(t, s.bearer(t, "orders:read", time.Hour)))
	must(t, err)
	for range 3 {
		must(t, stream.Send(&testgrpc.StreamingOutputCallRequest{}))
		answer, err := stream.Recv()
		must(t, err)
		if got := string(answer.GetPayload().GetBody()); got != "worker" {
			t.Errorf("the handler saw %q", got)
		}
	}
	must(t, stream.CloseSend())

	refused, err := client.FullDuplexCall(with(t))
	must(t, err)
	if _, err := refused.Recv(); reason(t, err) != "CREDENTIALS_MISSING" {
		t.Errorf("without a token: got %v", err)
	}
}

type duplexService struct {
	testgrpc.UnimplementedTestServiceServer
}

func (duplexService) FullDuplexCall(stream grpc.BidiStreamingServer[testgrpc.StreamingOutputCallRequest, testgrpc.StreamingOutputCallResponse]) error {
	for {
		if _, err := stream.Recv(); err != nil {
			return nil
		}
		if err := stream.Send(&testgrpc.StreamingOutputCallResponse{Payload: whoami(stream.Context())}); err != nil {
			return err
		}
	}
}
