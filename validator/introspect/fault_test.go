package introspect_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/introspect"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// Whatever the endpoint does, with whatever is remembered: a token is let in only
// as long as the endpoint's word for it is fresh, is never called inactive because
// of the fault, gets its answer within the timeout, and once the endpoint is back
// so are tokens.
func TestFaultMatrix(t *testing.T) {
	clients := map[string]string{"api": "s"}
	states := []struct {
		name string
		warm bool
		age  time.Duration
		want validator.Code
	}{
		{"cold", false, 0, unavailable},
		{"warm", true, 59 * time.Second, 0},
		{"expired", true, time.Minute, unavailable},
	}
	for _, fault := range validatortest.Faults() {
		for _, where := range []validatortest.Endpoint{validatortest.Introspection, validatortest.Metadata} {
			for _, state := range states {
				t.Run(string(fault)+"/"+string(where)+"/"+state.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						is := validatortest.Start(t, validatortest.Config{Clients: clients})
						token := is.MintOpaque(validatortest.Client("billing"))
						c := issuerClient(t, is)
						if state.warm {
							ask(t, c, token, 0)
						}
						is.Fail(fault, where)
						time.Sleep(state.age)
						want := state.want
						if state.warm && where == validatortest.Metadata {
							want = 0 // where the endpoint is, is known
						}
						for range 8 { // the breaker opens meanwhile
							began := time.Now()
							ask(t, c, token, want)
							if waited := time.Since(began); waited > 5*time.Second {
								t.Errorf("told after %v", waited)
							}
						}
						if (c.Healthy() != nil) != (want == unavailable) {
							t.Errorf("health: %v", c.Healthy())
						}
						is.Recover()
						time.Sleep(time.Second)
						ask(t, c, token, 0)
						if c.Healthy() != nil {
							t.Errorf("health: %v", c.Healthy())
						}
					})
				})
			}
		}
	}
}

// A token that was not active is not called so any longer than it may be, either.
func TestInactiveDuringOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{Clients: map[string]string{"api": "s"}})
		c := issuerClient(t, is)
		ask(t, c, "a", validator.CodeTokenInactive)
		is.Fail(validatortest.ServerError)
		time.Sleep(9 * time.Second)
		ask(t, c, "a", validator.CodeTokenInactive)
		time.Sleep(time.Second)
		ask(t, c, "a", unavailable)
	})
}

// Over sockets, with a timeout of one's own.
func TestTimeout(t *testing.T) {
	s := newServer(t)
	release := make(chan struct{})
	s.does(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	c := s.client(t, func(c *introspect.Config) {
		c.Clock = nil
		c.Timeout = 20 * time.Millisecond
	})
	began := time.Now()
	ask(t, c, "token", unavailable)
	if waited := time.Since(began); waited > 3*time.Second {
		t.Errorf("told after %v", waited)
	}
}

// A client whose credentials are wrong gets 503: it says nothing about tokens.
func TestWrongSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{Clients: map[string]string{"api": "s"}})
		token := is.MintOpaque(validatortest.Client("billing"))
		c := issuerClient(t, is, func(c *introspect.Config) { c.Auth.Secret = "wrong" })
		ask(t, c, token, unavailable)
		ask(t, c, "made up", unavailable)
	})
}

// The issuer moves its endpoint: after a failure it is asked where that is.
func TestEndpointMoves(t *testing.T) {
	var mu sync.Mutex
	where := "/a"
	s := newServer(t)
	s.does(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch r.URL.Path {
		case "/.well-known/oauth-authorization-server":
			write(200, "application/json", `{"issuer":"`+s.URL+`","introspection_endpoint":"`+s.URL+where+`"}`)(w, r)
		case where:
			write(200, "application/json", `{"active":true}`)(w, r)
		default:
			http.NotFound(w, r)
		}
	})
	c := s.client(t, func(c *introspect.Config) { c.URL, c.Issuer, c.Cache.Off = "", s.URL, true })
	ask(t, c, "token", 0)
	ask(t, c, "token", 0)
	if s.count() != 3 {
		t.Errorf("%d requests: the metadata are asked for once", s.count())
	}
	mu.Lock()
	where = "/b"
	mu.Unlock()
	ask(t, c, "token", unavailable)
	ask(t, c, "token", unavailable) // the issuer was asked a moment ago
	s.clock.Advance(time.Minute)
	ask(t, c, "token", 0)
	mu.Lock()
	where = "/c"
	mu.Unlock()
	s.clock.Advance(time.Hour) // nothing has failed, but that is long
	ask(t, c, "token", 0)
}

// Who shows a certificate asks where it is asked for (RFC 8705 §5).
func TestEndpointAlias(t *testing.T) {
	for method, want := range map[introspect.AuthMethod]string{introspect.SecretBasic: "/i", introspect.TLSClientAuth: "/alias", introspect.SelfSignedTLSClientAuth: "/alias"} {
		s := newServer(t)
		asked := make(chan string, 1)
		s.does(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/.well-known/oauth-authorization-server" {
				write(200, "application/json", replaceAll(`{"issuer":"%s","introspection_endpoint":"%s/i","mtls_endpoint_aliases":{"introspection_endpoint":"%s/alias"}}`, s.URL))(w, r)
				return
			}
			asked <- r.URL.Path
			write(200, "application/json", `{"active":true}`)(w, r)
		})
		c := s.client(t, func(c *introspect.Config) {
			c.URL, c.Issuer, c.Auth.Method = "", s.URL, method
			if method != introspect.SecretBasic {
				c.Auth.Secret, c.TLS = "", &tls.Config{Certificates: make([]tls.Certificate, 1)}
			}
		})
		ask(t, c, "token", 0)
		if got := <-asked; got != want {
			t.Errorf("%s: asked %s, want %s", method, got, want)
		}
	}
}

func TestDiscoveryRefuses(t *testing.T) {
	for name, metadata := range map[string]string{
		"another issuer":  `{"issuer":"https://evil.example","introspection_endpoint":"%s/i"}`,
		"plain http":      `{"issuer":"%s","introspection_endpoint":"http://auth.example.com/i"}`,
		"no endpoint":     `{"issuer":"%s"}`,
		"two endpoints":   `{"issuer":"%s","introspection_endpoint":"%s/i","introspection_endpoint":"%s/i"}`,
		"not JSON at all": `<html>`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.does(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/i" {
					t.Error("the endpoint was asked")
				}
				write(200, "application/json", replaceAll(metadata, s.URL))(w, r)
			})
			c := s.client(t, func(c *introspect.Config) { c.URL, c.Issuer = "", s.URL })
			ask(t, c, "token", unavailable)
		})
	}
}

// Those who need to know where the endpoint is share the answer, also a bad one.
func TestDiscoveryIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{Clients: map[string]string{"api": "s"}})
		is.Fail(validatortest.ServerError, validatortest.Metadata)
		is.Delay(time.Second)
		c := issuerClient(t, is)
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() { ask(t, c, fmt.Sprint(i), unavailable) })
		}
		group.Wait()
		if n := is.Requests(validatortest.Metadata); n != 2 {
			t.Errorf("%d requests for the two documents", n)
		}
	})
}

// When it is time to ask again where the endpoint is, and the issuer hangs, one
// request waits for half of its time, the others do not; all of them are made.
func TestDiscoveryAgainHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{Clients: map[string]string{"api": "s"}})
		c := issuerClient(t, is)
		ask(t, c, "a", validator.CodeTokenInactive)
		time.Sleep(time.Hour)
		is.Fail(validatortest.Hang, validatortest.Metadata)
		var group sync.WaitGroup
		var mu sync.Mutex
		waited := map[time.Duration]int{}
		for i := range 5 {
			group.Go(func() {
				began := time.Now()
				ask(t, c, fmt.Sprint(i), validator.CodeTokenInactive)
				mu.Lock()
				defer mu.Unlock()
				waited[time.Since(began)]++
			})
		}
		group.Wait()
		if waited[0] != 4 || waited[2500*time.Millisecond] != 1 {
			t.Errorf("waited %v", waited)
		}
	})
}

// A document that hangs does not keep the other from ever being asked for; one that
// comes with an error is none.
func TestDiscoveryOfTheOther(t *testing.T) {
	for _, name := range []string{"hangs", "error"} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			first := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
			if name == "error" {
				first = write(500, "application/json", replaceAll(`{"issuer":"%s","introspection_endpoint":"%s/evil"}`, s.URL))
			}
			s.does(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/.well-known/oauth-authorization-server":
					first(w, r)
				case "/.well-known/openid-configuration":
					write(200, "application/json", replaceAll(`{"issuer":"%s","introspection_endpoint":"%s/i"}`, s.URL))(w, r)
				case "/i":
					write(200, "application/json", `{"active":true}`)(w, r)
				default:
					t.Errorf("request to %s", r.URL.Path)
				}
			})
			c := s.client(t, func(c *introspect.Config) {
				c.URL, c.Issuer, c.Clock, c.Timeout = "", s.URL, nil, time.Second
			})
			_, _ = c.Introspect(t.Context(), "token")
			ask(t, c, "token", 0)
		})
	}
}

// Metadata are not about one token: whatever status they come with, an issuer that
// refuses them is not asked again for every token, and may ask to be left alone.
func TestDiscoveryRefusedOpensBreaker(t *testing.T) {
	for name, tt := range map[string]struct {
		retryAfter string // of the second document
		want       int
	}{
		"without Retry-After": {"", 10}, // five times both
		"Retry-After":         {"20", 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.does(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/.well-known/openid-configuration" && tt.retryAfter != "" {
					w.Header().Set("Retry-After", tt.retryAfter)
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				w.WriteHeader(http.StatusForbidden)
			})
			c := s.client(t, func(c *introspect.Config) { c.URL, c.Issuer = "", s.URL })
			for i := range 20 {
				ask(t, c, fmt.Sprint(i), unavailable)
			}
			if n := s.count(); n != tt.want || c.Healthy() == nil {
				t.Errorf("%d requests, want %d; health: %v", n, tt.want, c.Healthy())
			}
		})
	}
}

// An issuer that asks to be left alone is, also if its other document hangs.
func TestRetryAfterOfOneDocument(t *testing.T) {
	s := newServer(t)
	s.does(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/openid-configuration" {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	c := s.client(t, func(c *introspect.Config) {
		c.URL, c.Issuer, c.Clock, c.Timeout = "", s.URL, nil, 200*time.Millisecond
	})
	for i := range 3 {
		ask(t, c, fmt.Sprint(i), unavailable)
	}
	if n := s.count(); n != 2 {
		t.Errorf("%d requests", n)
	}
}
