package introspect_test

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/introspect"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

func replaceAll(text, with string) string { return strings.ReplaceAll(text, "%s", with) }

func TestBreaker(t *testing.T) {
	s := newServer(t)
	s.say(active(time.Hour))
	var mu sync.Mutex
	var told []introspect.EventKind
	c := s.client(t, func(c *introspect.Config) {
		c.OnEvent = func(e introspect.Event) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, e.Kind)
			panic("swallowed")
		}
	})
	ask(t, c, "warm", 0)
	s.does(write(500, "text/plain", ""))
	for i := range 5 {
		if c.Healthy() != nil || c.Stats().Breaker != introspect.BreakerClosed {
			t.Errorf("after %d failures: %v", i, c.Healthy())
		}
		ask(t, c, fmt.Sprint(i), unavailable)
	}
	asked := s.count()
	_, err := c.Introspect(t.Context(), "x")
	refusal, _ := errors.AsType[*validator.Error](err)
	if refusal.Code() != unavailable || s.count() != asked || refusal.RetryAfter() != time.Second {
		t.Errorf("open: %v after %v, %d requests more", refusal, refusal.RetryAfter(), s.count()-asked)
	}
	if c.Healthy() == nil || c.Stats().Breaker != introspect.BreakerOpen {
		t.Errorf("%+v, health: %v", c.Stats(), c.Healthy())
	}
	ask(t, c, "warm", 0) // what is remembered is not concerned

	// Each probe that fails doubles the pause, up to half a minute.
	for _, pause := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		s.clock.Advance(pause * time.Second / 3) // jitter and its doubling take less than half away
		ask(t, c, "x", unavailable)
		if s.count() != asked {
			t.Fatalf("asked again too early, within %v s", pause)
		}
		s.clock.Advance(pause * time.Second)
		if c.Healthy() != nil {
			t.Error("unhealthy though the next request is made: nobody would make it")
		}
		ask(t, c, "x", unavailable)
		ask(t, c, "y", unavailable)
		if s.count() != asked+1 {
			t.Fatalf("%d requests instead of one probe after %v s", s.count()-asked, pause)
		}
		asked = s.count()
	}
	s.say(active(time.Hour))
	s.clock.Advance(30 * time.Second)
	ask(t, c, "x", 0)
	ask(t, c, "y", 0)
	if c.Healthy() != nil || c.Stats().Breaker != introspect.BreakerClosed {
		t.Errorf("%+v, health: %v", c.Stats(), c.Healthy())
	}
	// The count begins anew.
	s.does(write(500, "text/plain", ""))
	for i := range 5 {
		ask(t, c, fmt.Sprint(i), unavailable)
	}
	if s.count() != asked+2+5 {
		t.Errorf("%d requests", s.count()-asked)
	}
	_ = c.Close()
	opened, recovered := 0, 0
	for _, kind := range told {
		switch kind {
		case introspect.Opened:
			opened++
		case introspect.Recovered:
			recovered++
		}
	}
	if opened != 9 || recovered != 1 || len(told) != 17+9+1 {
		t.Errorf("%d opened, %d recovered: %q", opened, recovered, told)
	}
}

// Failures count in a row only.
func TestBreakerCountsInARow(t *testing.T) {
	s := newServer(t)
	c := s.client(t, func(c *introspect.Config) { c.Cache.Off = true })
	for range 3 {
		s.does(write(500, "text/plain", ""))
		for range 4 {
			ask(t, c, "a", unavailable)
		}
		s.say(`{"active":false}`)
		ask(t, c, "a", validator.CodeTokenInactive)
	}
}

// What the endpoint says of one token only does not cut off the others.
func TestBreakerIgnoresStrangeTokens(t *testing.T) {
	for _, status := range []int{400, 403, 413, 422} {
		s := newServer(t)
		s.does(write(status, "text/plain", ""))
		c := s.client(t)
		for i := range 20 {
			ask(t, c, fmt.Sprint(i), unavailable)
		}
		if s.count() != 20 || c.Healthy() != nil || c.Stats().Failures != 20 {
			t.Errorf("%d: %+v", status, c.Stats())
		}
	}
}

// One token is the probe; those of others do not wait for it.
func TestHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{Clients: map[string]string{"api": "s"}})
		token := is.MintOpaque(validatortest.Client("billing"))
		c := issuerClient(t, is)
		ask(t, c, "known", validator.CodeTokenInactive)
		is.Fail(validatortest.Reset)
		for range 5 {
			ask(t, c, token, unavailable)
		}
		is.Recover()
		is.Delay(time.Second)
		time.Sleep(time.Second)
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() { ask(t, c, token, 0) })
		}
		synctest.Wait()
		if got := c.Stats().Breaker; got != introspect.BreakerHalfOpen {
			t.Errorf("the breaker is %v", got)
		}
		if c.Healthy() == nil {
			t.Error("healthy while probing")
		}
		began := time.Now()
		ask(t, c, "another", unavailable)
		if time.Since(began) != 0 {
			t.Errorf("waited %v for the probe", time.Since(began))
		}
		group.Wait()
		ask(t, c, "another", validator.CodeTokenInactive)
	})
}

// Retry-After is obeyed, up to half a minute, and told.
func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{"7": 7 * time.Second, "86400": 30 * time.Second} {
		s := newServer(t)
		s.does(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		c := s.client(t)
		for _, token := range []string{"a", "b"} {
			_, err := c.Introspect(t.Context(), token)
			refusal, _ := errors.AsType[*validator.Error](err)
			if refusal.Code() != unavailable || refusal.RetryAfter() != want {
				t.Errorf("%v after %v, want %v", refusal, refusal.RetryAfter(), want)
			}
		}
		if s.count() != 1 {
			t.Errorf("%d requests", s.count())
		}
	}
}

// A panic of what the caller has configured is an internal error, and the next
// request is not harmed.
func TestPanic(t *testing.T) {
	s := newServer(t)
	calls := 0
	c := s.client(t, func(c *introspect.Config) {
		c.Auth = introspect.ClientAuth{Method: introspect.BearerToken, Token: newTokenFunc(func() string {
			if calls++; calls == 1 {
				panic("SECRET")
			}
			return "good"
		})}
	})
	_, err := c.Introspect(t.Context(), "a")
	if code(t, err) != validator.CodeInternal || strings.Contains(fmt.Sprint(errors.Unwrap(err)), "SECRET") {
		t.Errorf("%v: %v", err, errors.Unwrap(err))
	}
	ask(t, c, "a", validator.CodeTokenInactive)
	if got := s.last().header["Authorization"]; !reflect.DeepEqual(got, []string{"Bearer good"}) {
		t.Errorf("Authorization: %q", got)
	}
}

// Requests that fail together open the breaker once.
func TestFailuresTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{Clients: map[string]string{"api": "s"}})
		opened := 0
		c := issuerClient(t, is, func(c *introspect.Config) {
			c.OnEvent = func(e introspect.Event) {
				if e.Kind == introspect.Opened {
					opened++
				}
			}
		})
		ask(t, c, "known", validator.CodeTokenInactive)
		is.Fail(validatortest.ServerError)
		is.Delay(time.Second)
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() { ask(t, c, fmt.Sprint(i), unavailable) })
		}
		group.Wait()
		is.Recover()
		time.Sleep(time.Second)
		ask(t, c, "a", validator.CodeTokenInactive)
		if opened != 1 {
			t.Errorf("opened %d times", opened)
		}
	})
}
