package grpcmw

import (
	"cmp"
	"context"
	"time"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Auth guards the methods of a gRPC server. It is immutable and safe for
// concurrent use.
type Auth struct {
	guard *validator.Guard
	rules rules
	grace time.Duration
}

// New returns an Auth that takes tokens for good if a does. If a is a
// [validator.Observer] too, as a Validator is, it learns of every decision. The
// error joins every problem of the configuration, each a [*ConfigError] that
// names its field.
func New(a validator.Authenticator, cfg Config) (*Auth, error) {
	var problems configerr.List
	problems.Check(!configerr.IsNil(a), "Authenticator", "required: what tells good tokens from bad ones")
	rules := cfg.compile(&problems)
	problems.Check(cfg.StreamGrace >= 0, "StreamGrace", "negative")
	if err := problems.Err(); err != nil {
		return nil, err
	}
	auth := &Auth{guard: validator.NewGuard(a), rules: rules, grace: cmp.Or(cfg.StreamGrace, DefaultStreamGrace)}
	auth.guard.WarnOfShadow(cfg.Policy.Shadowed())
	return auth, nil
}

// Authorize decides on a call of fullMethod as the interceptors do, for use
// where they cannot be: ctx is that of a server call. The context that comes back
// carries the token for [validator.TokenFrom]. The error is a gRPC status (see
// [Status]) and wraps the [*validator.Error].
func (a *Auth) Authorize(ctx context.Context, fullMethod string) (context.Context, error) {
	found, _ := a.rules.find(fullMethod)
	return a.authorize(ctx, fullMethod, found)
}

// Check decides on the call that ctx belongs to by a requirement of its own, for
// a handler in which the content of the request decides what is needed. It does
// not matter what the rule of the method is. A token that the interceptor has let
// in is not validated again. What comes back is as for [Auth.Authorize].
func (a *Auth) Check(ctx context.Context, requirement scopes.Requirement) (context.Context, error) {
	fullMethod, _ := grpc.Method(ctx)
	found, _ := a.rules.find(fullMethod)
	return a.authorize(ctx, fullMethod, rule{requirement: requirement, name: found.name})
}

func (a *Auth) authorize(ctx context.Context, fullMethod string, r rule) (context.Context, error) {
	if r.public {
		return ctx, nil
	}
	authorized, _, err := a.guard.Authorize(ctx, newRequest(ctx, fullMethod, r))
	if err != nil {
		refused := asError(err)
		sendNonce(ctx, refused.DPoPNonce())
		return ctx, refuse(refused)
	}
	sendNonce(ctx, validator.DPoPNonceFrom(authorized))
	return authorized, nil
}

// sendNonce puts the nonce for the client's next DPoP proof (RFC 9449 §9) into the
// header of the call, where there is one. Without it the client is asked again. What
// ctx has, of a decision before this one, is there already: values add up.
func sendNonce(ctx context.Context, nonce string) {
	if nonce != "" && nonce != validator.DPoPNonceFrom(ctx) {
		_ = grpc.SetHeader(ctx, metadata.Pairs("dpop-nonce", nonce))
	}
}

// ShadowCounts returns how many calls were let in, by operation, that would have
// been refused but for shadow mode, since [New].
func (a *Auth) ShadowCounts() map[string]uint64 { return a.guard.ShadowCounts() }
