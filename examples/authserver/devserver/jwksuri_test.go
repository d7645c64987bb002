package devserver_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// clientKeySet is a client's own endpoint of keys.
type clientKeySet struct {
	*httptest.Server
	fetches atomic.Int64

	mu     sync.Mutex
	answer http.HandlerFunc
}

func newClientKeySet(t *testing.T) *clientKeySet {
	t.Helper()
	k := &clientKeySet{}
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.fetches.Add(1)
		k.mu.Lock()
		answer := k.answer
		k.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(k.Close)
	return k
}

func (k *clientKeySet) does(answer http.HandlerFunc) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answer = answer
}

func (k *clientKeySet) says(body string) {
	k.does(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
}

// keySet returns a JWKS with the two test keys that are named.
func keySet(t *testing.T, kids ...string) string {
	t.Helper()
	var keys []string
	for _, kid := range kids {
		raw := map[string]any{"k1": clientKey.Public(), "k2": otherKey.Public()}[kid]
		key, err := jwk.FromRaw(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := key.Set("kid", kid); err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(key)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, string(encoded))
	}
	return `{"keys":[` + strings.Join(keys, ",") + `]}`
}

func serveJWKSURI(t *testing.T) (*devserver.Server, *testClock, *clientKeySet, func(kid string) response) {
	t.Helper()
	keys := newClientKeySet(t)
	c := keyClient()
	c.Keys, c.JWKSURI = nil, keys.URL
	server, clock := serve(t, devserver.Config{Clients: []devserver.Client{c}})
	return server, clock, keys, func(kid string) response {
		key := clientKey
		if kid == "k2" {
			key = otherKey
		}
		now := clock.Now().Unix()
		claims := assertionClaims(server, map[string]any{"iat": now, "exp": now + 60})
		return post(t, server.TokenURL(), assertionForm(signRaw(key, `{"alg":"EdDSA","kid":"`+kid+`"}`, claims)))
	}
}

// A client rotates its keys by itself: a new one works at first use, one that
// was taken out ends with the five minutes that keys are kept.
func TestJWKSURI(t *testing.T) {
	server, clock, keys, by := serveJWKSURI(t)
	keys.says(keySet(t, "k1"))
	by("k1").wantToken(t, server)
	by("k1").wantToken(t, server)
	if n := keys.fetches.Load(); n != 1 {
		t.Errorf("%d fetches for two requests", n)
	}
	keys.says(keySet(t, "k1", "k2"))
	by("k2").wantError(t, 401, "invalid_client") // within 5 s of the last fetch
	clock.advance(5 * time.Second)
	by("k2").wantToken(t, server)
	by("k1").wantToken(t, server)
	keys.says(keySet(t, "k2"))
	by("k1").wantToken(t, server)
	clock.advance(5 * time.Minute)
	by("k1").wantError(t, 401, "invalid_client")
	by("k2").wantToken(t, server)
	if n := keys.fetches.Load(); n != 3 {
		t.Errorf("%d fetches", n)
	}
	// Unknown ids make no more than one fetch in 5 s.
	for range 20 {
		by("x").wantError(t, 401, "invalid_client")
	}
	clock.advance(5 * time.Second)
	for range 20 {
		by("x").wantError(t, 401, "invalid_client")
	}
	if n := keys.fetches.Load(); n != 4 {
		t.Errorf("%d fetches", n)
	}
}

// Keys that cannot be read leave an assertion unjudged: 503, and good keys serve
// until they are old.
func TestJWKSURIFails(t *testing.T) {
	for name, fault := range map[string]http.HandlerFunc{
		"status": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			_, _ = w.Write([]byte(keySet(t, "k1")))
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"garbage":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"no keys":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) },
		"no array": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":{}}`)) },
		"doubled":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[],"keys":[]}`)) },
		"huge":     func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<20)) },
		"reset":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			server, clock, keys, by := serveJWKSURI(t)
			keys.does(fault)
			r := by("k1")
			r.wantError(t, 503, "")
			if r.Header.Get("Retry-After") != "5" {
				t.Errorf("Retry-After %q", r.Header.Get("Retry-After"))
			}
			by("k1").wantError(t, 503, "")
			if n := keys.fetches.Load(); n != 1 {
				t.Errorf("%d fetches at once", n)
			}
			keys.says(keySet(t, "k1"))
			clock.advance(5 * time.Second)
			by("k1").wantToken(t, server)
			keys.does(fault)
			clock.advance(5*time.Minute - time.Second)
			by("k2").wantError(t, 401, "invalid_client")
			by("k1").wantToken(t, server)
			clock.advance(time.Second)
			by("k1").wantError(t, 503, "")
		})
	}
	t.Run("hang", func(t *testing.T) {
		_, clock, keys, by := serveJWKSURI(t)
		arrived, release := make(chan struct{}), make(chan struct{})
		defer close(release)
		keys.does(func(http.ResponseWriter, *http.Request) { close(arrived); <-release })
		go func() { <-arrived; clock.advance(5 * time.Second) }() // the limit of a fetch
		by("k1").wantError(t, 503, "")
	})
}

// Of a set, what is sound is used.
func TestJWKSURIKeepsTheRest(t *testing.T) {
	server, clock, keys, by := serveJWKSURI(t)
	sound := strings.TrimSuffix(strings.TrimPrefix(keySet(t, "k1"), `{"keys":[`), `]}`)
	for _, other := range []string{`{"kty":"RSA","n":"AQ","e":"AQAB"}`, `{"kty":"oct","k":"AQ"}`, `{"kty":"new"}`, `1`, `null`,
		strings.Replace(sound, `"crv"`, `"use":"enc","crv"`, 1)} {
		clock.advance(5 * time.Minute)
		keys.says(`{"x":1,"keys":[` + other + `,` + sound + `]}`)
		by("k1").wantToken(t, server)
	}
	clock.advance(5 * time.Minute)
	other := strings.TrimSuffix(strings.TrimPrefix(keySet(t, "k2"), `{"keys":[`), `]}`)
	keys.says(`{"keys":[` + strings.Repeat(other+",", 31) + sound + `]}`)
	by("k1").wantToken(t, server)
	clock.advance(5 * time.Minute)
	keys.says(`{"keys":[` + strings.Repeat(other+",", 32) + sound + `]}`)
	by("k1").wantError(t, 401, "invalid_client") // the thirty-third is not read
}

func TestJWKSURIConfiguration(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	for uri, want := range map[string][]string{
		"https://client.example.com/jwks":  nil,
		"http://127.0.0.1:1/jwks":          nil,
		"http://client.example.com/jwks":   {"Client.JWKSURI"},
		"https://user@client.example.com/": {"Client.JWKSURI"},
		"file:///etc/passwd":               {"Client.JWKSURI"},
	} {
		c := keyClient()
		c.ID, c.Keys, c.JWKSURI = uri, nil, uri
		if got := fields(server.AddClient(c)); !slices.Equal(got, want) {
			t.Errorf("%s: %v", uri, got)
		}
	}
	both := keyClient()
	both.ID, both.JWKSURI = "both", "https://client.example.com/jwks"
	if got := fields(server.AddClient(both)); !slices.Equal(got, []string{"Client.JWKSURI"}) {
		t.Errorf("both: %v", got)
	}
	if got := fields(server.ReplaceClientKeys("http://127.0.0.1:1/jwks", keyClient().Keys)); !slices.Equal(got, []string{"Keys"}) {
		t.Errorf("replaced: %v", got)
	}
	if err := server.AddClientSecret("http://127.0.0.1:1/jwks", secretText); err != nil {
		t.Error(err)
	}
	if err := server.RemoveClientSecret("http://127.0.0.1:1/jwks", secretText); err != nil { // its keys are enough
		t.Error(err)
	}
}
