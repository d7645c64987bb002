package grpcmw_test

import (
	"context"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/grpc"
)

// BenchmarkUnary is one call through the unary interceptor, without a transport.
// "adapter" phases have an authenticator that costs nothing.
func BenchmarkUnary(b *testing.B) {
	s := newSigner(b)
	v := s.validator(b)
	good := incoming(b, s.bearer(b, "orders:read", time.Hour))
	token, err := v.Validate(b.Context(), validator.Credential{Scheme: "Bearer", Token: s.bearer(b, "orders:read", time.Hour)[len("Bearer "):]})
	must(b, err)
	free := authenticatorFunc(func(context.Context, validator.Credential) (*validator.Token, error) { return token, nil })
	refusal := validator.NewError(validator.CodeTokenExpired, nil)
	refuses := authenticatorFunc(func(context.Context, validator.Credential) (*validator.Token, error) { return nil, refusal })
	for _, bb := range []struct {
		name     string
		a        validator.Authenticator
		ctx      context.Context
		needs    string
		accepted bool
	}{
		{"validator/accepted", v, good, "orders:read", true},
		{"validator/expired", v, incoming(b, s.bearer(b, "orders:read", -time.Hour)), "orders:read", false},
		{"adapter/accepted", free, good, "orders:read", true},
		{"adapter/refused", refuses, good, "orders:read", false},
		{"adapter/missing", free, b.Context(), "orders:read", false},
		{"adapter/scope", free, good, "orders:write", false},
	} {
		b.Run(bb.name, func(b *testing.B) {
			auth := newAuth(b, bb.a, grpcmw.Config{Rules: map[string]scopes.Requirement{service + "*": scopes.All(bb.needs)}})
			intercept := auth.Unary()
			info := &grpc.UnaryServerInfo{FullMethod: unaryMethod}
			handler := func(context.Context, any) (any, error) { return nil, nil }
			b.ReportAllocs()
			for b.Loop() {
				if _, err := intercept(bb.ctx, nil, info, handler); (err == nil) != bb.accepted {
					b.Fatal(err)
				}
			}
		})
	}
}
