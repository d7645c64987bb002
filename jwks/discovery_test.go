package jwks_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

// A site is what an issuer serves at which path; other paths are 404.
type site struct {
	mu    sync.Mutex
	pages map[string]http.HandlerFunc
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	page := s.pages[r.URL.EscapedPath()]
	s.mu.Unlock()
	if page == nil {
		page = http.NotFound
	}
	page(w, r)
}

func (s *site) set(path, body string) { s.handle(path, write(http.StatusOK, body)) }

func (s *site) handle(path string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = h
}

func newSite(is *issuer) *site {
	s := &site{pages: make(map[string]http.HandlerFunc)}
	is.answer(s.ServeHTTP)
	return s
}

func discovering(issuer string) func(*jwks.Config) {
	return func(c *jwks.Config) { c.URL, c.Issuer = "", issuer }
}

func metadata(issuer, keys string) string {
	return fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q,"other":[1,null]}`, issuer, keys)
}

const (
	host   = "http://127.0.0.1"
	rfc    = "/.well-known/oauth-authorization-server"
	openid = "/.well-known/openid-configuration"
)

// TestDiscoveryPaths is RFC 8414 §3.1 and OpenID Connect Discovery 1.0 §4.1.
func TestDiscoveryPaths(t *testing.T) {
	tests := []struct {
		issuer string
		want   []string
	}{
		{host, []string{rfc, openid}},
		{host + "/", []string{rfc, openid}},
		{host + "/a/b", []string{rfc + "/a/b", "/a/b" + openid}},
		{host + "/a/b/", []string{rfc + "/a/b", "/a/b" + openid}},
		{host + "/a%2Fb", []string{rfc + "/a%2Fb", "/a%2Fb" + openid}},
	}
	for _, tt := range tests {
		t.Run(tt.issuer, func(t *testing.T) {
			for i := range tt.want { // served at the first place, or at the second
				synctest.Test(t, func(t *testing.T) {
					is := newIssuer(t, "")
					s := newSite(is)
					var asked []string
					is.answer(func(w http.ResponseWriter, r *http.Request) {
						asked = append(asked, r.URL.EscapedPath())
						s.ServeHTTP(w, r)
					})
					s.set(tt.want[i], metadata(tt.issuer, keysURL))
					s.set("/keys", published("a"))
					r := is.remote(t, discovering(tt.issuer))
					current(t, r)
					if want := append(slices.Clone(tt.want[:i+1]), "/keys"); !slices.Equal(asked, want) {
						t.Errorf("asked %v, want %v", asked, want)
					}
					if s := r.Status(); s.Issuer != tt.issuer || s.URL != keysURL {
						t.Errorf("status %+v", s)
					}
				})
			}
		})
	}
}

func TestDiscoveryRefuses(t *testing.T) {
	good := metadata(host, keysURL)
	documents := map[string]string{
		"another issuer":     metadata("http://127.0.0.2", keysURL),
		"issuer with slash":  metadata(host+"/", keysURL),
		"issuer in capitals": metadata("HTTP://127.0.0.1", keysURL),
		"no issuer":          `{"jwks_uri":"` + keysURL + `"}`,
		"no jwks_uri":        `{"issuer":"` + host + `"}`,
		"issuer a list":      `{"issuer":["` + host + `"],"jwks_uri":"` + keysURL + `"}`,
		"jwks_uri null":      `{"issuer":"` + host + `","jwks_uri":null}`,
		"issuer twice":       strings.Replace(good, "{", `{"issuer":"`+host+`",`, 1),
		"issuer in capitals too": strings.Replace(
			metadata("http://127.0.0.2", keysURL), "{", `{"Issuer":"`+host+`",`, 1),
		"trailing data":     good + "{}",
		"not JSON":          "<html>",
		"empty":             "",
		"plain http":        metadata(host, "http://auth.example.com/keys"),
		"another scheme":    metadata(host, "file:///etc/passwd"),
		"relative":          metadata(host, "/keys"),
		"user information":  metadata(host, "http://u:p@127.0.0.1/keys"),
		"fragment":          metadata(host, keysURL+"#f"),
		"huge":              good + strings.Repeat(" ", 1<<20),
		"deep":              strings.Replace(good, "1,null", strings.Repeat("[", 20)+strings.Repeat("]", 20), 1),
		"the set of keys":   published("a"),
		"private addresses": metadata(host, "http://10.0.0.1/keys"),
	}
	for name, doc := range documents {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := newIssuer(t, "")
				s := newSite(is)
				s.set(rfc, doc)
				s.set("/keys", published("a"))
				r := is.remote(t, discovering(host))
				_, err := r.Current(t.Context())
				unavailable(t, err)
				if slices.Contains(is.paths(), "/keys") {
					t.Error("keys were fetched")
				}
				if strings.Contains(err.Error(), "u:p") || !strings.Contains(err.Error(), rfc) {
					t.Errorf("%v", err)
				}
				// The other document counts.
				s.set(openid, good)
				time.Sleep(time.Second)
				synctest.Wait()
				current(t, r)
			})
		})
	}
}

func TestDiscoveryIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		s := newSite(is)
		s.set(rfc, metadata(host, keysURL))
		s.set("/keys", published("a"))
		r := is.remote(t, discovering(host))
		current(t, r)
		asked := func() (n int) {
			for _, path := range is.paths() {
				if path == rfc {
					n++
				}
			}
			return n
		}
		// Not with every refresh, but when it is as old as keys may be.
		time.Sleep(55 * time.Minute)
		if asked() != 1 {
			t.Errorf("asked %d times in 55 minutes", asked())
		}
		time.Sleep(20 * time.Minute)
		if asked() != 2 {
			t.Errorf("asked %d times in 75 minutes", asked())
		}
		// When the keys have moved, the failure leads to their new place.
		s.handle("/keys", nil)
		s.set(rfc, metadata(host, host+"/new"))
		s.set("/new", published("b"))
		time.Sleep(12 * time.Minute)
		synctest.Wait()
		if !has(current(t, r), "b") || r.Status().URL != host+"/new" {
			t.Errorf("status %+v", r.Status())
		}
		// Metadata that is gone for a while costs nothing, even if keys fail once.
		s.handle(rfc, nil)
		s.handle("/new", nil)
		time.Sleep(11 * time.Minute)
		s.set("/new", published("c"))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if !has(current(t, r), "c") {
			t.Errorf("status %+v", r.Status())
		}
	})
}

// TestDiscoveryHangs: one document that hangs neither hides the other one nor
// costs more than the time of one fetch.
func TestDiscoveryHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		s := newSite(is)
		s.handle(rfc, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		s.set(openid, metadata(host, keysURL))
		s.set("/keys", published("a"))
		r := is.remote(t, discovering(host))
		began := time.Now()
		_, err := r.Current(t.Context())
		if unavailable(t, err); time.Since(began) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		current(t, r)
	})
}

// TestMovedKeysAreFetchedUnconditionally: an entity tag belongs to one URL.
func TestMovedKeysAreFetchedUnconditionally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		s := newSite(is)
		page := func(doc string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", `"1"`)
				if r.Header.Get("If-None-Match") == `"1"` {
					w.WriteHeader(http.StatusNotModified)
					return
				}
				fmt.Fprint(w, doc)
			}
		}
		s.set(rfc, metadata(host, keysURL))
		s.handle("/keys", page(published("a")))
		r := is.remote(t, discovering(host))
		current(t, r)
		s.set(rfc, metadata(host, host+"/new"))
		s.handle("/new", page(published("b")))
		time.Sleep(75 * time.Minute)
		synctest.Wait()
		if !has(current(t, r), "b") {
			t.Errorf("status %+v", r.Status())
		}
	})
}

// Keys that are not where they were any more, and metadata that does not tell where
// else: both are what somebody has to know.
func TestBothProblemsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, "")
		s := newSite(is)
		s.set(rfc, metadata(host, host+"/keys"))
		s.set("/keys", published("a"))
		r := is.remote(t, discovering(host))
		if _, err := r.Current(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.set(rfc, metadata("https://evil.example.com", host+"/keys"))
		s.handle("/keys", http.NotFound)
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		status := r.Status()
		if status.LastError == nil {
			t.Fatal("no error")
		}
		told := status.LastError.Error()
		for _, want := range []string{"key set at /keys: HTTP status 404", "metadata at " + rfc + ": "} {
			if !strings.Contains(told, want) {
				t.Errorf("%q does not tell of %q", told, want)
			}
		}
	})
}
