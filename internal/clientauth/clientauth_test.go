package clientauth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/internal/clientauth"
	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/jws"
)

// fixed is a clock that stands still.
type fixed struct {
	clock.System
	now time.Time
}

func (f fixed) Now() time.Time { return f.now }

var now = time.Unix(1_800_000_000, 999)

func authenticate(t *testing.T, c clientauth.Config) (form url.Values, header http.Header, err error) {
	t.Helper()
	var problems configerr.List
	a := clientauth.New(c, fixed{now: now}, "Auth", &problems)
	if problems.Err() != nil {
		t.Fatal(problems.Err())
	}
	form, header = url.Values{}, http.Header{}
	err = a.Authenticate(t.Context(), form, header)
	return form, header, err
}

func TestWire(t *testing.T) {
	token := func(context.Context) (string, error) { return "abc.def", nil }
	basic := func(text string) string {
		return "Authorization=Basic " + base64.StdEncoding.EncodeToString([]byte(text))
	}
	tests := []struct {
		name   string
		config clientauth.Config
		want   string // the form, and the header
	}{
		// RFC 6749 §2.3.1 itself.
		{"basic", clientauth.Config{Method: clientauth.SecretBasic, ClientID: "s6BhdRkqt3", Secret: "7Fjfp0ZBr1KtDRbnfVdmIw"},
			" Authorization=Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"},
		{"basic, special", clientauth.Config{Method: clientauth.SecretBasic, ClientID: "a:b c", Secret: ":%+é &"},
			" " + basic("a%3Ab+c:%3A%25%2B%C3%A9+%26")},
		{"post", clientauth.Config{Method: clientauth.SecretPost, ClientID: "a:b", Secret: ":%+é &"},
			"client_id=a%3Ab&client_secret=%3A%25%2B%C3%A9+%26 "},
		{"certificate", clientauth.Config{Method: clientauth.TLS, ClientID: "a"}, "client_id=a "},
		{"self-signed certificate", clientauth.Config{Method: clientauth.SelfSignedTLS, ClientID: "a"}, "client_id=a "},
		{"bearer", clientauth.Config{Method: clientauth.Bearer, Token: token}, " Authorization=Bearer abc.def"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form, header, err := authenticate(t, tt.config)
			if err != nil {
				t.Fatal(err)
			}
			got := form.Encode() + " "
			for name, values := range header {
				got += name + "=" + strings.Join(values, "|")
			}
			if got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
		})
	}
}

// Every algorithm signs what the other side of this module verifies, with the
// claims of RFC 7523 §3.
func TestAssertions(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec := func(curve elliptic.Curve) crypto.Signer {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	tests := []struct {
		key       crypto.Signer
		algorithm string // configured
		want      string
	}{
		{rsaKey, "", "RS256"}, {rsaKey, "RS256", "RS256"}, {rsaKey, "RS384", "RS384"}, {rsaKey, "RS512", "RS512"},
		{rsaKey, "PS256", "PS256"}, {rsaKey, "PS384", "PS384"}, {rsaKey, "PS512", "PS512"},
		{ec(elliptic.P256()), "", "ES256"}, {ec(elliptic.P384()), "", "ES384"}, {ec(elliptic.P521()), "ES512", "ES512"},
		{edKey, "", "EdDSA"}, {edKey, "Ed25519", "Ed25519"},
	}
	ids := map[any]bool{}
	for _, tt := range tests {
		t.Run(tt.algorithm+"→"+tt.want, func(t *testing.T) {
			for range 20 { // r and s of ECDSA are shorter now and then
				form, header, err := authenticate(t, clientauth.Config{
					Method: clientauth.PrivateKeyJWT, ClientID: "api", Audience: "https://auth.example.com",
					Key: tt.key, KeyID: "k", Algorithm: tt.algorithm,
				})
				if err != nil || len(header) != 0 || len(form) != 2 ||
					form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
					t.Fatalf("%v, %v, %v", form, header, err)
				}
				assertion := form.Get("client_assertion")
				claims := verify(t, assertion, tt.key.Public(), tt.want)
				ids[claims["jti"]] = true
				delete(claims, "jti")
				want := map[string]any{"iss": "api", "sub": "api", "aud": "https://auth.example.com", "iat": 1.8e9, "exp": 1.8e9 + 60}
				if fmt.Sprint(claims) != fmt.Sprint(want) {
					t.Errorf("%v", claims)
				}
			}
		})
	}
	if len(ids) != 20*len(tests) {
		t.Errorf("%d ids in %d assertions", len(ids), 20*len(tests))
	}
}

func verify(t *testing.T, assertion string, key crypto.PublicKey, alg string) (claims map[string]any) {
	t.Helper()
	h, p, s, ok := jws.Split([]byte(assertion))
	header, ok1 := jws.AppendDecoded(nil, h)
	payload, ok2 := jws.AppendDecoded(nil, p)
	signature, ok3 := jws.AppendDecoded(nil, s)
	if !ok || !ok1 || !ok2 || !ok3 {
		t.Fatal("not a compact JWS")
	}
	if got, want := string(header), `{"alg":"`+alg+`","typ":"JWT","kid":"k"}`; got != want {
		t.Errorf("header %s, want %s", got, want)
	}
	a, _ := jws.Named(alg)
	if !a.Verify(key, a.Digest(nil, []byte(assertion[:len(h)+1+len(p)])), signature) {
		t.Error("the signature is not good")
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// A hardware module may fail, or return what is no signature.
type brokenSigner struct {
	crypto.Signer
	signature []byte
	err       error
}

func (b brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return b.signature, b.err
}

func TestFailures(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]clientauth.Config{
		"signer fails":        {Method: clientauth.PrivateKeyJWT, ClientID: "a", Audience: "a", Key: brokenSigner{key, nil, errors.New("PIN 1234")}},
		"not ASN.1":           {Method: clientauth.PrivateKeyJWT, ClientID: "a", Audience: "a", Key: brokenSigner{key, make([]byte, 64), nil}},
		"r is zero":           {Method: clientauth.PrivateKeyJWT, ClientID: "a", Audience: "a", Key: brokenSigner{key, []byte{0x30, 6, 2, 1, 0, 2, 1, 1}, nil}},
		"s is zero":           {Method: clientauth.PrivateKeyJWT, ClientID: "a", Audience: "a", Key: brokenSigner{key, []byte{0x30, 6, 2, 1, 1, 2, 1, 0}, nil}},
		"r is too long":       {Method: clientauth.PrivateKeyJWT, ClientID: "a", Audience: "a", Key: brokenSigner{key, append([]byte{0x30, 38, 2, 33, 1}, append(make([]byte, 32), 2, 1, 1)...), nil}},
		"no token":            {Method: clientauth.Bearer, Token: func(context.Context) (string, error) { return "x", errors.New("PIN 1234") }},
		"token with a blank":  {Method: clientauth.Bearer, Token: func(context.Context) (string, error) { return "a b", nil }},
		"token with a letter": {Method: clientauth.Bearer, Token: func(context.Context) (string, error) { return "é", nil }},
	}
	for name, config := range tests {
		form, header, err := authenticate(t, config)
		if err == nil || strings.Contains(err.Error(), "1234") {
			t.Errorf("%s: %v", name, err)
		}
		if len(form) != 0 || len(header) != 0 {
			t.Errorf("%s: %v, %v", name, form, header)
		}
	}
}

func TestConfigProblems(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		config clientauth.Config
		want   string
	}{
		{"nothing", clientauth.Config{}, "X.Method: required"},
		{"unknown", clientauth.Config{Method: "none"}, "X.Method: not a known method"},
		{"not UTF-8", clientauth.Config{Method: clientauth.SecretPost, ClientID: "\xff", Secret: "\xff"}, "X.ClientID: not UTF-8\nX.Secret: not UTF-8"},
		{"small key", clientauth.Config{Method: clientauth.PrivateKeyJWT, ClientID: "a", Audience: "a", Key: small}, "X.Key: RSA with less than 2048 bits"},
		{"other curve", clientauth.Config{Method: clientauth.PrivateKeyJWT, ClientID: "a", Audience: "a", Key: p224}, "X.Key: neither RSA nor ECDSA on P-256, P-384 or P-521 nor Ed25519"},
		{"not for a key", clientauth.Config{Method: clientauth.TLS, ClientID: "a", KeyID: "k", Algorithm: "RS256", Audience: "a"},
			"X.KeyID: not used by this Method\nX.Algorithm: not used by this Method\nX.Audience: not used by this Method"},
	}
	for _, tt := range tests {
		var problems configerr.List
		clientauth.New(tt.config, nil, "X", &problems)
		if got := fmt.Sprint(problems.Err()); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}

func TestConfigPrintsNoSecret(t *testing.T) {
	c := clientauth.Config{Secret: "SECRET"}
	if got := fmt.Sprintf("%v %+v %#v %s", c, &c, c, struct{ C clientauth.Config }{c}); strings.Contains(got, "SECRET") {
		t.Error(got)
	}
}
