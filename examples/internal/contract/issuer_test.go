package contract_test

import (
	"crypto/x509"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

const audience = "https://orders.example.com"

// An issuer makes tokens of one kind, and remembers them all.
type issuer struct {
	*devserver.Server
	env        []string // how a program is told about it
	typ        string   // of the tokens' header
	scopeClaim string
	authority  *x509.Certificate // nil: no TLS

	mu     sync.Mutex
	tokens []string
}

// onLoopback is found by discovery, over http, and issues tokens by RFC 9068.
func onLoopback(t *testing.T) *issuer {
	t.Helper()
	server, err := devserver.New(devserver.Config{Clients: []devserver.Client{{
		ID: "billing", Secret: clientSecret, Scopes: []string{"orders:read", "orders:write"}, Audiences: []string{audience},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	return &issuer{
		Server: server, typ: "at+jwt", scopeClaim: "scope",
		env: []string{"OAUTH2_PROFILE=rfc9068", "OAUTH2_INSECURE_HTTP=loopback"},
	}
}

// behindTLS has a certificate of a private authority and issues plain JWTs, with
// scopes in a claim of another name. Programs get its certificate, too, to serve
// with, and the URL of its keys.
func behindTLS(t *testing.T) *issuer {
	t.Helper()
	var server *devserver.Server
	site := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.ServeHTTP(w, r) }))
	server, err := devserver.New(devserver.Config{Issuer: "https://" + site.Listener.Addr().String(), Algorithm: "ES256"})
	if err != nil {
		t.Fatal(err)
	}
	site.StartTLS()
	t.Cleanup(site.Close)

	key, err := x509.MarshalPKCS8PrivateKey(site.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certFile := writePEM(t, "CERTIFICATE", site.Certificate().Raw)
	return &issuer{
		Server: server, typ: "JWT", scopeClaim: "permissions", authority: site.Certificate(),
		env: []string{
			"OAUTH2_PROFILE=jwt", "OAUTH2_SCOPE_CLAIM=permissions", "OAUTH2_JWKS_URL=" + server.JWKSURL(),
			"SSL_CERT_FILE=" + certFile, "TLS_CERT=" + certFile, "TLS_KEY=" + writePEM(t, "PRIVATE KEY", key),
		},
	}
}

func writePEM(t *testing.T, kind string, block []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), strings.ReplaceAll(kind, " ", "-")+".pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: block}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (i *issuer) environment() []string {
	return append([]string{"OAUTH2_ISSUER=" + i.Issuer(), "OAUTH2_AUDIENCE=" + audience, "ADDR=127.0.0.1:0"}, i.env...)
}

// token returns a good token for the client "billing" with these scopes.
func (i *issuer) token(t *testing.T, granted ...string) string {
	t.Helper()
	return i.mint(t, devserver.TokenSpec{Claims: map[string]any{i.scopeClaim: strings.Join(granted, " ")}})
}

// mint lays spec over a good token without scopes.
func (i *issuer) mint(t *testing.T, spec devserver.TokenSpec) string {
	t.Helper()
	claims := map[string]any{"aud": audience, "sub": "billing", "client_id": "billing"}
	maps.Copy(claims, spec.Claims)
	header := map[string]any{"typ": i.typ}
	maps.Copy(header, spec.Header)
	token, err := i.Mint(devserver.TokenSpec{Claims: claims, Header: header, Unpublished: spec.Unpublished})
	if err != nil {
		t.Fatal(err)
	}
	i.remember(token)
	return token
}

func (i *issuer) remember(token string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tokens = append(i.tokens, token)
}

func (i *issuer) minted() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string(nil), i.tokens...)
}

// badTokens are refused whatever they are used for, each for another reason.
func (i *issuer) badTokens(t *testing.T) map[string]string {
	all := "orders:read orders:write orders:admin"
	other := map[string]string{"at+jwt": "JWT", "JWT": "logout+jwt"}[i.typ]
	return map[string]string{
		"SIGNATURE_INVALID":      i.mint(t, devserver.TokenSpec{Claims: map[string]any{i.scopeClaim: all}, Unpublished: true}),
		"TOKEN_EXPIRED":          i.mint(t, devserver.TokenSpec{Claims: map[string]any{i.scopeClaim: all, "exp": time.Now().Add(-time.Minute)}}),
		"AUDIENCE_NOT_ALLOWED":   i.mint(t, devserver.TokenSpec{Claims: map[string]any{i.scopeClaim: all, "aud": "https://billing.example.com"}}),
		"ISSUER_NOT_ALLOWED":     i.mint(t, devserver.TokenSpec{Claims: map[string]any{i.scopeClaim: all, "iss": i.Issuer() + "/"}}),
		"TOKEN_KIND_NOT_ALLOWED": i.mint(t, devserver.TokenSpec{Claims: map[string]any{i.scopeClaim: all}, Header: map[string]any{"typ": other}}),
	}
}
