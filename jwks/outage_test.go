package jwks_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/bearerguard/bearerguard/jwks"
)

// faults are what an endpoint can do instead of answering. None of them may take
// longer than 5 seconds, none may hurt a set that is there.
var faults = map[string]func(*issuer){
	"refuse":    (*issuer).refuse,
	"hang":      (*issuer).hang,
	"500":       status(http.StatusInternalServerError),
	"404":       status(http.StatusNotFound),
	"204":       status(http.StatusNoContent),
	"201":       func(is *issuer) { is.answer(write(http.StatusCreated, published("evil"))) },
	"empty set": func(is *issuer) { is.serve(`{"keys":[]}`) },
	"all bad":   func(is *issuer) { is.serve(`{"keys":[{"kty":"oct","k":"AA"},{}]}`) },
	"too many":  func(is *issuer) { is.serve(document(`{}` + strings.Repeat(`,{}`, 1024))) },
	"garbage":   func(is *issuer) { is.serve("<html>") },
	"nothing":   func(is *issuer) { is.serve("") },
	"cut off": func(is *issuer) {
		is.answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			_, _ = io.WriteString(w, published("evil"))
		})
	},
	"not HTTP": func(is *issuer) {
		is.answer(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = io.WriteString(conn, "secret secret secret\r\n\r\n")
			_ = conn.Close()
		})
	},
	"redirect": func(is *issuer) {
		is.answer(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/evil" {
				fmt.Fprint(w, published("evil"))
				return
			}
			http.Redirect(w, r, "/evil", http.StatusTemporaryRedirect)
		})
	},
	"huge":        func(is *issuer) { is.serve(strings.Repeat(" ", 1<<20) + published("evil")) },
	"huge header": func(is *issuer) { is.answer(hugeHeader) },
	"slow drip": func(is *issuer) {
		is.answer(func(w http.ResponseWriter, _ *http.Request) {
			body := bufio.NewReader(strings.NewReader(published("evil")))
			for {
				c, err := body.ReadByte()
				if err != nil {
					return
				}
				if _, err := w.Write([]byte{c}); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				time.Sleep(time.Second)
			}
		})
	},
}

func status(code int) func(*issuer) {
	return func(is *issuer) { is.answer(write(code, "")) }
}

func write(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		if body != "" {
			_, _ = io.WriteString(w, body)
		}
	}
}

func hugeHeader(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Huge", strings.Repeat("x", 80<<10))
	fmt.Fprint(w, published("evil"))
}

func TestFaultsCold(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := newIssuer(t, "")
				fault(is)
				r := is.remote(t)
				began := time.Now()
				_, err := r.Current(t.Context())
				unavailable(t, err)
				if waited := time.Since(began); waited > 5*time.Second {
					t.Errorf("told after %v", waited)
				}
				if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "evil") {
					t.Errorf("the error quotes the response: %v", err)
				}
				// Once it works again keys are there within 5 seconds, after a
				// hang within 10, without anybody asking.
				time.Sleep(time.Minute)
				is.serve(published("a"))
				time.Sleep(10 * time.Second)
				if name != "hang" && name != "slow drip" {
					if age := r.Status().Age; age < 5*time.Second {
						t.Errorf("recovered only %v before", age)
					}
				}
				if set := current(t, r); !has(set, "a") || has(set, "evil") {
					t.Errorf("keys %v", r.Status().KeyIDs)
				}
				if s := r.Status(); s.Failures != 0 || s.LastError != nil {
					t.Errorf("after recovery: %+v", s)
				}
			})
		})
	}
}

func TestFaultsWarm(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := newIssuer(t, published("a"))
				r := is.remote(t, func(c *jwks.Config) {
					c.RefreshInterval, c.MaxStale = time.Minute, 4*time.Minute
				})
				began := time.Now()
				good := current(t, r)
				fault(is)
				// Keys are served up to max-stale, and nobody waits for them.
				for time.Since(began) < 4*time.Minute-time.Second {
					time.Sleep(500 * time.Millisecond)
					if current(t, r) != good {
						t.Fatal("the good set is gone")
					}
				}
				if s := r.Status(); s.LastError == nil || s.Failures < 2 || !s.Usable {
					t.Errorf("status %+v", s)
				}
				// An unknown key cannot be judged then: not known, or not known yet?
				_, err := r.Newer(t.Context(), good)
				unavailable(t, err)

				time.Sleep(time.Until(began.Add(4 * time.Minute)))
				_, err = r.Current(t.Context())
				unavailable(t, err)
				if r.Status().Usable {
					t.Error("usable after max-stale")
				}
				if time.Since(began) > 4*time.Minute+5*time.Second {
					t.Errorf("told %v too late", time.Since(began)-4*time.Minute)
				}
				// Within 5 seconds of the endpoint's return all is well again, within
				// 10 if a request still hangs there.
				is.serve(published("a"))
				recovery := 5 * time.Second
				if name == "hang" || name == "slow drip" {
					recovery *= 2
				}
				time.Sleep(recovery)
				synctest.Wait()
				if set := current(t, r); !has(set, "a") || has(set, "evil") {
					t.Errorf("keys %v", r.Status().KeyIDs)
				}
			})
		})
	}
}

// TestOutageRate: the rate of requests during an outage does not grow, and
// neither does anything else.
func TestOutageRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		r := is.remote(t)
		current(t, r)
		status(http.StatusInternalServerError)(is)
		time.Sleep(time.Hour)
		synctest.Wait()
		requests, goroutines := is.count(), runtime.NumGoroutine()
		for range 3 {
			time.Sleep(time.Hour)
			synctest.Wait()
			if n := is.count() - requests; n < 900 || n > 1000 { // every 3.6 to 4 s
				t.Errorf("%d requests in an hour", n)
			}
			requests = is.count()
		}
		if n := runtime.NumGoroutine(); n > goroutines+5 { // other tests' among them
			t.Errorf("%d goroutines became %d", goroutines, n)
		}
	})
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		status(http.StatusBadGateway)(is)
		r := is.remote(t)
		_, err := r.Current(t.Context())
		unavailable(t, err)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		for i, want := range []time.Duration{1, 2, 4, 4, 4, 4} {
			want *= time.Second
			got := is.requests[i+1].at.Sub(is.requests[i].at)
			if got > want || got < want-want/10 {
				t.Errorf("attempt %d came after %v, want %v", i+1, got, want)
			}
		}
	})
}

func TestRetryAfter(t *testing.T) {
	tests := []struct {
		value    string
		from, to time.Duration // when the second attempt comes
	}{
		{"20", 20 * time.Second, 20 * time.Second},
		{"Sat, 01 Jan 2000 00:00:20 GMT", 20 * time.Second, 20 * time.Second},
		{"0", 900 * time.Millisecond, time.Second},
		{"86400", 30 * time.Second, 30 * time.Second},
		{"Sun, 01 Jan 2040 00:00:00 GMT", 30 * time.Second, 30 * time.Second},
		{"Fri, 31 Dec 1999 00:00:00 GMT", 900 * time.Millisecond, time.Second},
		{"soon", 900 * time.Millisecond, time.Second},
		{"-1", 900 * time.Millisecond, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := newIssuer(t, "")
				is.answer(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Retry-After", tt.value)
					w.WriteHeader(http.StatusServiceUnavailable)
				})
				r := is.remote(t)
				_, err := r.Current(t.Context())
				if got := unavailable(t, err).RetryAfter; got < tt.from || got > tt.to {
					t.Errorf("RetryAfter = %v", got)
				}
				time.Sleep(31 * time.Second)
				synctest.Wait()
				if is.count() < 2 {
					t.Fatal("no second attempt")
				}
				if got := is.requests[1].at.Sub(is.requests[0].at); got < tt.from || got > tt.to {
					t.Errorf("second attempt after %v, want %v to %v", got, tt.from, tt.to)
				}
			})
		})
	}
	// Either of the metadata documents may ask for it.
	for _, refusing := range []string{rfc, openid} {
		synctest.Test(t, func(t *testing.T) {
			is := newIssuer(t, "")
			newSite(is).handle(refusing, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "20")
				w.WriteHeader(http.StatusServiceUnavailable)
			})
			_, err := is.remote(t, discovering(host)).Current(t.Context())
			if u := unavailable(t, err); u.RetryAfter != 20*time.Second {
				t.Errorf("%s: RetryAfter = %v", refusing, u.RetryAfter)
			}
		})
	}
	// Unknown key ids do not break the peace either.
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		r := is.remote(t)
		set := current(t, r)
		is.answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "25")
			w.WriteHeader(http.StatusTooManyRequests)
		})
		for range 3 {
			_, err := r.Newer(t.Context(), set)
			if u := unavailable(t, err); u.RetryAfter != 25*time.Second {
				t.Errorf("RetryAfter = %v", u.RetryAfter)
			}
		}
		if is.count() != 2 {
			t.Errorf("%d requests", is.count())
		}
	})
}

// Being left alone, as the issuer asks, is not what makes good keys too old.
func TestRetryAfterLeavesKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		r := is.remote(t, func(c *jwks.Config) { c.RefreshInterval, c.MaxStale = 5*time.Second, 20*time.Second })
		_ = current(t, r)
		is.answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		})
		time.Sleep(6 * time.Second)
		synctest.Wait()
		is.serve(published("a")) // one refusal, and all is well again
		for range 60 {
			if _, err := r.Current(t.Context()); err != nil {
				t.Fatalf("without keys after %d requests: %v", is.count(), err)
			}
			time.Sleep(time.Second)
		}
	})
}

// Once the keys have run out in an outage, nobody waits for an issuer that hangs.
func TestNobodyWaitsInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		r := is.remote(t, func(c *jwks.Config) { c.RefreshInterval, c.MaxStale = 5*time.Second, 15*time.Second })
		_ = current(t, r)
		is.hang()
		time.Sleep(16 * time.Second)
		for range 300 {
			began := time.Now()
			_, err := r.Current(t.Context())
			unavailable(t, err)
			if waited := time.Since(began); waited > 0 {
				t.Fatalf("a reader waited %v", waited)
			}
			time.Sleep(100 * time.Millisecond)
		}
		is.serve(published("a"))
		time.Sleep(10 * time.Second)
		_ = current(t, r)
	})
}

type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) { panic("secret") }

type exiting struct{}

func (exiting) RoundTrip(*http.Request) (*http.Response, error) {
	runtime.Goexit()
	return nil, nil
}

func TestBadTransport(t *testing.T) {
	for name, transport := range map[string]http.RoundTripper{"panics": panicking{}, "exits": exiting{}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newIssuer(t, "").remote(t, func(c *jwks.Config) { c.Transport = transport })
				_, err := r.Current(t.Context())
				unavailable(t, err)
				if strings.Contains(err.Error(), "secret") {
					t.Errorf("%v", err)
				}
				time.Sleep(time.Minute)
				if n := r.Status().Failures; n < 10 {
					t.Errorf("it gave up after %d attempts", n)
				}
			})
		})
	}
}

// A fickle clock panics once when told to.
type fickle struct {
	skewed
	panics atomic.Bool
}

func (c *fickle) Now() time.Time {
	if c.panics.Swap(false) {
		panic("secret")
	}
	return c.skewed.Now()
}

// TestPanicWhileReading: whatever breaks in the middle of an attempt ends the
// attempt and nothing else. Here it is the clock, asked about a refusal.
func TestPanicWhileReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		clock := &fickle{skewed: skewed{outside: realTime, inside: time.Now()}}
		is.answer(func(w http.ResponseWriter, _ *http.Request) {
			clock.panics.Store(true)
			w.WriteHeader(http.StatusBadGateway)
		})
		r := is.remote(t, func(c *jwks.Config) { c.Clock = clock })
		_, err := r.Current(t.Context())
		if u := unavailable(t, err); u.Err.Error() != "the fetch did not come to an end" {
			t.Errorf("%v", err)
		}
		is.serve(published("a"))
		time.Sleep(time.Second)
		synctest.Wait()
		current(t, r)
	})
}

// A skewed clock is one whose wall clock was set, or went on while the machine
// slept and the monotonic clock stood still.
type skewed struct {
	outside, inside time.Time // the same moment; time.Now has no monotonic reading in a bubble

	mu   sync.Mutex
	skew time.Duration
}

// realTime has a monotonic reading, as it is taken outside of any bubble.
var realTime = time.Now()

func newSkewed() *skewed { return &skewed{outside: realTime, inside: time.Now()} }

func (c *skewed) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.outside.Add(time.Since(c.inside))
	// No function sets the two readings of a time.Time apart: the wall seconds
	// stand above 30 bits of nanoseconds in its first word.
	*(*uint64)(unsafe.Pointer(&now)) += uint64(int64(c.skew/time.Second)) << 30
	return now
}

func (c *skewed) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

func (c *skewed) set(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skew = d
}

func TestSkewedClock(t *testing.T) {
	c := newSkewed()
	before := c.Now()
	c.set(-time.Hour)
	if after := c.Now(); after.Sub(before) < 0 || after.Round(0).Sub(before.Round(0)) > -59*time.Minute {
		t.Fatalf("the clock of these tests does not work: %v then %v", before, after)
	}
}

func TestSuspendedMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		clock := newSkewed()
		r := is.remote(t, func(c *jwks.Config) { c.Clock = clock })
		current(t, r)
		synctest.Wait() // or the lock may still be held, and the reader passes by

		// Long enough that a refresh was missed: the reader does not wait, but
		// sees to it that the refresh is made up for, once.
		is.serve(published("b"))
		clock.set(20 * time.Minute)
		for range 100 {
			current(t, r)
		}
		synctest.Wait()
		if set := current(t, r); !has(set, "b") || is.count() != 2 {
			t.Errorf("keys %v after %d requests", r.Status().KeyIDs, is.count())
		}

		// During an outage it is the next attempt that is made up for.
		status(http.StatusBadGateway)(is)
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		failures := r.Status().Failures
		clock.set(21 * time.Minute)
		current(t, r)
		synctest.Wait()
		if got := r.Status().Failures; got != failures+1 {
			t.Errorf("%d failures, then %d", failures, got)
		}

		// Long enough that the keys are too old: the reader waits.
		is.serve(published("c"))
		clock.set(3 * time.Hour)
		if set := current(t, r); !has(set, "c") {
			t.Errorf("keys %v", r.Status().KeyIDs)
		}
		is.refuse()
		clock.set(6 * time.Hour)
		_, err := r.Current(t.Context())
		unavailable(t, err)
		// And in the middle of a back-off.
		is.serve(published("d"))
		clock.set(9 * time.Hour)
		if set := current(t, r); !has(set, "d") {
			t.Errorf("keys %v", r.Status().KeyIDs)
		}
	})
}

func TestWallClockSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		clock := newSkewed()
		r := is.remote(t, func(c *jwks.Config) { c.Clock = clock })
		set := current(t, r)
		clock.set(-1000 * time.Hour)
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := is.count(); current(t, r) != set || n < 6 || n > 8 {
			t.Errorf("%d requests in an hour", n)
		}
		// Set back during an outage, keys do not live any longer either.
		is.refuse()
		clock.set(-2000 * time.Hour)
		time.Sleep(time.Hour)
		_, err := r.Current(t.Context())
		unavailable(t, err)
		if wait := unavailable(t, err).RetryAfter; wait > 4*time.Second {
			t.Errorf("RetryAfter = %v", wait)
		}
		is.serve(published("b"))
		time.Sleep(5 * time.Second)
		if !has(current(t, r), "b") {
			t.Error("no recovery")
		}
	})
}

// Where nothing ever came it is worth waiting: it is not known that the issuer hangs.
func TestWaitsForFirstKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		r := is.remote(t)
		is.refuse()
		_, err := r.Current(t.Context())
		unavailable(t, err)
		is.answer(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(3 * time.Second)
			_, _ = w.Write([]byte(published("a")))
		})
		time.Sleep(2 * time.Second) // the next attempt is under way
		if _, err := r.Current(t.Context()); err != nil {
			t.Errorf("the keys came, and a reader got %v", err)
		}
		time.Sleep(5 * time.Second) // for the attempt, if nobody waited for it
	})
}

// Once the keys have run out there is nothing to be saved by asking sooner.
func TestRetryAfterWithoutGoodKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		r := is.remote(t, func(c *jwks.Config) { c.RefreshInterval, c.MaxStale = 5*time.Second, 10*time.Second })
		_ = current(t, r)
		is.answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "25")
			w.WriteHeader(http.StatusTooManyRequests)
		})
		time.Sleep(16 * time.Second)
		before := is.count()
		time.Sleep(15 * time.Second)
		if n := is.count() - before; n != 0 {
			t.Errorf("%d requests in spite of Retry-After", n)
		}
	})
}

// A machine that was suspended knows nothing of how its issuer is by now: everybody
// waits for the first attempt, also if the last one before had failed.
func TestEverybodyWaitsAfterSuspension(t *testing.T) {
	for _, failed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			is := newIssuer(t, published("a"))
			clock := newSkewed()
			r := is.remote(t, func(c *jwks.Config) { c.Clock = clock })
			current(t, r)
			synctest.Wait()
			if failed {
				status(http.StatusBadGateway)(is)
				time.Sleep(15 * time.Minute)
				synctest.Wait()
			}
			is.answer(func(w http.ResponseWriter, _ *http.Request) {
				time.Sleep(50 * time.Millisecond)
				_, _ = w.Write([]byte(published("b")))
			})
			clock.set(3 * time.Hour)
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					if _, err := r.Current(t.Context()); err != nil {
						t.Errorf("failed before: %v; a reader got %v", failed, err)
					}
				})
			}
			wg.Wait()
		})
	}
}
