package validator_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// TestFaultColdStampede: a thousand requests before there are any keys share one
// fetch.
func TestFaultColdStampede(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{})
		is.Delay(time.Second)
		v := is.Validator()
		token := is.Mint(validatortest.Claims{})
		began := time.Now()
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if _, err := v.Validate(t.Context(), bearerToken(token)); err != nil || time.Since(began) != 2*time.Second {
					t.Errorf("%v after %v", err, time.Since(began))
				}
			})
		}
		wg.Wait()
		if is.Requests(validatortest.Metadata) != 1 || is.Requests(validatortest.KeySet) != 1 {
			t.Errorf("%d requests", is.Requests())
		}
	})
}

const randomKIDs = 1_000_000 / raceFactor

// TestFaultRandomKIDs: a million key ids that nobody has cost what the bucket
// holds, and leave nothing behind.
func TestFaultRandomKIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{})
		v := is.Validator()
		good := is.Mint(validatortest.Claims{})
		if got := ask(t, is, v, good); got.code != 0 {
			t.Fatal(got.code)
		}
		_, rest, _ := strings.Cut(good, ".")
		forged := func(worker, i int) string {
			header := fmt.Sprintf(`{"alg":"ES256","kid":"%d-%d","typ":"at+jwt"}`, worker, i)
			return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + rest
		}
		flood := func(n int) {
			var wg sync.WaitGroup
			for worker := range 4 {
				wg.Go(func() {
					for i := range n / 4 {
						_, err := v.Validate(t.Context(), bearerToken(forged(worker, i)))
						if code := errorCode(t, err); code != validator.CodeKeyUnknown {
							t.Errorf("%v", code)
							return
						}
					}
				})
			}
			wg.Wait()
		}
		flood(randomKIDs / 100)
		before := heapInUse()
		flood(randomKIDs)
		if after := heapInUse(); after > before+1<<20 {
			t.Errorf("the heap grew from %d to %d bytes", before, after)
		}
		if n := is.Requests(validatortest.KeySet); n != 1+2 {
			t.Errorf("%d fetches, want the first and two more", n)
		}
		if got := ask(t, is, v, good); got.code != 0 || got.waited != 0 {
			t.Errorf("a valid token in between: %+v", got)
		}
	})
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// TestFaultForgedNeverDelayValid: while any number of unknown key ids wait for an
// endpoint that hangs, a valid token does not.
func TestFaultForgedNeverDelayValid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{})
		v := is.Validator()
		good := is.Mint(validatortest.Claims{})
		if got := ask(t, is, v, good); got.code != 0 {
			t.Fatal(got.code)
		}
		is.Fail(validatortest.Hang)
		forged := is.MintWith(is.NewKey(), validatortest.Claims{})
		var waiting sync.WaitGroup
		for range 1000 {
			waiting.Go(func() { _, _ = v.Validate(t.Context(), bearerToken(forged)) })
		}
		synctest.Wait()
		for range 10 {
			if got := ask(t, is, v, good); got.code != 0 || got.waited != 0 {
				t.Errorf("%+v", got)
			}
			time.Sleep(fetchTimeout / 10)
		}
		waiting.Wait()
	})
}

// TestFaultRefreshesLeakNothing: a thousand refreshes that fail, over sockets and
// the transport of production, leave goroutines and descriptors as they were.
func TestFaultRefreshesLeakNothing(t *testing.T) {
	atFirst := runtime.NumGoroutine()
	clock := validatortest.NewClock(epoch)
	is := validatortest.Start(t, validatortest.Config{Loopback: true, Clock: clock})
	done := make(chan jwks.EventKind, 16)
	keys := is.Keys(func(c *jwks.Config) {
		c.URL, c.Issuer = is.KeysURL(), ""
		c.Transport = nil
		c.OnEvent = func(e jwks.Event) {
			if e.Kind == jwks.Refreshed || e.Kind == jwks.RefreshFailed {
				done <- e.Kind
			}
		}
	})
	if err := keys.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got != jwks.Refreshed {
		t.Fatal(got)
	}
	// Those that fail at once: the others take time, and have a bubble below.
	faults := []validatortest.Fault{
		validatortest.Refuse, validatortest.Reset, validatortest.ServerError, validatortest.Garbage,
		validatortest.Truncated, validatortest.EmptySet, validatortest.Redirect,
	}
	fail := func(n int) {
		for i := range n {
			is.Fail(faults[i%len(faults)])
			if i%50 == 0 {
				is.Fail(validatortest.HugeBody)
			}
			clock.Advance(keys.Status().NextRefresh.Sub(clock.Now()))
			if got := <-done; got != jwks.RefreshFailed {
				t.Fatal(got)
			}
		}
	}
	fail(10)
	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors()
	fail(1000)
	settles(t, "goroutines", goroutines+2, runtime.NumGoroutine)
	settles(t, "descriptors", descriptors+2, openDescriptors)
	if n := keys.Status().Failures; n != 1010 {
		t.Errorf("%d failures", n)
	}
	if n := clock.Timers(); n != 1 {
		t.Errorf("%d timers", n)
	}
	is.Close()
	settles(t, "goroutines at the end", atFirst, runtime.NumGoroutine)
	if n := clock.Timers(); n != 0 {
		t.Errorf("%d timers at the end", n)
	}
}

// settles waits until a number is down to a limit. Connections end when their
// other side has noticed.
func settles(t *testing.T, what string, limit int, now func() int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for now() > limit {
		if time.Now().After(deadline) {
			t.Errorf("%d %s, want at most %d", now(), what, limit)
			return
		}
		runtime.Gosched()
	}
}

// openDescriptors counts what the process has open, where the system tells.
func openDescriptors() int {
	open, err := os.ReadDir("/dev/fd")
	if err != nil {
		return 0
	}
	return len(open)
}

// TestFaultHungRefreshesLeakNothing: the same for answers that never come.
func TestFaultHungRefreshesLeakNothing(t *testing.T) {
	for _, fault := range []validatortest.Fault{validatortest.Hang, validatortest.SlowDrip} {
		t.Run(string(fault), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := validatortest.Start(t, validatortest.Config{})
				keys := is.Keys(func(c *jwks.Config) { c.URL, c.Issuer = is.KeysURL(), "" })
				if err := keys.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				is.Fail(fault)
				failures := func(n int) {
					for keys.Status().Failures < n {
						time.Sleep(time.Second)
						synctest.Wait()
					}
					for keys.Status().Refreshing {
						time.Sleep(100 * time.Millisecond)
						synctest.Wait()
					}
				}
				failures(10)
				before := runtime.NumGoroutine()
				failures(1000)
				if after := runtime.NumGoroutine(); after > before+2 {
					t.Errorf("%d goroutines became %d", before, after)
				}
			})
		})
	}
}

// outageHours is a day, and an eighth of it under the race detector: an outage is
// 22,000 fetches a day.
const outageHours = 24 / min(raceFactor, 8)

// TestFaultDay: in every one of 24 hours the issuer is asked as often as in the
// others, whether all is quiet, key ids are made up all the time, or the issuer
// is out of order.
func TestFaultDay(t *testing.T) {
	tests := []struct {
		name        string
		fault       validatortest.Fault
		hours       int
		floodEvery  time.Duration
		least, most int // fetches in an hour
	}{
		{name: "quiet", hours: 24, floodEvery: 24 * time.Hour, least: 6, most: 7},
		{name: "flood", hours: 24, floodEvery: 10 * time.Second, least: 119, most: 121},
		{name: "outage", fault: validatortest.ServerError, hours: outageHours, floodEvery: 24 * time.Hour, least: 900, most: 1000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := validatortest.Start(t, validatortest.Config{})
				v := is.Validator(func(c *validator.Config) {
					c.Keys = is.Keys(func(c *jwks.Config) { c.URL, c.Issuer = is.KeysURL(), "" })
				})
				forged := is.MintWith(is.NewKey(), validatortest.Claims{}.ExpiresIn(48*time.Hour))
				if got := ask(t, is, v, is.Mint(validatortest.Claims{})); got.code != 0 {
					t.Fatal(got.code)
				}
				is.Fail(tt.fault)
				time.Sleep(time.Hour)
				before := is.Requests()
				for hour := range tt.hours {
					for passed := time.Duration(0); passed < time.Hour; passed += tt.floodEvery {
						if tt.floodEvery < time.Hour {
							_, _ = v.Validate(t.Context(), bearerToken(forged))
						}
						time.Sleep(min(tt.floodEvery, time.Hour))
					}
					synctest.Wait()
					if n := is.Requests() - before; n < tt.least || n > tt.most {
						t.Errorf("hour %d: %d requests, want %d to %d", hour, n, tt.least, tt.most)
					}
					before = is.Requests()
				}
			})
		})
	}
}
