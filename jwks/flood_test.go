package jwks_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

// TestFlood: whatever arrives, unknown ids cause two fetches and then one every 30
// seconds, and nobody else notices.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		// No refresh of its own comes in between.
		r := is.remote(t, func(c *jwks.Config) { c.RefreshInterval, c.MaxStale = 24*time.Hour, 48*time.Hour })
		set := current(t, r)
		lookups := func(n int) {
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() {
					if got, err := r.Newer(t.Context(), set); got != set || err != nil {
						t.Errorf("Newer = %v, %v", got, err)
					}
				})
			}
			wg.Wait()
		}
		for range 20 {
			lookups(1000) // more would not all wait, see TestFewWait
		}
		if n := is.count() - 1; n != 2 {
			t.Errorf("%d fetches at the start of the flood", n)
		}
		for range 600 { // ten minutes
			time.Sleep(time.Second)
			lookups(20)
			current(t, r)
		}
		if n := is.count() - 1; n != 2+20 {
			t.Errorf("%d fetches in 10 minutes", n)
		}
		// A key that is published now works within 30 seconds.
		is.serve(published("a", "b"))
		began := time.Now()
		for !has(set, "b") {
			time.Sleep(time.Second)
			var err error
			if set, err = r.Newer(t.Context(), set); err != nil {
				t.Fatal(err)
			}
		}
		if waited := time.Since(began); waited > 30*time.Second {
			t.Errorf("a new key worked after %v", waited)
		}
		// Quiet does not save up more than two.
		time.Sleep(2 * time.Hour)
		before := is.count()
		for range 100 {
			lookups(1)
		}
		if n := is.count() - before; n > 2 {
			t.Errorf("%d fetches after a quiet time", n)
		}
	})
}

func TestNewKeyWorksAtFirstUse(t *testing.T) {
	t.Run("also after a forged one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			is := newIssuer(t, published("a"))
			r := is.remote(t)
			set := current(t, r)
			if got, err := r.Newer(t.Context(), set); got != set || err != nil {
				t.Errorf("Newer = %v, %v", got, err)
			}
			is.serve(published("a", "b"))
			got, err := r.Newer(t.Context(), set)
			if err != nil || !has(got, "b") || !has(got, "a") {
				t.Errorf("Newer = %v, %v", got, err)
			}
			// Whoever still has the former set gets the new one for nothing.
			requests := is.count()
			if again, err := r.Newer(t.Context(), set); again != got || err != nil || is.count() != requests {
				t.Errorf("Newer = %v, %v", again, err)
			}
		})
	})
	t.Run("while an older fetch is under way", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			is := newIssuer(t, published("a"))
			r := is.remote(t)
			set := current(t, r)
			is.answer(slowly(published("a")))
			go func() { _, _ = r.Newer(t.Context(), set) }()
			synctest.Wait()
			is.answer(slowly(published("a", "b"))) // published after that fetch began
			got, err := r.Newer(t.Context(), set)
			if err != nil || !has(got, "b") {
				t.Errorf("Newer = %v, %v", got, err)
			}
			if is.count() != 3 {
				t.Errorf("%d requests", is.count())
			}
		})
	})
	t.Run("while the endpoint comes back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			is := newIssuer(t, published("a"))
			r := is.remote(t)
			set := current(t, r)
			is.refuse()
			_, err := r.Newer(t.Context(), set)
			unavailable(t, err)
			is.serve(published("a", "b"))
			if got, err := r.Newer(t.Context(), set); err != nil || !has(got, "b") {
				t.Errorf("Newer = %v, %v", got, err)
			}
		})
	})
	t.Run("at once, if it has come already", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			is := newIssuer(t, published("a"))
			r := is.remote(t)
			set := current(t, r)
			is.hang()
			go func() { _, _ = r.Newer(t.Context(), set) }()
			synctest.Wait()
			began := time.Now()
			if got, err := r.Newer(t.Context(), new(jwks.Set)); got != set || err != nil || time.Since(began) != 0 {
				t.Errorf("Newer = %v, %v after %v", got, err, time.Since(began))
			}
		})
	})
	t.Run("before anything was fetched", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			is := newIssuer(t, published("a"))
			got, err := is.remote(t).Newer(t.Context(), nil)
			if err != nil || !has(got, "a") || is.count() != 1 {
				t.Errorf("Newer = %v, %v", got, err)
			}
		})
	})
}

func slowly(document string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Second)
		fmt.Fprint(w, document)
	}
}

// TestFloodSharesFetches: callers at the same time share fetches, and one that
// began too early is followed by at most one more.
func TestFloodSharesFetches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		r := is.remote(t)
		set := current(t, r)
		is.answer(slowly(published("a")))
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				began := time.Now()
				if got, err := r.Newer(t.Context(), set); got != set || err != nil {
					t.Errorf("Newer = %v, %v", got, err)
				}
				if waited := time.Since(began); waited > 2*time.Second {
					t.Errorf("waited %v", waited)
				}
			})
		}
		synctest.Wait()
		current(t, r)
		wg.Wait()
		if n := is.count() - 1; n > 2 {
			t.Errorf("%d fetches", n)
		}
	})
}

// TestFloodDuringOutage: an unknown id is then a question without an answer, and
// one that is told at once.
func TestFloodDuringOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		r := is.remote(t)
		set := current(t, r)
		time.Sleep(9*time.Minute - time.Second) // before the next refresh
		status(http.StatusBadGateway)(is)
		before := is.count()
		for range 1000 {
			_, err := r.Newer(t.Context(), set)
			if u := unavailable(t, err); u.RetryAfter <= 0 || u.RetryAfter > 4*time.Second {
				t.Errorf("RetryAfter = %v", u.RetryAfter)
			}
			current(t, r)
		}
		if n := is.count() - before; n != 2 {
			t.Errorf("%d fetches", n)
		}
	})
}

// BenchmarkCurrent is the price of every request.
func BenchmarkCurrent(b *testing.B) {
	is := newIssuer(b, published("a"))
	r := is.remote(b)
	if err := r.Ready(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := r.Current(b.Context()); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkNewerSuppressed is the price of a forged key id in a flood.
func BenchmarkNewerSuppressed(b *testing.B) {
	is := newIssuer(b, published("a"))
	r := is.remote(b)
	set, err := r.Current(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Newer(b.Context(), set); err != nil {
			b.Fatal(err)
		}
	}
}

// Made up key ids hold only so many requests while the issuer hangs, and none of
// those that name a key.
func TestFewWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		r := is.remote(t)
		set := current(t, r)
		is.hang()
		const callers = 5000
		var answered atomic.Int32
		for range callers {
			go func() {
				if _, err := r.Newer(t.Context(), set); err == nil {
					t.Error("an answer, and nobody gave one")
				}
				answered.Add(1)
			}()
		}
		synctest.Wait()
		if got := callers - answered.Load(); got != 1024 {
			t.Errorf("%d wait", got)
		}
		_ = current(t, r)
		time.Sleep(time.Minute)
		is.serve(published("a", "b"))
		time.Sleep(10 * time.Second) // for the attempt that hangs and the next one
		if newer, err := r.Newer(t.Context(), set); err != nil || !has(newer, "b") {
			t.Errorf("afterwards: %v", err)
		}
	})
}
