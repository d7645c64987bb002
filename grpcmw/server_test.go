package grpcmw_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/lestrrat-go/jwx/v2/jwt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"
)

const (
	issuer   = "https://auth.example.com"
	audience = "https://api.example.com"

	service      = "/grpc.testing.TestService/"
	unaryMethod  = testgrpc.TestService_UnaryCall_FullMethodName
	streamMethod = testgrpc.TestService_StreamingOutputCall_FullMethodName
)

// signer is an authorization server, as far as an API sees it.
type signer struct {
	private *ecdsa.PrivateKey
	keys    jwks.Source
}

func newSigner(tb testing.TB) *signer {
	tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(tb, err)
	key, err := jwks.NewKey("k1", "ES256", &private.PublicKey)
	must(tb, err)
	set, err := jwks.NewSet(key)
	must(tb, err)
	return &signer{private: private, keys: jwks.Static(set)}
}

// validator returns one that trusts s, with its configuration changed by edit.
func (s *signer) validator(tb testing.TB, edit ...func(*validator.Config)) *validator.Validator {
	tb.Helper()
	config := validator.Config{Issuer: issuer, Audiences: []string{audience}, Keys: s.keys}
	for _, edit := range edit {
		edit(&config)
	}
	v, err := validator.New(config)
	must(tb, err)
	tb.Cleanup(func() { must(tb, v.Close()) })
	return v
}

// bearer returns an authorization value with a token for client "worker" that
// expires after the given time.
func (s *signer) bearer(tb testing.TB, scope string, lifetime time.Duration) string {
	tb.Helper()
	token, err := jwt.NewBuilder().
		Issuer(issuer).Subject("worker").Audience([]string{audience}).
		IssuedAt(time.Now().Add(-time.Hour)).Expiration(time.Now().Add(lifetime)).
		JwtID("1").Claim("client_id", "worker").Claim("scope", scope).Build()
	must(tb, err)
	header := jws.NewHeaders()
	must(tb, header.Set(jws.TypeKey, "at+jwt"))
	must(tb, header.Set(jws.KeyIDKey, "k1"))
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.ES256, s.private, jws.WithProtectedHeaders(header)))
	must(tb, err)
	return "Bearer " + string(signed)
}

// authenticatorFunc lets a function be an Authenticator.
type authenticatorFunc func(context.Context, validator.Credential) (*validator.Token, error)

func (f authenticatorFunc) Validate(ctx context.Context, c validator.Credential) (*validator.Token, error) {
	return f(ctx, c)
}

func newAuth(tb testing.TB, a validator.Authenticator, config grpcmw.Config) *grpcmw.Auth {
	tb.Helper()
	auth, err := grpcmw.New(a, config)
	must(tb, err)
	return auth
}

// testService answers with the subject of the token in its context.
type testService struct {
	testgrpc.UnimplementedTestServiceServer
	fail func() error // returned by every method instead, if there is one
}

func whoami(ctx context.Context) *testgrpc.Payload {
	if token, ok := validator.TokenFrom(ctx); ok {
		return &testgrpc.Payload{Body: []byte(token.Subject())}
	}
	return &testgrpc.Payload{Body: []byte("anonymous")}
}

func (s *testService) UnaryCall(ctx context.Context, _ *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	if s.fail != nil {
		return nil, s.fail()
	}
	return &testgrpc.SimpleResponse{Payload: whoami(ctx)}, nil
}

func (s *testService) StreamingOutputCall(_ *testgrpc.StreamingOutputCallRequest, stream grpc.ServerStreamingServer[testgrpc.StreamingOutputCallResponse]) error {
	if s.fail != nil {
		return s.fail()
	}
	return stream.Send(&testgrpc.StreamingOutputCallResponse{Payload: whoami(stream.Context())})
}

// kinds are the two kinds of methods. Each call answers who the server says the
// caller is.
var kinds = []struct {
	name, fullMethod string
	call             func(context.Context, *grpc.ClientConn) (string, error)
}{
	{"unary", unaryMethod, func(ctx context.Context, conn *grpc.ClientConn) (string, error) {
		answer, err := testgrpc.NewTestServiceClient(conn).UnaryCall(ctx, &testgrpc.SimpleRequest{})
		return string(answer.GetPayload().GetBody()), err
	}},
	{"stream", streamMethod, func(ctx context.Context, conn *grpc.ClientConn) (string, error) {
		stream, err := testgrpc.NewTestServiceClient(conn).StreamingOutputCall(ctx, &testgrpc.StreamingOutputCallRequest{})
		if err != nil {
			return "", err
		}
		answer, err := stream.Recv()
		return string(answer.GetPayload().GetBody()), err
	}},
}

// dial starts a server on an in-memory listener and connects to it.
func dial(tb testing.TB, server *grpc.Server) *grpc.ClientConn {
	tb.Helper()
	listener := bufconn.Listen(1 << 16)
	go func() { _ = server.Serve(listener) }()
	tb.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///bufconn",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(tb, err)
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// serve starts a server with the test service behind auth. The options come
// first: their interceptors are the outer ones.
func serve(tb testing.TB, auth *grpcmw.Auth, options ...grpc.ServerOption) *grpc.ClientConn {
	tb.Helper()
	server := grpc.NewServer(append(options, auth.ServerOptions()...)...)
	testgrpc.RegisterTestServiceServer(server, &testService{})
	return dial(tb, server)
}

// with returns the context of a call that sends these authorization values.
func with(tb testing.TB, authorization ...string) context.Context {
	ctx := tb.Context()
	for _, value := range authorization {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", value)
	}
	return ctx
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
