package mtls_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/mtls"
)

// selfSigned returns a certificate that nobody vouches for and that has expired:
// neither matters to a token that is bound to it (RFC 8705 §2.2).
func selfSigned(t testing.TB, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-2 * time.Hour),
		NotAfter:     time.Now().Add(-time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func thumbprintOf(der []byte) string {
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func mustNew(t testing.TB, config mtls.Config) *mtls.Verifier {
	t.Helper()
	v, err := mtls.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func verify(v *mtls.Verifier, r *http.Request, thumbprint string) error {
	return v.Verify(context.Background(), validator.Credential{Scheme: "Bearer", Info: httpmw.Extract(r, scopes.Rule{}).Info}, thumbprint)
}

// causeOf returns why a request was refused, empty if it was not. Every refusal
// has the code that the error table has for it.
func causeOf(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*validator.Error](err)
	if !ok || e.Code() != validator.CodeBindingFailed {
		t.Fatalf("the error is %v, not one of BINDING_FAILED", err)
	}
	return e.Unwrap().Error()
}

const (
	unbound       = "the token is not bound to a certificate"
	noCertificate = "no client certificate"
	noInfo        = "nothing is known of the request around the token"
	repeated      = "the header field of the certificate is repeated"
	malformed     = "the header field of the certificate is malformed"
	mismatch      = "another client certificate than the token's"
)

// overTLS sends one request and returns why it was refused. The server asks for
// a certificate and checks none.
func overTLS(t *testing.T, v *mtls.Verifier, thumbprint string, certificate *tls.Certificate, edit func(http.Header)) string {
	t.Helper()
	var cause string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cause = causeOf(t, verify(v, r, thumbprint))
	}))
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	defer server.Close()

	client := server.Client()
	if certificate != nil {
		client.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{*certificate}
	}
	request, err := http.NewRequest(http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(request.Header)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return cause
}

func TestConnection(t *testing.T) {
	mine, other := selfSigned(t, "mine"), selfSigned(t, "other")
	thumbprint := mtls.Thumbprint(mine.Leaf)
	tests := []struct {
		name        string
		config      mtls.Config
		thumbprint  string
		certificate *tls.Certificate
		want        string
	}{
		{"its certificate", mtls.Config{}, thumbprint, &mine, ""},
		{"another certificate", mtls.Config{}, thumbprint, &other, mismatch},
		{"no certificate", mtls.Config{}, thumbprint, nil, noCertificate},
		{"unbound", mtls.Config{}, "", nil, ""},
		{"unbound, with a certificate", mtls.Config{}, "", &mine, ""},
		{"unbound, binding required", mtls.Config{Required: true}, "", &mine, unbound},
		{"bound, binding required", mtls.Config{Required: true}, thumbprint, &mine, ""},
		{"a prefix of the thumbprint", mtls.Config{}, thumbprint[:42], &mine, mismatch},
		{"the thumbprint with padding", mtls.Config{}, thumbprint + "=", &mine, mismatch},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := overTLS(t, mustNew(t, tt.config), tt.thumbprint, tt.certificate, nil); got != tt.want {
				t.Errorf("refused because of %q, want %q", got, tt.want)
			}
		})
	}
}

// Nothing is known of a request that no adapter has received.
func TestWithoutInfo(t *testing.T) {
	v := mustNew(t, mtls.Config{})
	mine := selfSigned(t, "mine")
	if got := causeOf(t, v.Verify(context.Background(), validator.Credential{}, mtls.Thumbprint(mine.Leaf))); got != noInfo {
		t.Errorf("refused because of %q, want %q", got, noInfo)
	}
	if err := v.Verify(context.Background(), validator.Credential{}, ""); err != nil {
		t.Errorf("an unbound token: %v", err)
	}
}

func TestMember(t *testing.T) {
	if got := mustNew(t, mtls.Config{}).Member(); got != "x5t#S256" {
		t.Errorf("Member() = %q", got)
	}
}

// Nothing is allocated for a certificate of the connection.
func TestAllocations(t *testing.T) {
	mine := selfSigned(t, "mine")
	v := mustNew(t, mtls.Config{})
	thumbprint := mtls.Thumbprint(mine.Leaf)
	r := httptest.NewRequest(http.MethodGet, "https://api.example.com/", nil)
	r.TLS.PeerCertificates = []*x509.Certificate{mine.Leaf}
	c := validator.Credential{Info: httpmw.Extract(r, scopes.Rule{}).Info}
	if n := testing.AllocsPerRun(100, func() {
		if v.Verify(context.Background(), c, thumbprint) != nil {
			t.Fatal("refused")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
