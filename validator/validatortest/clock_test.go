package validatortest_test

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

var _ validator.Clock = (*validatortest.Clock)(nil)

var epoch = time.Unix(1_800_000_000, 0)

func TestClockFiresTimersInOrder(t *testing.T) {
	c := validatortest.NewClock(epoch)
	var fired []string
	var at []time.Duration
	timer := func(name string, d time.Duration, then func()) func() bool {
		return c.AfterFunc(d, func() {
			fired = append(fired, name)
			at = append(at, c.Now().Sub(epoch))
			then()
		})
	}
	nothing := func() {}
	timer("third", 3*time.Second, nothing)
	timer("first", time.Second, func() {
		timer("nested", time.Second, nothing)
		timer("too late", time.Hour, nothing)
	})
	timer("also third", 3*time.Second, nothing)
	timer("at once", -time.Second, nothing)
	stopped := timer("stopped", 2*time.Second, nothing)
	if !stopped() || stopped() {
		t.Error("stop reports the wrong thing")
	}
	if len(fired) != 0 || c.Timers() != 4 || !c.Now().Equal(epoch) {
		t.Errorf("before: %v, %d timers, %v", fired, c.Timers(), c.Now())
	}
	c.Advance(3 * time.Second)
	if want := []string{"at once", "first", "nested", "third", "also third"}; !slices.Equal(fired, want) {
		t.Errorf("fired %v, want %v", fired, want)
	}
	if want := []time.Duration{0, 1e9, 2e9, 3e9, 3e9}; !slices.Equal(at, want) {
		t.Errorf("at %v, want %v", at, want)
	}
	if got := c.Now().Sub(epoch); got != 3*time.Second || c.Timers() != 1 {
		t.Errorf("after: %v, %d timers", got, c.Timers())
	}
	c.Advance(time.Hour)
	if got := fired[len(fired)-1]; got != "too late" || c.Timers() != 0 {
		t.Errorf("last %q", got)
	}
}

func TestClockStopAfterFiring(t *testing.T) {
	c := validatortest.NewClock(epoch)
	stop := c.AfterFunc(time.Second, func() {})
	c.Advance(time.Second)
	if stop() {
		t.Error("a timer that has fired was stopped")
	}
}

func TestClockDoesNotGoBackwards(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	validatortest.NewClock(epoch).Advance(-1)
}

func TestClockConcurrently(t *testing.T) {
	c := validatortest.NewClock(epoch)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				stop := c.AfterFunc(time.Millisecond, func() {
					runtime.Gosched() // others may try to advance the clock now
					c.AfterFunc(time.Millisecond, func() {})
				})
				c.Advance(time.Millisecond)
				stop()
				c.Now()
			}
		})
	}
	wg.Wait()
	c.Advance(time.Second)
	if got := c.Now().Sub(epoch); got != 8*200*time.Millisecond+time.Second || c.Timers() != 0 {
		t.Errorf("%v, %d timers", got, c.Timers())
	}
}

// Tokens grow old with the clock, for the issuer and the validator alike.
func TestClockAndTokens(t *testing.T) {
	c := validatortest.NewClock(epoch)
	is := validatortest.Start(t, validatortest.Config{Clock: c})
	v := is.Validator()
	token := is.Mint(validatortest.Claims{}.ExpiresIn(time.Minute))
	for _, step := range []struct {
		advance time.Duration
		want    validator.Code
	}{
		{0, 0},
		{time.Minute + validator.DefaultLeeway - 1, 0},
		{1, validator.CodeTokenExpired},
	} {
		c.Advance(step.advance)
		if got := codeOf(t, v, token); got != step.want {
			t.Errorf("at %v: %v, want %v", c.Now().Sub(epoch), got, step.want)
		}
	}
	if code := codeOf(t, v, is.Mint(validatortest.Claims{})); code != 0 {
		t.Errorf("a new token: %v", code)
	}
}
