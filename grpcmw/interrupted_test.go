package grpcmw_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

// hanging is an issuer's key endpoint that never answers.
type hanging struct{ asked chan struct{} }

func (h hanging) Current(ctx context.Context) (*jwks.Set, error) {
	close(h.asked)
	<-ctx.Done()
	return nil, ctx.Err()
}

func (h hanging) Newer(ctx context.Context, _ *jwks.Set) (*jwks.Set, error) { return h.Current(ctx) }

// interrupt makes a call that needs the keys while they cannot be had, and
// returns what the client got and what the server answered: a client that gives
// up does not wait for the answer.
func interrupt(t *testing.T, kind int, giveUp bool, options ...grpc.ServerOption) (client, server error) {
	t.Helper()
	s := newSigner(t)
	keys := hanging{asked: make(chan struct{})}
	v := s.validator(t, func(c *validator.Config) { c.Keys = keys })
	seen := make(chan error, 1)
	auth := newAuth(t, v, grpcmw.Config{Rules: map[string]scopes.Requirement{service + "*": scopes.Authenticated()}})
	conn := serve(t, auth, append(options, outer(func(err error, _ any) { seen <- err })...)...)
	ctx, cancel := context.WithCancel(with(t, s.bearer(t, "", 24*time.Hour)))
	defer cancel()
	if giveUp {
		go func() { <-keys.asked; cancel() }()
	}
	_, client = kinds[kind].call(ctx, conn)
	return client, <-seen
}

// A call that ends while its token is being judged is refused, and not with a
// judgement on the token.
func TestDeadlineExceeded(t *testing.T) {
	// The server's own limit, so that its clock runs out before the client's.
	limit := grpc.InTapHandle(func(ctx context.Context, _ *tap.Info) (context.Context, error) {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		context.AfterFunc(ctx, cancel)
		return ctx, nil
	})
	for i, kind := range kinds {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			client, server := interrupt(t, i, false, limit)
			if status.Code(client) != codes.DeadlineExceeded || reason(t, client) != "DEADLINE_EXCEEDED" {
				t.Errorf("%s: the client got %v", kind.name, client)
			}
			if refused, ok := errors.AsType[*validator.Error](server); !ok || refused.Code() != validator.CodeDeadlineExceeded {
				t.Errorf("%s: the server answered %v", kind.name, server)
			}
			if waited := time.Since(start); waited != time.Minute {
				t.Errorf("%s: it took %v", kind.name, waited)
			}
		})
	}
}

func TestCanceled(t *testing.T) {
	for i, kind := range kinds {
		synctest.Test(t, func(t *testing.T) {
			client, server := interrupt(t, i, true)
			if status.Code(client) != codes.Canceled {
				t.Errorf("%s: the client got %v", kind.name, client)
			}
			if status.Code(server) != codes.Canceled || reason(t, server) != "CANCELED" {
				t.Errorf("%s: the server answered %v", kind.name, server)
			}
		})
	}
}

// Keys that cannot be had are the server's trouble and not the token's.
func TestUnavailableKeys(t *testing.T) {
	s := newSigner(t)
	v := s.validator(t, func(c *validator.Config) { c.Keys = jwks.Static(nil) })
	conn := serve(t, newAuth(t, v, grpcmw.Config{Rules: map[string]scopes.Requirement{service + "*": scopes.Authenticated()}}))
	for _, kind := range kinds {
		_, err := kind.call(with(t, s.bearer(t, "", time.Hour)), conn)
		if status.Code(err) != codes.Unavailable || reason(t, err) != "KEYS_UNAVAILABLE" {
			t.Errorf("%s: got %v", kind.name, err)
		}
	}
}
