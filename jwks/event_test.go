package jwks_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

// A recorder notes events as text.
type recorder struct {
	mu     sync.Mutex
	events []string
}

func (rec *recorder) note(e jwks.Event) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	text := string(e.Kind)
	for _, detail := range []any{e.KeyID, string(e.Reason), e.Keys, e.Failures, e.Suppressed, e.Age} {
		if s := fmt.Sprint(detail); s != "" && s != "0" && s != "0s" {
			text += " " + s
		}
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Time.IsZero() {
		text += " at no time"
	}
	rec.events = append(rec.events, text)
}

// since returns what was noted since the last call.
func (rec *recorder) since() string {
	synctest.Wait()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	text := strings.Join(rec.events, "; ")
	rec.events = nil
	return text
}

func TestEvents(t *testing.T) {
	a, b, c := describe("a", ecKey("P-256", "a")), describe("b", ecKey("P-256", "b")), describe("c", ecKey("P-256", "c"))
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, document(a, b))
		var rec recorder
		r := is.remote(t, func(c *jwks.Config) { c.OnEvent = rec.note })
		current(t, r)
		steps := []struct{ name, doc, want string }{
			{"first", "", "refreshed 2; key added a; key added b"},
			{"unchanged", document(a, b), "refreshed 2"},
			{"rotation", document(b, c), "refreshed 2; key added c; key removed a"},
			{"bad key", document(b, c, a.with("use", "enc")), "refreshed 2; key dropped a not for verifying signatures"},
			{"same bad key", document(b, c, a.with("use", "enc")), "refreshed 2"},
			{"same id", document(b, describe("c", ecKey("P-256", "c2"))), "refreshed 2; key replaced under the same id c"},
			{"one alg named", document(b.with("alg", "ES256"), describe("c", ecKey("P-256", "c2"))), "refreshed 2; key added b; key removed b"},
			{"no overlap", document(a), "refreshed 1; key added a; key removed b; key removed c; rotation without overlap"},
		}
		for i, step := range steps {
			if i > 0 {
				is.serve(step.doc)
				time.Sleep(10 * time.Minute)
				// An early second refresh of the same document would only add noise.
			}
			got := rec.since()
			if got != step.want && !strings.HasPrefix(got, step.want+"; refreshed") {
				t.Errorf("%s:\n got %s\nwant %s", step.name, got, step.want)
			}
		}
		is.serve(`{"keys":[{"kty":"oct","kid":"s"}]}`)
		set := current(t, r)
		time.Sleep(time.Millisecond)
		_, err := r.Newer(t.Context(), set)
		unavailable(t, err)
		want := "refresh failed 1: key set at /keys: the key set has keys but none that can be used; key dropped s symmetric key; stale served "
		if got := rec.since(); !strings.HasPrefix(got, want) {
			t.Errorf("failure:\n got %s\nwant %s…", got, want)
		}
		time.Sleep(time.Hour)
		rec.since()
		time.Sleep(10 * time.Second)
		if got := rec.since(); !strings.Contains(got, "refresh failed") || strings.Contains(got, "stale served") {
			t.Errorf("after max-stale: %s", got)
		}
	})
}

func TestFloodEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		var rec recorder
		r := is.remote(t, func(c *jwks.Config) { c.OnEvent = rec.note })
		set := current(t, r)
		flood := func(n int) {
			for range n {
				if _, err := r.Newer(t.Context(), set); err != nil {
					t.Error(err)
				}
			}
		}
		rec.since()
		flood(100)
		if got := rec.since(); got != "refreshed 1; refreshed 1; flood suppressed 1" {
			t.Error(got)
		}
		time.Sleep(30 * time.Second)
		flood(100)
		if got := rec.since(); got != "refreshed 1; flood suppressed 98" {
			t.Error(got)
		}
	})
}

func TestHookThatMisbehaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		release := make(chan struct{})
		var mu sync.Mutex
		var kinds []jwks.EventKind
		var r *jwks.Remote
		r = is.remote(t, func(c *jwks.Config) {
			c.OnEvent = func(e jwks.Event) {
				mu.Lock()
				kinds = append(kinds, e.Kind)
				mu.Unlock()
				r.Status() // may be called from here
				<-release
				panic("of the hook")
			}
		})
		current(t, r) // and does not wait for the hook
		is.serve(published("a", "b"))
		time.Sleep(time.Hour)
		synctest.Wait()
		if !has(current(t, r), "b") || len(kinds) != 1 {
			t.Errorf("keys %v, events %v", r.Status().KeyIDs, kinds)
		}
		close(release)
		synctest.Wait()
		if want := []jwks.EventKind{jwks.Refreshed, jwks.KeyAdded, jwks.Refreshed, jwks.KeyAdded}; len(kinds) < 8 || !slices.Equal(kinds[:4], want) {
			t.Errorf("events %v", kinds)
		}
	})
}

// TestPendingEventsAreBounded: a hook that hangs costs a bounded amount of memory,
// and Close drops what is pending.
func TestPendingEventsAreBounded(t *testing.T) {
	many := func(prefix string) string {
		keys := []any{describe("k", edKey(1))}
		for i := range 1000 { // each is dropped
			keys = append(keys, jwk{"kid": fmt.Sprint(prefix, i)})
		}
		return document(keys...)
	}
	// pile lets events pile up behind the first one, and release lets one pass.
	pile := func(t *testing.T) (r *jwks.Remote, n *int, release chan struct{}) {
		is := newIssuer(t, many("a"))
		n, release = new(int), make(chan struct{})
		r = is.remote(t, func(c *jwks.Config) {
			c.OnEvent = func(jwks.Event) { *n++; <-release }
		})
		current(t, r)
		for i := range 5 { // a thousand events each
			is.serve(many(fmt.Sprint(i, "-")))
			time.Sleep(10 * time.Minute)
		}
		synctest.Wait()
		return r, n, release
	}
	synctest.Test(t, func(t *testing.T) {
		r, n, release := pile(t)
		release <- struct{}{}
		synctest.Wait()
		go func() { time.Sleep(time.Second); close(release) }()
		_ = r.Close() // waits for the one under way
		if *n != 2 {
			t.Errorf("%d events, some after Close", *n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		_, n, release := pile(t)
		close(release)
		synctest.Wait()
		if *n < 4096 || *n > 4100 {
			t.Errorf("%d events were pending", *n)
		}
	})
}

// TestAgeCountsFromTheRequest: what takes long to arrive is that much older.
func TestAgeCountsFromTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		is.answer(slowly(published("a")))
		r := is.remote(t)
		if err := r.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if age := r.Status().Age; age != time.Second {
			t.Errorf("age %v", age)
		}
	})
}

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, document(describe("a", edKey(1)), describe("", edKey(2)), `{"kid":"x"}`))
		r := is.remote(t)
		current(t, r)
		fetched := time.Now()
		time.Sleep(time.Minute)
		s := r.Status()
		next := s.NextRefresh.Sub(fetched)
		if s.Issuer != "" || s.URL != keysURL || !slices.Equal(s.KeyIDs, []string{"a", ""}) ||
			fmt.Sprint(s.Dropped) != "[{2 x unsupported key type or curve}]" || !s.Usable || s.Age != time.Minute ||
			!s.LastSuccess.Equal(fetched) || s.LastError != nil || s.Failures != 0 || s.Refreshing ||
			next < 9*time.Minute || next > 10*time.Minute {
			t.Errorf("status %+v", s)
		}
		is.hang()
		time.Sleep(time.Until(s.NextRefresh) + time.Second)
		if s := r.Status(); !s.Refreshing || !s.NextRefresh.IsZero() || !s.Usable {
			t.Errorf("status %+v", s)
		}
		time.Sleep(4500 * time.Millisecond)
		s = r.Status()
		if s.Refreshing || s.LastError == nil || s.Failures != 1 || !s.LastSuccess.Equal(fetched) ||
			time.Until(s.NextRefresh) <= 0 || time.Until(s.NextRefresh) > time.Second {
			t.Errorf("status %+v", s)
		}
	})
}
