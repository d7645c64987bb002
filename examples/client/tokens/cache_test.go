package tokens_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/bearerguard/bearerguard/examples/client/tokens"
)

// issuing is a source of numbered tokens.
type issuing struct {
	lifetime time.Duration // zero: not said
	pause    chan struct{} // nil: it answers at once

	mu     sync.Mutex
	issued int
	err    error
}

func (s *issuing) Token() (*oauth2.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pause != nil {
		<-s.pause
	}
	if s.err != nil {
		return nil, s.err
	}
	s.issued++
	token := &oauth2.Token{AccessToken: string(rune('A' + s.issued - 1)), TokenType: "Bearer"}
	if s.lifetime != 0 {
		token.Expiry = time.Now().Add(s.lifetime)
	}
	return token, nil
}

// A token is used until shortly before it expires: half a minute, or a fifth of a
// short life.
func TestCacheRenewsInTime(t *testing.T) {
	for lifetime, goodFor := range map[time.Duration]time.Duration{
		time.Hour:        time.Hour - 30*time.Second,
		5 * time.Minute:  5*time.Minute - 30*time.Second,
		10 * time.Second: 8 * time.Second,
		time.Second:      800 * time.Millisecond,
		0:                1000 * time.Hour,
	} {
		synctest.Test(t, func(t *testing.T) {
			source := &issuing{lifetime: lifetime}
			cache := tokens.NewCache(source)
			for want := 1; want <= 3; want++ { // the second and third as the first
				if _, err := cache.Token(); err != nil || source.issued != want {
					t.Fatalf("%v: %d tokens, %v; want %d", lifetime, source.issued, err, want)
				}
				time.Sleep(goodFor - time.Millisecond)
				if _, err := cache.Token(); err != nil || source.issued != want {
					t.Errorf("%v: %d tokens before the time, %v; want %d", lifetime, source.issued, err, want)
				}
				if lifetime == 0 {
					break
				}
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
}

// Many callers share one token request.
func TestCacheAsksOnce(t *testing.T) {
	source := &issuing{lifetime: time.Hour, pause: make(chan struct{})}
	cache := tokens.NewCache(source)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if token, err := cache.Token(); err != nil || token.AccessToken != "A" {
				t.Errorf("%v, %v", token, err)
			}
		})
	}
	close(source.pause)
	all.Wait()
	if source.issued != 1 {
		t.Errorf("%d token requests", source.issued)
	}
}

// An error is the caller's to know, and is not kept.
func TestCacheAsksAgainAfterAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuing{lifetime: time.Hour, err: errors.New("down")}
		cache := tokens.NewCache(source)
		if _, err := cache.Token(); !errors.Is(err, source.err) {
			t.Error(err)
		}
		source.err = nil
		if _, err := cache.Token(); err != nil {
			t.Error(err)
		}
	})
}

func TestDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuing{lifetime: time.Hour}
		cache := tokens.NewCache(source)
		token := func() *oauth2.Token { return must(cache.Token()) }
		a := token()
		if !cache.Drop(a) || token().AccessToken != "B" {
			t.Fatalf("after the first drop: %v", token())
		}
		// Whoever was refused with the same token uses the new one.
		if !cache.Drop(a) || token().AccessToken != "B" {
			t.Errorf("dropped twice: %v", token())
		}
		// An API that refuses every token does not cause one token request per call.
		for range 100 {
			if cache.Drop(token()) || source.issued != 2 {
				t.Fatalf("%d tokens", source.issued)
			}
		}
		time.Sleep(time.Second)
		if !cache.Drop(token()) || token().AccessToken != "C" {
			t.Errorf("a second later: %v", token())
		}
	})
}
