package jwks_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

// A counted clock knows how often it was read.
type counted struct {
	jwks.Clock
	readings atomic.Int64
}

func (c *counted) Now() time.Time {
	c.readings.Add(1)
	return c.Clock.Now()
}

// The caller's reading of the clock takes the place of another one, and the keys
// age by it as they do by the Remote's own.
func TestCurrentAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		machine := newSkewed()
		clock := &counted{Clock: machine}
		r := is.remote(t, func(c *jwks.Config) { c.Clock = clock })
		set, err := r.CurrentAt(t.Context(), machine.Now())
		if err != nil || !has(set, "a") {
			t.Fatalf("the first set: %v, %v", set, err)
		}
		synctest.Wait()

		before := clock.readings.Load()
		again, err := r.CurrentAt(t.Context(), machine.Now())
		if again != set || err != nil {
			t.Errorf("CurrentAt = %v, %v", again, err)
		}
		if n := clock.readings.Load() - before; n != 0 {
			t.Errorf("the clock was read %d times", n)
		}

		// A refresh that was slept through is made up for.
		is.serve(published("b"))
		machine.set(20 * time.Minute)
		if _, err := r.CurrentAt(t.Context(), machine.Now()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if set, err := r.CurrentAt(t.Context(), machine.Now()); err != nil || !has(set, "b") {
			t.Errorf("not refreshed: %v, %v", set, err)
		}

		// What is too old is nothing.
		is.refuse()
		machine.set(6 * time.Hour)
		_, err = r.CurrentAt(t.Context(), machine.Now())
		unavailable(t, err)
	})
}
