package validator_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/validator"
)

// ending is what a context ended with: a code, zero for anything else.
func ending(ctx context.Context) validator.Code {
	e, ok := errors.AsType[*validator.Error](context.Cause(ctx))
	if !ok {
		return 0
	}
	return e.Code()
}

// letIn returns the context of an authorized request, on the clock of the bubble.
func letIn(t *testing.T, changes object, change func(*validator.Config)) context.Context {
	t.Helper()
	v := newValidator(t, func(c *validator.Config) {
		c.Clock = nil
		if change != nil {
			change(c)
		}
	})
	raw := "opaque"
	if changes != nil {
		raw = mint("ES256", "", object{"iat": time.Now().Unix(), "exp": time.Now().Unix() + 300}.with(changes))
	}
	ctx, _, err := validator.NewGuard(v).Authorize(t.Context(), authorization("Bearer "+raw))
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

func TestWhileValidUntilExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, lifetime := range []time.Duration{time.Second, time.Minute, 300 * time.Second, time.Hour} {
			start := time.Now()
			ctx, stop := validator.WhileValid(letIn(t, object{"exp": start.Add(lifetime).Unix()}, nil))
			<-ctx.Done()
			if got, want := time.Since(start), lifetime+validator.DefaultLeeway; got != want || ending(ctx) != validator.CodeTokenExpired {
				t.Errorf("ended after %v with %v, want %v", got, context.Cause(ctx), want)
			}
			stop()
		}
	})
}

func TestWhileValidEndsWithItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithCancel(letIn(t, object{}, nil))
		ctx, stop := validator.WhileValid(parent)
		defer stop()
		cancel()
		<-ctx.Done()
		if context.Cause(ctx) != context.Canceled {
			t.Errorf("cause %v", context.Cause(ctx))
		}
		public, stopPublic := validator.WhileValid(t.Context())
		stopPublic()
		if public.Err() == nil || context.Cause(public) != context.Canceled {
			t.Errorf("without a token: %v", context.Cause(public))
		}
	})
}

func TestWhileValidIsOverWhenStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		ctx, stop := validator.WhileValid(letIn(t, object{}, func(c *validator.Config) {
			c.Revocation = revocation(func(context.Context, *validator.Token) (bool, error) { asked++; return false, nil })
		}))
		stop()
		asked = 0
		time.Sleep(time.Hour)
		if asked != 0 || ending(ctx) != 0 {
			t.Errorf("asked %d times afterwards, ended with %v", asked, context.Cause(ctx))
		}
	})
}

func TestWhileValidUntilRevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var revoked atomic.Bool
		ctx, stop := validator.WhileValid(letIn(t, object{}, func(c *validator.Config) {
			c.Revocation = revocation(func(context.Context, *validator.Token) (bool, error) { return revoked.Load(), nil })
			c.RecheckInterval = 7 * time.Second
		}))
		defer stop()
		time.Sleep(15 * time.Second)
		if ctx.Err() != nil {
			t.Fatal(context.Cause(ctx))
		}
		revoked.Store(true)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if ending(ctx) != validator.CodeTokenRevoked {
			t.Errorf("ended with %v", context.Cause(ctx))
		}
	})
}

// A store that is out for a while ends no stream; one that stays out ends all.
func TestWhileValidDuringOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failing atomic.Bool
		ctx, stop := validator.WhileValid(letIn(t, object{"exp": time.Now().Unix() + 3600}, func(c *validator.Config) {
			c.Revocation = revocation(func(context.Context, *validator.Token) (bool, error) {
				if failing.Load() {
					return false, errors.New("down")
				}
				return false, nil
			})
		}))
		defer stop()
		time.Sleep(time.Second) // it is asked again every ten seconds, never now
		for _, outage := range []time.Duration{15 * time.Second, 25 * time.Second} {
			failing.Store(true)
			time.Sleep(outage)
			failing.Store(false)
			time.Sleep(15 * time.Second)
			if ctx.Err() != nil {
				t.Fatalf("an outage of %v: %v", outage, context.Cause(ctx))
			}
		}
		failing.Store(true)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if ending(ctx) != validator.CodeDependencyUnavailable {
			t.Errorf("ended with %v", context.Cause(ctx))
		}
	})
}

func TestWhileValidSurvivesPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var armed atomic.Bool
		ctx, stop := validator.WhileValid(letIn(t, object{}, func(c *validator.Config) {
			c.Revocation = revocation(func(context.Context, *validator.Token) (bool, error) {
				if armed.Load() {
					panic("x")
				}
				return false, nil
			})
		}))
		defer stop()
		armed.Store(true)
		<-ctx.Done()
		if ending(ctx) != validator.CodeInternal {
			t.Errorf("ended with %v", context.Cause(ctx))
		}
	})
}

// changing is a revocation that tells when it changes.
type changing struct {
	mu      sync.Mutex
	revoked bool
	changed chan struct{}
	asked   int
}

func (c *changing) Revoked(context.Context, *validator.Token) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	return c.revoked, nil
}

func (c *changing) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

func (c *changing) change(revoked bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.revoked = revoked
	close(c.changed)
	c.changed = make(chan struct{})
}

func TestWhileValidLearnsOfRevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := &changing{changed: make(chan struct{})}
		ctx, stop := validator.WhileValid(letIn(t, object{}, func(c *validator.Config) { c.Revocation = list }))
		defer stop()
		time.Sleep(time.Minute)
		list.mu.Lock()
		asked := list.asked
		list.mu.Unlock()
		if asked > 2 {
			t.Errorf("asked %d times without a change", asked)
		}
		list.change(false)
		synctest.Wait()
		if ctx.Err() != nil {
			t.Errorf("somebody else's change: %v", context.Cause(ctx))
		}
		list.change(true)
		synctest.Wait() // and no time passes
		if ending(ctx) != validator.CodeTokenRevoked {
			t.Errorf("ended with %v", context.Cause(ctx))
		}
	})
}

// unsteady is a revocation that tells when it changes, and cannot be asked for a while
// afterwards.
type unsteady struct {
	changing
	failures atomic.Int32 // to come
}

func (u *unsteady) Revoked(ctx context.Context, t *validator.Token) (bool, error) {
	if u.failures.Add(-1) >= 0 {
		return false, errors.New("down")
	}
	return u.changing.Revoked(ctx, t)
}

// A revocation that was announced and could not be looked at is looked at again, and
// not only when the next one is announced.
func TestWhileValidAsksAgainAfterFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for failures, want := range map[int32]validator.Code{1: validator.CodeTokenRevoked, 2: validator.CodeTokenRevoked, 3: validator.CodeDependencyUnavailable} {
			list := &unsteady{changing: changing{changed: make(chan struct{})}}
			ctx, stop := validator.WhileValid(letIn(t, object{"exp": time.Now().Unix() + 3600}, func(c *validator.Config) { c.Revocation = list }))
			synctest.Wait()
			list.failures.Store(failures)
			list.change(true)
			time.Sleep(time.Duration(failures) * validator.DefaultRecheckInterval)
			synctest.Wait()
			if ending(ctx) != want {
				t.Errorf("%d failures: ended with %v", failures, context.Cause(ctx))
			}
			stop()
		}
	})
}

// Only the authorization server knows what has become of an opaque token.
func TestWhileValidIntrospected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inactive atomic.Bool
		claims := goodClaims().with(object{"exp": time.Now().Unix() + 3600, "iat": nil}).json()
		ctx, stop := validator.WhileValid(letIn(t, nil, func(c *validator.Config) {
			c.Introspector = introspector(func(token string) ([]byte, error) {
				if inactive.Load() || token != "opaque" {
					return nil, validator.NewError(validator.CodeTokenInactive, nil)
				}
				return []byte(claims), nil
			})
		}))
		defer stop()
		time.Sleep(25 * time.Second)
		if ctx.Err() != nil {
			t.Fatal(context.Cause(ctx))
		}
		inactive.Store(true)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if ending(ctx) != validator.CodeTokenInactive {
			t.Errorf("ended with %v", context.Cause(ctx))
		}
	})
}
