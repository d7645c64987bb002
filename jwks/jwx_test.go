package jwks_test

import (
	"crypto/ed25519"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/lestrrat-go/jwx/v2/jwa"
	jwx "github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// These tests record why jwx gets to see single keys only, and only after they
// were checked: each shows what it does by itself, and that this package does not.

func TestJWXPanicsOnShortEd25519(t *testing.T) {
	short := describe("k", edKey(1)).with("x", "AQID")
	parsed, err := jwx.ParseKey([]byte(short.String()))
	if err != nil {
		t.Fatalf("jwx refuses the key now: %v", err)
	}
	var raw ed25519.PublicKey
	if err := parsed.Raw(&raw); err != nil || len(raw) != 3 {
		t.Fatalf("jwx returns %v, %v now", raw, err)
	}
	panicked := func() (panicked bool) {
		defer func() { panicked = recover() != nil }()
		token := "eyJhbGciOiJFZERTQSJ9.e30." + strings.Repeat("A", 86)
		_, _ = jws.Verify([]byte(token), jws.WithKey(jwa.EdDSA, parsed))
		return false
	}()
	if !panicked {
		t.Error("jwx does not panic now")
	}
	if _, dropped, err := jwks.Parse([]byte(document(short))); err == nil || len(dropped) != 1 {
		t.Errorf("dropped %v, %v", dropped, err)
	}
}

func TestJWXCutsExponentsOff(t *testing.T) {
	big := describe("k", rsaKey()).with("e", b64([]byte{1, 0, 0, 0, 0, 0, 1, 0, 1}))
	parsed, err := jwx.ParseKey([]byte(big.String()))
	if err != nil {
		t.Fatal(err)
	}
	var raw any
	if err := parsed.Raw(&raw); err != nil || numbersOf(raw)[1].Int64() != 65537 {
		t.Errorf("jwx reads %v, %v now", raw, err)
	}
	if _, dropped, _ := jwks.Parse([]byte(document(big))); len(dropped) != 1 {
		t.Error("admitted")
	}
}

func TestJWXAcceptsWeakKeys(t *testing.T) {
	for name, weak := range map[string]jwk{
		"64-bit RSA":     {"kty": "RSA", "n": b64(modulus(64)), "e": "AQAB"},
		"RSA exponent 1": describe("", rsaKey()).with("e", "AQ"),
		"small order":    describe("", edKey(1)).with("x", b64(make([]byte, 32))),
		"private":        {"kty": "OKP", "crv": "Ed25519", "x": b64(edKey(1)), "d": b64(make([]byte, 32))},
		"two values":     nil,
	} {
		text := weak.String()
		if weak == nil {
			text = strings.Replace(describe("", edKey(1)).String(), `"kty"`, `"x":"AAAA","kty"`, 1)
		}
		if _, err := jwx.ParseKey([]byte(text)); err != nil {
			t.Errorf("%s: jwx refuses it now: %v", name, err)
		}
		if _, dropped, err := jwks.Parse([]byte(document(text))); err == nil || len(dropped) != 1 {
			t.Errorf("%s: dropped %v, %v", name, dropped, err)
		}
	}
}

func TestJWXLosesSetToOneKey(t *testing.T) {
	doc := document(jwk{"kty": "AKP", "kid": "future"}, describe("good", edKey(1)))
	if _, err := jwx.Parse([]byte(doc)); err == nil {
		t.Error("jwx reads the set now")
	}
	if set, dropped := parse(t, doc); set.Len() != 1 || len(dropped) != 1 {
		t.Errorf("%d keys, dropped %v", set.Len(), dropped)
	}
}

func TestJWXFetches(t *testing.T) {
	good := published("k")
	mux := http.NewServeMux()
	mux.Handle("/redirect", http.RedirectHandler("/keys", http.StatusFound))
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, good) })
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strings.Repeat(" ", 1<<20), good)
	})
	mux.HandleFunc("/empty", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"keys":[]}`) })
	server := httptest.NewServer(mux)
	defer server.Close()
	for path, why := range map[string]string{
		"/redirect": "HTTP status 302 Found",
		"/huge":     "response too large",
		"/empty":    "the key set is empty",
	} {
		if _, err := jwx.Fetch(t.Context(), server.URL+path); err != nil {
			t.Errorf("%s: jwx refuses it now: %v", path, err)
		}
		r, err := jwks.NewRemote(jwks.Config{URL: server.URL + path, InsecureLoopbackHTTP: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Current(t.Context()); err == nil || !strings.HasSuffix(err.Error(), why) {
			t.Errorf("%s: %v, want %q", path, err, why)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
