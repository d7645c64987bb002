package tokens

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// What is accepted as a key signs assertions that its public half verifies.
func FuzzKey(f *testing.F) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		f.Fatal(err)
	}
	asJWK, err := jwk.FromRaw(key)
	if err != nil {
		f.Fatal(err)
	}
	text, err := json.Marshal(asJWK)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), text, []byte(`{"kty":"oct","k":"AAAA"}`), []byte("-----BEGIN X-----\n-----END X-----"), nil,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		key, err := parseKey(content)
		if err != nil {
			return
		}
		assertion, err := key.sign("billing", "https://auth.example.com", time.Now())
		if err != nil {
			return // such as a key whose parts do not belong together
		}
		if key.id == "" || strings.Count(assertion, ".") != 2 {
			t.Fatalf("id %q, %d dots", key.id, strings.Count(assertion, "."))
		}
		if _, err := jws.Verify([]byte(assertion), jws.WithKey(key.algorithm, key.private.Public())); err != nil {
			t.Fatal(err)
		}
	})
}

// What is accepted as metadata is that of the issuer, and has no endpoint that
// secrets must not be sent to.
func FuzzMetadata(f *testing.F) {
	const issuer = "https://auth.example.com"
	for _, seed := range []string{
		`{"issuer":"` + issuer + `","token_endpoint":"https://auth.example.com/token","authorization_endpoint":"http://127.0.0.1/a"}`,
		`{"issuer":"` + issuer + `","token_endpoint":"http://auth.example.com/token"}`,
		`{"issuer":"` + issuer + `","issuer":"x","token_endpoint":"https:token"}`,
		`[]`, `{`, ``,
	} {
		f.Add([]byte(seed))
	}
	secure := func(url string) bool {
		for _, prefix := range []string{"https://", "http://127.", "http://localhost", "http://[::1]"} {
			if strings.HasPrefix(strings.ToLower(url), prefix) {
				return true
			}
		}
		return false
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		m, err := parseMetadata(document, issuer)
		if err != nil {
			return
		}
		var plain map[string]any // by a parser that forgives more
		if err := json.Unmarshal(document, &plain); err != nil || plain["issuer"] != issuer {
			t.Fatalf("%v, %v", err, plain["issuer"])
		}
		if !secure(m.TokenEndpoint) || m.AuthorizationEndpoint != "" && !secure(m.AuthorizationEndpoint) {
			t.Fatalf("%+v", m)
		}
	})
}
