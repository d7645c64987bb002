package jwks_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

func TestLazy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		r := is.remote(t)
		time.Sleep(time.Hour)
		if is.count() != 0 {
			t.Error("it fetched without being asked")
		}
		if status := r.Status(); status.Usable || !status.NextRefresh.IsZero() {
			t.Errorf("status %+v", status)
		}
		if set := current(t, r); !has(set, "a") || is.count() != 1 {
			t.Errorf("%d keys after %d requests", set.Len(), is.count())
		}
	})
}

func TestColdStartIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		is.answer(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Second)
			fmt.Fprint(w, published("a"))
		})
		r := is.remote(t)
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if set, err := r.Current(t.Context()); err != nil || !has(set, "a") {
					t.Errorf("Current: %v", err)
				}
			})
		}
		wg.Wait()
		if is.count() != 1 {
			t.Errorf("%d requests for 1000 callers", is.count())
		}
	})
}

func TestEveryCallerKeepsItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		is.hang()
		r := is.remote(t)
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 4 {
			patience := time.Duration(i+1) * time.Second
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				if _, err := r.Current(ctx); err != context.DeadlineExceeded {
					t.Errorf("Current: %v", err)
				}
				if waited := time.Since(began); waited != patience {
					t.Errorf("waited %v, want %v", waited, patience)
				}
			})
		}
		wg.Wait()
		// The fetch did not belong to those who left.
		_, err := r.Current(t.Context())
		if unavailable(t, err); time.Since(began) != 5*time.Second {
			t.Errorf("gave up after %v, want 5s", time.Since(began))
		}
		if is.count() != 1 {
			t.Errorf("%d requests", is.count())
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.Current(cancelled); err != context.Canceled {
			t.Errorf("Current: %v", err)
		}
	})
}

func TestFailureIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		is.refuse()
		r := is.remote(t)
		for range 3 { // the first one fetches, the others meet the back-off
			began := time.Now()
			_, err := r.Current(t.Context())
			u := unavailable(t, err)
			if time.Since(began) != 0 || u.RetryAfter <= 0 || u.RetryAfter > time.Second {
				t.Errorf("after %v: %v, retry after %v", time.Since(began), err, u.RetryAfter)
			}
		}
		if got := r.Status().Failures; got != 1 {
			t.Errorf("%d attempts", got)
		}
		_, err := r.Newer(t.Context(), nil)
		unavailable(t, err)
	})
}

// TestRefresh watches 24 hours: the rate is constant, nobody waits, and the key
// and the set stay the same objects.
func TestRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		r := is.remote(t)
		first := current(t, r)
		for range 24 * 60 {
			time.Sleep(time.Minute)
			if current(t, r) != first {
				t.Fatal("the same document made another set")
			}
		}
		if n := is.count(); n < 145 || n > 161 { // every 9 to 10 minutes
			t.Errorf("%d requests in 24 hours", n)
		}
		for i, req := range is.requests[1:] {
			if d := req.at.Sub(is.requests[i].at); d > 10*time.Minute || d < 9*time.Minute {
				t.Errorf("refreshed after %v", d)
			}
		}
	})
}

func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a", "b"))
		r := is.remote(t)
		before := current(t, r)
		oldB, _ := before.Find("b", "ES256")

		// b stays, a goes, c comes: after the next refresh, for everybody.
		is.serve(published("c", "b"))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		after := current(t, r)
		if has(after, "a") || !has(after, "b") || !has(after, "c") || after == before {
			t.Errorf("keys after the rotation: %v", r.Status().KeyIDs)
		}
		if newB, _ := after.Find("b", "ES256"); newB[0] != oldB[0] || !after.Contains(oldB[0]) {
			t.Error("an unchanged key lost its identity")
		}
		if !has(before, "a") {
			t.Error("a snapshot changed")
		}

		// The same id with other material, and with another algorithm.
		is.serve(document(describe("b", ecKey("P-256", "other"))))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if set := current(t, r); set.Contains(oldB[0]) || !has(set, "b") {
			t.Error("the former key is still in force")
		}
		is.serve(document(describe("b", ecKey("P-256", "other")).with("alg", "ES256")))
		set := current(t, r)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if current(t, r) == set {
			t.Error("a change of alg went unnoticed")
		}
	})
}

// TestFreshness sees when the second fetch comes, given the first response.
func TestFreshness(t *testing.T) {
	type h map[string][]string
	const standard = 10 * time.Minute
	tests := []struct {
		name   string
		header h
		want   time.Duration
	}{
		{"nothing", h{}, standard},
		{"longer", h{"Cache-Control": {"public, max-age=86400"}}, standard},
		{"shorter", h{"Cache-Control": {"max-age=300"}}, 5 * time.Minute},
		{"upper case, quoted", h{"Cache-Control": {`MAX-AGE="300"`}}, 5 * time.Minute},
		{"Age counts", h{"Cache-Control": {"max-age=300"}, "Age": {"180"}}, 2 * time.Minute},
		{"Age beyond", h{"Cache-Control": {"max-age=300"}, "Age": {"900"}}, time.Minute},
		{"Age garbage", h{"Cache-Control": {"max-age=300"}, "Age": {"-1"}}, 5 * time.Minute},
		{"too short", h{"Cache-Control": {"max-age=5"}}, time.Minute},
		{"zero", h{"Cache-Control": {"max-age=0"}}, time.Minute},
		{"no-store", h{"Cache-Control": {"no-store"}}, time.Minute},
		{"no-cache wins", h{"Cache-Control": {"max-age=300, no-cache"}}, time.Minute},
		{"in two fields", h{"Cache-Control": {"max-age=300", "max-age=120"}}, 2 * time.Minute},
		{"garbage", h{"Cache-Control": {"max-age=1h"}}, time.Minute},
		{"negative", h{"Cache-Control": {"max-age=-1"}}, time.Minute},
		{"overflow", h{"Cache-Control": {"max-age=99999999999999999999999"}}, standard},
		{"others", h{"Cache-Control": {"public, must-revalidate, s-maxage=60"}}, standard},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := newIssuer(t, "")
				is.answer(func(w http.ResponseWriter, _ *http.Request) {
					for name, values := range tt.header {
						w.Header()[name] = values
					}
					fmt.Fprint(w, published("a"))
				})
				r := is.remote(t)
				current(t, r)
				time.Sleep(tt.want - tt.want/10 - time.Nanosecond)
				synctest.Wait()
				if is.count() != 1 {
					t.Error("refreshed too early")
				}
				time.Sleep(tt.want/10 + time.Nanosecond)
				synctest.Wait()
				if is.count() != 2 {
					t.Errorf("%d requests within %v", is.count(), tt.want)
				}
			})
		})
	}
}

func TestConditionalRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		var broken atomic.Bool
		etag := `"v1"`
		is.answer(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", etag)
			switch {
			case broken.Load() && r.Header.Get("If-None-Match") != "":
				w.WriteHeader(http.StatusInternalServerError)
			case r.Header.Get("If-None-Match") == etag:
				w.WriteHeader(http.StatusNotModified)
			default:
				w.Header().Set("Cache-Control", "max-age=60")
				fmt.Fprint(w, published("a"))
			}
		})
		r := is.remote(t)
		set := current(t, r)
		if is.last().header.Get("If-None-Match") != "" {
			t.Error("the first request is conditional")
		}
		// A 304 confirms the set, and what it does not mention goes on: so after
		// three hours at one a minute there are keys, and the same ones.
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if current(t, r) != set || r.Status().Failures != 0 {
			t.Errorf("status %+v", r.Status())
		}
		if n := is.count(); n < 180 || n > 202 {
			t.Errorf("%d requests", n)
		}
		if got := is.last().header.Get("If-None-Match"); got != etag {
			t.Errorf("If-None-Match: %s", got)
		}
		// An endpoint that cannot do it is asked without.
		broken.Store(true)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if s := r.Status(); s.Age > 2*time.Minute {
			t.Errorf("status %+v", s)
		}
	})
}

// Something on the way that takes every document for unchanged does not keep
// withdrawn keys alive: within max-stale the whole document is asked for.
func TestEverythingIsUnchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		var rotated atomic.Bool
		is.answer(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"v1"`)
			switch {
			case r.Header.Get("If-None-Match") != "":
				w.WriteHeader(http.StatusNotModified)
			case rotated.Load():
				fmt.Fprint(w, published("new"))
			default:
				fmt.Fprint(w, published("old"))
			}
		})
		r := is.remote(t)
		current(t, r)
		rotated.Store(true)
		time.Sleep(time.Hour + 10*time.Minute)
		synctest.Wait()
		if ids := r.Status().KeyIDs; len(ids) != 1 || ids[0] != "new" {
			t.Errorf("keys %q", ids)
		}
	})
}

func TestBadEntityTagsAreNotSent(t *testing.T) {
	for _, tag := range []string{"v1", `"a"b"`, `w/"v1"`, `"`, `"` + strings.Repeat("x", 300) + `"`, `"a b"`} {
		synctest.Test(t, func(t *testing.T) {
			is := newIssuer(t, "")
			is.answer(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["ETag"] = []string{tag}
				fmt.Fprint(w, published("a"))
			})
			r := is.remote(t)
			current(t, r)
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			if got, sent := is.last().header["If-None-Match"]; sent || is.count() != 2 {
				t.Errorf("ETag %q: %d requests, the last with If-None-Match %q", tag, is.count(), got)
			}
		})
	}
}

func TestUnasked304IsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		is.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
		_, err := is.remote(t).Current(t.Context())
		unavailable(t, err)
	})
}

func TestReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		is.refuse()
		r := is.remote(t)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		err := r.Ready(ctx)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Ready: %v", err)
		}
		if want := "context deadline exceeded; keys unavailable: key set at /keys: connection refused"; err.Error() != want {
			t.Errorf("Ready: %q, want %q", err, want)
		}

		is.serve(published("a"))
		began := time.Now()
		if err := r.Ready(t.Context()); err != nil || time.Since(began) > 5*time.Second {
			t.Errorf("Ready: %v after %v", err, time.Since(began))
		}
		if err := r.Ready(t.Context()); err != nil {
			t.Errorf("Ready again: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		is.hang()
		r := is.remote(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Ready: %v", err)
		}
		var closing sync.WaitGroup
		closing.Go(func() {
			if err := r.Ready(t.Context()); !errors.Is(err, jwks.ErrClosed) {
				t.Errorf("Ready: %v", err)
			}
		})
		synctest.Wait()
		_ = r.Close()
		closing.Wait()
	})
}

func TestClose(t *testing.T) {
	states := map[string]func(*testing.T, *issuer, *jwks.Remote){
		"unused":  func(*testing.T, *issuer, *jwks.Remote) {},
		"warm":    func(t *testing.T, _ *issuer, r *jwks.Remote) { current(t, r) },
		"backoff": func(t *testing.T, is *issuer, r *jwks.Remote) { is.refuse(); _, _ = r.Current(t.Context()) },
		"fetching": func(t *testing.T, is *issuer, r *jwks.Remote) {
			is.hang()
			go func() {
				_, err := r.Current(context.Background())
				if !errors.Is(err, jwks.ErrClosed) {
					t.Errorf("Current: %v", err)
				}
			}()
			synctest.Wait()
		},
	}
	for name, prepare := range states {
		t.Run(name, func(t *testing.T) {
			// A goroutine or timer that outlives the bubble fails it.
			synctest.Test(t, func(t *testing.T) {
				is := newIssuer(t, published("a"))
				r := is.remote(t)
				prepare(t, is, r)
				began, requests := time.Now(), is.count()
				for range 2 {
					if err := r.Close(); err != nil {
						t.Error(err)
					}
				}
				_, err := r.Current(t.Context())
				if unavailable(t, err); !errors.Is(err, jwks.ErrClosed) {
					t.Errorf("Current: %v", err)
				}
				_, err = r.Newer(t.Context(), nil)
				if unavailable(t, err); !errors.Is(err, jwks.ErrClosed) {
					t.Errorf("Newer: %v", err)
				}
				if err := r.Ready(t.Context()); !errors.Is(err, jwks.ErrClosed) {
					t.Errorf("Ready: %v", err)
				}
				if s := r.Status(); s.Usable || s.Refreshing || !s.NextRefresh.IsZero() || s.LastError != jwks.ErrClosed {
					t.Errorf("status %+v", s)
				}
				if time.Since(began) != 0 {
					t.Error("Close took time")
				}
				time.Sleep(time.Hour)
				if is.count() != requests {
					t.Error("requests after Close")
				}
			})
		})
	}
}

// A lingering transport takes a second to notice that nobody wants its answer.
type lingering struct{ gone atomic.Bool }

func (l *lingering) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	time.Sleep(time.Second)
	l.gone.Store(true)
	return nil, r.Context().Err()
}

func TestCloseWaitsForTheFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := new(lingering)
		r := newIssuer(t, "").remote(t, func(c *jwks.Config) { c.Transport = transport })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _ = r.Current(ctx)
		_ = r.Close()
		if !transport.gone.Load() {
			t.Error("the fetch goes on")
		}
	})
}

// A counting clock knows how many timers wait.
type counting struct{ timers atomic.Int64 }

func (c *counting) Now() time.Time { return time.Now() }

func (c *counting) AfterFunc(d time.Duration, f func()) func() bool {
	c.timers.Add(1)
	done := sync.OnceFunc(func() { c.timers.Add(-1) })
	timer := time.AfterFunc(d, func() { done(); f() })
	return func() bool { done(); return timer.Stop() }
}

func TestTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is, clock := newIssuer(t, published("a")), new(counting)
		r := is.remote(t, func(c *jwks.Config) { c.Clock = clock })
		if n := clock.timers.Load(); n != 0 {
			t.Errorf("%d timers before the first use", n)
		}
		set := current(t, r)
		if _, err := r.Newer(t.Context(), set); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := clock.timers.Load(); n != 1 {
			t.Errorf("%d timers, want the one of the next refresh", n)
		}
		_ = r.Close()
		if n := clock.timers.Load(); n != 0 {
			t.Errorf("%d timers after Close", n)
		}
	})
}

// TestConcurrentUse has no assertion of its own but those of the race detector
// and of the bubble: everything at once comes to an end.
func TestConcurrentUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		r := is.remote(t, func(c *jwks.Config) { c.OnEvent = func(jwks.Event) {} })
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				for j := range 50 {
					set, err := r.Current(t.Context())
					if err == nil && j%5 == 0 {
						_, err = r.Newer(t.Context(), set)
					}
					if err != nil && !errors.Is(err, jwks.ErrClosed) {
						t.Errorf("%v", err)
					}
					r.Status()
					if i == 0 {
						is.serve(published("a", fmt.Sprint(j%3)))
					}
					time.Sleep(10 * time.Second)
				}
				_ = r.Close()
			})
		}
		wg.Wait()
	})
}
