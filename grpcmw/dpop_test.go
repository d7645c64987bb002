package grpcmw_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"slices"
	"testing"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	"google.golang.org/grpc"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
)

// checking is a service that decides twice more in its handler.
type checking struct {
	testgrpc.UnimplementedTestServiceServer
	auth *grpcmw.Auth
}

func (s *checking) UnaryCall(ctx context.Context, _ *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	for _, needed := range []string{"orders:read", "orders:write"} {
		if _, err := s.auth.Check(ctx, scopes.All(needed)); err != nil {
			return nil, err
		}
	}
	return &testgrpc.SimpleResponse{}, nil
}

// A call with a proof (RFC 9449 §7.1), and the nonce for the next one (§8.2), of which
// an answer has one, however often the handler decides.
func TestProofOfCall(t *testing.T) {
	old, recent := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	newNonces := func(keys ...[]byte) *dpop.Nonces {
		n, err := dpop.NewNonces(dpop.NonceConfig{Keys: keys})
		must(t, err)
		return n
	}
	nonces := newNonces(recent, old)
	binding, err := dpop.New(dpop.Config{Nonces: nonces})
	must(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	prover, err := dpop.NewProver(key)
	must(t, err)
	issuer := validatortest.Start(t, validatortest.Config{})
	auth := newAuth(t, issuer.Validator(func(c *validator.Config) { c.Bindings = []validator.Binding{binding} }),
		grpcmw.Config{Rules: map[string]scopes.Requirement{service + "*": scopes.Authenticated()}})
	server := grpc.NewServer(auth.ServerOptions()...)
	testgrpc.RegisterTestServiceServer(server, &checking{auth: auth})
	client := testgrpc.NewTestServiceClient(dial(t, server))

	next := []string{nonces.Current()}
	for _, tt := range []struct {
		name, scope, scheme, method, nonce, reason string
		next                                       []string
	}{
		{"recent nonce", "orders:read orders:write", "DPoP ", unaryMethod, nonces.Current(), "", nil},
		{"old nonce", "orders:read orders:write", "DPoP ", unaryMethod, newNonces(old).Current(), "", next},
		{"old nonce, refused by the handler", "orders:read", "DPoP ", unaryMethod, newNonces(old).Current(), "INSUFFICIENT_SCOPE", next},
		{"no nonce", "orders:read", "DPoP ", unaryMethod, "", "DPOP_NONCE_REQUIRED", next},
		{"proof for another method", "orders:read", "DPoP ", streamMethod, nonces.Current(), "DPOP_PROOF_INVALID", nil},
		{"as a bearer token", "orders:read", "Bearer ", unaryMethod, nonces.Current(), "BINDING_FAILED", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token := issuer.Mint(validatortest.Client("worker").Scope(tt.scope).With("cnf", map[string]string{"jkt": prover.Thumbprint()}))
			proof, err := prover.Proof(dpop.Request{Method: "POST", URL: "http://bufconn" + tt.method, AccessToken: token, Nonce: tt.nonce})
			must(t, err)
			var header, trailer metadata.MD
			_, err = client.UnaryCall(metadata.AppendToOutgoingContext(with(t, tt.scheme+token), "dpop", proof),
				&testgrpc.SimpleRequest{}, grpc.Header(&header), grpc.Trailer(&trailer))
			if err == nil && tt.reason != "" || err != nil && reason(t, err) != tt.reason {
				t.Errorf("got %v, want %q", err, tt.reason)
			}
			if got := append(header.Get("dpop-nonce"), trailer.Get("dpop-nonce")...); !slices.Equal(got, tt.next) {
				t.Errorf("nonces %q, want %q", got, tt.next)
			}
		})
	}
}
