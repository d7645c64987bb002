package introspect_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/introspect"
)

func TestCacheTimes(t *testing.T) {
	tests := []struct {
		name    string
		body    string
		edit    func(*introspect.CacheConfig)
		want    validator.Code
		lasts   time.Duration // how long it is remembered
		atLast  validator.Code
		changed string // what the server says by then
	}{
		{"active, by default", active(time.Hour), nil, 0, time.Minute, 0, active(time.Hour)},
		{"active, TTL", active(time.Hour), func(c *introspect.CacheConfig) { c.TTL = 10 * time.Minute }, 0, 10 * time.Minute, 0, active(time.Hour)},
		{"never beyond exp", active(30 * time.Second), nil, 0, 30 * time.Second, validator.CodeTokenInactive, active(30 * time.Second)},
		{"without exp", `{"active":true}`, nil, 0, time.Minute, 0, `{"active":true}`},
		{"revoked", active(time.Hour), nil, 0, time.Minute, validator.CodeTokenInactive, `{"active":false}`},
		{"inactive, by default", `{"active":false}`, nil, validator.CodeTokenInactive, 10 * time.Second, 0, active(time.Hour)},
		{"inactive, InactiveTTL", `{"active":false}`, func(c *introspect.CacheConfig) { c.InactiveTTL = time.Minute }, validator.CodeTokenInactive, time.Minute, 0, active(time.Hour)},
		{"inactive, by a short TTL", `{"active":false}`, func(c *introspect.CacheConfig) { c.TTL = time.Second }, validator.CodeTokenInactive, time.Second, 0, active(time.Hour)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			s.say(tt.body)
			c := s.client(t, func(c *introspect.Config) {
				if tt.edit != nil {
					tt.edit(&c.Cache)
				}
			})
			ask(t, c, "token", tt.want)
			s.say(tt.changed)
			s.clock.Advance(tt.lasts - time.Nanosecond)
			ask(t, c, "token", tt.want)
			if s.count() != 1 {
				t.Errorf("%d requests before the time was over", s.count())
			}
			s.clock.Advance(time.Nanosecond)
			ask(t, c, "token", tt.atLast)
			if s.count() != 2 {
				t.Errorf("%d requests when the time was over", s.count())
			}
			if c.Stats().Entries != 1 {
				t.Errorf("%+v", c.Stats())
			}
		})
	}
}

func TestCacheOff(t *testing.T) {
	s := newServer(t)
	s.say(active(time.Hour))
	c := s.client(t, func(c *introspect.Config) { c.Cache.Off = true })
	for range 3 {
		ask(t, c, "token", 0)
	}
	if s.count() != 3 || c.Stats().Entries != 0 {
		t.Errorf("%d requests, %+v", s.count(), c.Stats())
	}
}

// Answers are found by the whole token.
func TestCacheKeepsTokensApart(t *testing.T) {
	s := newServer(t)
	s.does(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"active":true,"sub":%q}`, r.PostForm.Get("token"))
	})
	c := s.client(t)
	for range 2 {
		for i := range 50 {
			token := fmt.Sprint("token", i)
			if got := string(ask(t, c, token, 0)); !strings.Contains(got, `"`+token+`"`) {
				t.Errorf("%s: %s", token, got)
			}
		}
	}
	if s.count() != 50 {
		t.Errorf("%d requests", s.count())
	}
}

// serveByPrefix knows tokens that begin with "good".
func serveByPrefix(padding int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		good := strings.HasPrefix(r.PostForm.Get("token"), "good")
		fmt.Fprintf(w, `{"active":%v,"x":%q}`, good, strings.Repeat("x", padding))
	}
}

// A flood neither grows the memory nor washes out what is in use, be it of tokens
// that are good or not.
func TestCacheFlood(t *testing.T) {
	for _, prefix := range []string{"good", "bad"} {
		t.Run(prefix, func(t *testing.T) {
			s := newServer(t)
			s.does(serveByPrefix(0))
			c := s.client(t, func(c *introspect.Config) { c.Cache.Entries = 160 })
			inUse := func() {
				for i := range 20 {
					ask(t, c, fmt.Sprint("good-in-use", i), 0)
				}
			}
			inUse()
			inUse()
			want := validator.Code(0)
			if prefix == "bad" {
				want = validator.CodeTokenInactive
			}
			for i := range 1000 {
				token := fmt.Sprint(prefix, i)
				ask(t, c, token, want)
				if prefix == "bad" {
					ask(t, c, token, want) // twice: bad tokens may try hard
				}
			}
			before := s.count()
			inUse()
			if s.count() != before {
				t.Errorf("%d of 20 answers were washed out", s.count()-before)
			}
			if got := c.Stats(); got.Entries > 160 || got.Evictions == 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

// An answer that is renewed keeps its place: after its TTL a token in use is not on
// probation again.
func TestCacheRenewalKeepsItsPlace(t *testing.T) {
	s := newServer(t)
	s.does(serveByPrefix(0))
	c := s.client(t, func(c *introspect.Config) { c.Cache.Entries = 160 })
	flood := func(name string) {
		for i := range 300 {
			ask(t, c, fmt.Sprint("good-", name, i), 0)
		}
	}
	ask(t, c, "good", 0)
	ask(t, c, "good", 0)
	flood("a")
	s.clock.Advance(time.Minute)
	ask(t, c, "good", 0)
	flood("b")
	before := s.count()
	ask(t, c, "good", 0)
	if s.count() != before {
		t.Error("washed out")
	}
}

func TestCacheBytes(t *testing.T) {
	s := newServer(t)
	s.does(serveByPrefix(40 << 10))
	c := s.client(t, func(c *introspect.Config) { c.Cache.Bytes = 1 << 20 })
	for i := range 100 {
		ask(t, c, fmt.Sprint("good", i), 0)
		if got := c.Stats(); got.Bytes > 1<<20 || got.Bytes < got.Entries*40<<10 {
			t.Fatalf("%+v", got)
		}
	}
	if got := c.Stats(); got.Entries < 10 || got.Evictions == 0 {
		t.Errorf("%+v", got)
	}
}

// What is asked for goes on being remembered, though others are asked for twice.
func TestCacheSecondChance(t *testing.T) {
	s := newServer(t)
	s.does(serveByPrefix(0))
	c := s.client(t, func(c *introspect.Config) { c.Cache.Entries = 40 })
	for i := range 500 {
		ask(t, c, "good", 0)
		for range 2 {
			ask(t, c, fmt.Sprint("good", i), 0)
		}
	}
	if s.count() > 502 { // when the cache is full for the first time, everybody is new
		t.Errorf("%d requests about 501 tokens", s.count())
	}
}

// An answer that has grown when it is renewed counts for what it is.
func TestCacheBytesOfRenewal(t *testing.T) {
	s := newServer(t)
	s.does(serveByPrefix(0))
	c := s.client(t, func(c *introspect.Config) { c.Cache.Bytes = 1 << 20 })
	ask(t, c, "good", 0)
	s.does(serveByPrefix(40 << 10))
	s.clock.Advance(time.Minute)
	ask(t, c, "good", 0)
	if got := c.Stats(); got.Bytes < 40<<10 || got.Entries != 1 {
		t.Errorf("%+v", got)
	}
}
