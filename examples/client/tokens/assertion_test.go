package tokens_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/examples/client/tokens"
)

var quiet = log.New(io.Discard, "", 0)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func asPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// asJWK returns a private key as a JWK with these members on top.
func asJWK(t *testing.T, key any, members map[string]any) string {
	t.Helper()
	parsed := must(jwk.FromRaw(key))
	for name, value := range members {
		if err := parsed.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return string(must(json.Marshal(parsed)))
}

func thumbprint(public crypto.PublicKey) string {
	return base64.RawURLEncoding.EncodeToString(must(must(jwk.FromRaw(public)).Thumbprint(crypto.SHA256)))
}

var (
	p256Key     = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p384Key     = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	rsaKey      = must(rsa.GenerateKey(rand.Reader, 2048))
	_, edKey, _ = ed25519.GenerateKey(rand.Reader)
)

// Every form of key makes assertions that the server accepts, each good once.
func TestAssertions(t *testing.T) {
	pkcs8 := func(key any) string { return asPEM("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key))) }
	for name, test := range map[string]struct {
		file    string
		public  crypto.PublicKey
		alg, id string
	}{
		"PKCS 8, P-256":    {pkcs8(p256Key), p256Key.Public(), "ES256", ""},
		"PKCS 8, Ed25519":  {pkcs8(edKey), edKey.Public(), "EdDSA", ""},
		"PKCS 8, RSA":      {pkcs8(rsaKey), rsaKey.Public(), "RS256", ""},
		"PKCS 1":           {asPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), rsaKey.Public(), "RS256", ""},
		"SEC 1, with more": {asPEM("EC PARAMETERS", []byte{6, 0}) + asPEM("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p256Key))), p256Key.Public(), "ES256", ""},
		"JWK":              {"\n" + asJWK(t, edKey, nil), edKey.Public(), "EdDSA", ""},
		"JWK, PS256, kid":  {asJWK(t, rsaKey, map[string]any{"kid": "of-today", "alg": "PS256"}), rsaKey.Public(), "PS256", "of-today"},
	} {
		t.Run(name, func(t *testing.T) {
			id := test.id
			if id == "" {
				id = thumbprint(test.public)
			}
			a := newAuthority(t, devserver.Client{Keys: []devserver.ClientKey{{ID: id, Algorithm: test.alg, Public: test.public}}})
			file := filepath.Join(t.TempDir(), "key")
			write(t, file, test.file)
			source := newSource(t, tokens.Config{Issuer: a.url, ClientID: "billing", Credential: tokens.KeyFile(file), Scopes: []string{"orders:read"}})
			seen := map[string]bool{}
			for range 3 {
				if _, err := source.Token(); err != nil {
					t.Fatal(err)
				}
			}
			for _, request := range a.seen() {
				if got := request.form.Get("client_secret") + request.header.Get("Authorization"); got != "" {
					t.Error("a secret was sent, too")
				}
				seen[request.form.Get("client_assertion")] = true
			}
			if len(seen) != 3 {
				t.Errorf("%d assertions for 3 requests", len(seen))
			}
		})
	}
}

// The claims are those of RFC 7523 §3, for the issuer or else for the token
// endpoint.
func TestAssertionClaims(t *testing.T) {
	id := thumbprint(p256Key.Public())
	a := newAuthority(t, devserver.Client{Keys: []devserver.ClientKey{{ID: id, Public: p256Key.Public()}}})
	file := filepath.Join(t.TempDir(), "key")
	write(t, file, asJWK(t, p256Key, nil))
	for audience, config := range map[string]tokens.Config{
		a.url:        {Issuer: a.url, TokenURL: a.TokenURL()},
		a.TokenURL(): {TokenURL: a.TokenURL()},
	} {
		config.ClientID, config.Credential = "billing", tokens.KeyFile(file)
		if _, err := newSource(t, config).Token(); err != nil {
			t.Fatal(err)
		}
		requests := a.seen()
		parts := strings.Split(requests[len(requests)-1].form.Get("client_assertion"), ".")
		var header struct{ Alg, Kid string }
		var claims struct {
			Iss, Sub, Jti string
			Aud           []string
			Iat, Exp      int64
		}
		err := errors.Join(
			json.Unmarshal(must(base64.RawURLEncoding.DecodeString(parts[0])), &header),
			json.Unmarshal(must(base64.RawURLEncoding.DecodeString(parts[1])), &claims),
		)
		if err != nil || header.Alg != "ES256" || header.Kid != id {
			t.Errorf("header %+v, %v", header, err)
		}
		if claims.Iss != "billing" || claims.Sub != "billing" || len(claims.Aud) != 1 || claims.Aud[0] != audience || len(claims.Jti) < 22 {
			t.Errorf("claims %+v, want audience %s", claims, audience)
		}
		if life := claims.Exp - claims.Iat; life <= 0 || life > 60 || time.Until(time.Unix(claims.Exp, 0)) > time.Minute {
			t.Errorf("good for %d s", life)
		}
	}
}

// A key that was put into the file counts from the next request on.
func TestKeyFileIsReadAgain(t *testing.T) {
	a := newAuthority(t, devserver.Client{Keys: []devserver.ClientKey{{ID: "1", Public: p256Key.Public()}}})
	file := filepath.Join(t.TempDir(), "key")
	write(t, file, asJWK(t, p256Key, map[string]any{"kid": "1"}))
	source := newSource(t, tokens.Config{TokenURL: a.TokenURL(), ClientID: "billing", Credential: tokens.KeyFile(file)})
	get := func(step string) {
		t.Helper()
		if _, err := source.Token(); err != nil {
			t.Errorf("%s: %v", step, err)
		}
	}
	get("with the first key")
	if err := a.ReplaceClientKeys("billing", []devserver.ClientKey{{ID: "2", Public: edKey.Public()}}); err != nil {
		t.Fatal(err)
	}
	write(t, file, asJWK(t, edKey, map[string]any{"kid": "2"}))
	get("with the second key")
	write(t, file, "")
	get("with a file that is being written")
}

// Files that are no key, or none that is good enough.
func TestBadKeys(t *testing.T) {
	const secretWord = "hush-hush"
	weak := must(rsa.GenerateKey(rand.Reader, 1024))
	for name, content := range map[string]string{
		"empty":          "",
		"text":           secretWord,
		"no JWK":         `{"kty":"` + secretWord + `"}`,
		"broken JWK":     `{"kty":"EC","d":"` + secretWord,
		"broken PEM":     asPEM("PRIVATE KEY", []byte(secretWord)),
		"another curve":  asPEM("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(p384Key))),
		"short RSA":      asPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(weak)),
		"symmetric":      `{"kty":"oct","k":"aHVzaC1odXNoLWh1c2gtaHVzaA"}`,
		"public JWK":     asJWK(t, p256Key.Public(), nil),
		"public PEM":     asPEM("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(p256Key.Public()))),
		"HMAC":           asJWK(t, p256Key, map[string]any{"alg": "HS256"}),
		"none":           asJWK(t, edKey, map[string]any{"alg": "none"}),
		"another's alg":  asJWK(t, rsaKey, map[string]any{"alg": "ES256"}),
		"too large file": strings.Repeat(" ", 64<<10) + asJWK(t, p256Key, nil),
	} {
		file := filepath.Join(t.TempDir(), "key")
		write(t, file, content)
		_, err := tokens.New(t.Context(), tokens.Config{TokenURL: "https://auth.example.com", ClientID: "billing", Credential: tokens.KeyFile(file)})
		if err == nil || !strings.HasPrefix(err.Error(), "Credential: ") || strings.Contains(err.Error(), secretWord) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
