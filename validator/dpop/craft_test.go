package dpop_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

const (
	api   = "https://api.example.com/orders?open=true"
	token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
)

var (
	start     = time.Unix(1_800_000_000, 0)
	clientKey = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	otherKey  = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	jkt       = thumbprint(clientKey.Public())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func thumbprint(public crypto.PublicKey) string {
	return must(jwks.NewKey("", "", public)).Thumbprint()
}

// request is an HTTP request as a binding sees it.
type request struct{ *http.Request }

func (r request) Method() string              { return r.Request.Method }
func (r request) Header(name string) []string { return r.Request.Header.Values(name) }
func (r request) RemoteAddr() string          { return r.Request.RemoteAddr }
func (r request) PeerCertificate() *x509.Certificate {
	return nil
}
func (r request) URL() *url.URL {
	u := *r.Request.URL
	u.Scheme, u.Host = "http", r.Host
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return &u
}

type object map[string]any

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func jwkOf(key *ecdsa.PrivateKey) object {
	var o object
	if err := json.Unmarshal(must(jwks.NewKey("", "", key.Public())).JWK(), &o); err != nil {
		panic(err)
	}
	return o
}

// A craft is a request with a good proof, to be spoilt.
type craft struct {
	header, claims       object
	rawHeader, rawClaims string // stand for header and claims if not empty
	key                  *ecdsa.PrivateKey
	spoil                func(proof string) string
	fields               func(proof string) []string
	method, url          string
	set                  http.Header
	remote               string
	scheme, token, jkt   string
}

func newCraft() *craft {
	ath := sha256.Sum256([]byte(token))
	return &craft{
		header: object{"typ": "dpop+jwt", "alg": "ES256", "jwk": jwkOf(clientKey)},
		claims: object{"jti": rand.Text(), "htm": "POST", "htu": "https://api.example.com/orders", "iat": start.Unix(), "ath": b64(ath[:])},
		key:    clientKey,
		spoil:  func(proof string) string { return proof },
		fields: func(proof string) []string { return []string{proof} },
		method: "POST", url: api, set: http.Header{}, scheme: "DPoP", token: token, jkt: jkt,
	}
}

func encoded(raw string, o object) string {
	if raw != "" {
		return b64([]byte(raw))
	}
	return b64(must(json.Marshal(o)))
}

func (c *craft) proof() string {
	signed := encoded(c.rawHeader, c.header) + "." + encoded(c.rawClaims, c.claims)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, c.key, digest[:])
	if err != nil {
		panic(err)
	}
	size := (c.key.Params().BitSize + 7) / 8
	signature := make([]byte, 2*size)
	r.FillBytes(signature[:size])
	s.FillBytes(signature[size:])
	return c.spoil(signed + "." + b64(signature))
}

// info returns the request with a new proof.
func (c *craft) info() request {
	r := httptest.NewRequest(c.method, c.url, nil)
	for name, values := range c.set {
		r.Header[name] = values
	}
	for _, field := range c.fields(c.proof()) {
		r.Header.Add("DPoP", field)
	}
	if c.remote != "" {
		r.RemoteAddr = c.remote
	}
	return request{r}
}

func (c *craft) credential(reply *validator.Reply) validator.Credential {
	return validator.Credential{Scheme: c.scheme, Token: c.token, Info: c.info(), Reply: reply}
}

func (c *craft) verify(t *testing.T, v *dpop.Verifier) error {
	t.Helper()
	return v.Verify(t.Context(), c.credential(nil), c.jkt)
}

func newVerifier(t *testing.T, change func(*dpop.Config)) *dpop.Verifier {
	t.Helper()
	config := dpop.Config{Clock: validatortest.NewClock(start)}
	if change != nil {
		change(&config)
	}
	v, err := dpop.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// refused checks the code and the private cause of an error, and that neither it
// nor its cause shows anything of the request.
func refused(t *testing.T, err error, code validator.Code, cause string) {
	t.Helper()
	e, ok := errors.AsType[*validator.Error](err)
	if !ok {
		t.Fatalf("got %v, want %v", err, code)
	}
	if e.Code() != code {
		t.Errorf("code %v (%v), want %v", e.Code(), e.Unwrap(), code)
	}
	private := ""
	if e.Unwrap() != nil {
		private = e.Unwrap().Error()
	}
	if !strings.Contains(private, cause) {
		t.Errorf("cause %q, want %q", private, cause)
	}
	for _, secret := range []string{token, "api.example.com", "eyJ"} {
		if strings.Contains(private, secret) {
			t.Errorf("cause %q shows %q", private, secret)
		}
	}
}
