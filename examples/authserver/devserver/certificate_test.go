package devserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// issued is a certificate with its key, and the chain that a client shows.
type issued struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	chain       [][]byte
}

// issue makes a certificate for the DNS name that is good around the start of the
// tests' clock. Without by it is self-signed.
func issue(t *testing.T, name string, by *issued, changes ...func(*x509.Certificate)) *issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name},
		NotBefore: start.Add(-time.Hour), NotAfter: start.Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, change := range changes {
		change(template)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	made := &issued{certificate, key, [][]byte{der}}
	if by != nil {
		made.chain = append(made.chain, by.chain...)
	}
	return made
}

func authority(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
}

// thumbprint is the x5t#S256 (RFC 8705 §3.1).
func (i *issued) thumbprint() string {
	sum := sha256.Sum256(i.certificate.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// mutualTLS is a server that speaks TLS, and what clients need to be trusted.
type mutualTLS struct {
	*devserver.Server
	clock *testClock
	trust *x509.CertPool
}

func serveTLS(t *testing.T, config devserver.Config) mutualTLS {
	t.Helper()
	peer := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	peer.Close()
	config.TLSCertificate = &peer.TLS.Certificates[0]
	server, clock := serve(t, config)
	trust := x509.NewCertPool()
	trust.AddCert(peer.Certificate())
	return mutualTLS{server, clock, trust}
}

// post sends a form over a connection with this certificate, nil for none.
func (m mutualTLS) post(t *testing.T, with *issued, target string, form url.Values, header ...string) response {
	t.Helper()
	config := &tls.Config{RootCAs: m.trust}
	if with != nil {
		// Whatever authorities the server would accept, this one is shown.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &tls.Certificate{Certificate: with.chain, PrivateKey: with.key}, nil
		}
	}
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), "POST", target, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return doWith(t, &http.Client{Transport: transport}, r)
}

// claimsOf returns what the token of an answer says, unverified: the key set is
// behind TLS here.
func (r response) claimsOf(t *testing.T) (claims map[string]any) {
	t.Helper()
	segments := strings.Split(r.answer(t).AccessToken, ".")
	if r.StatusCode != 200 || len(segments) != 3 {
		t.Fatalf("no JWT: %d %s", r.StatusCode, r.body)
	}
	payload, err := base64.RawURLEncoding.DecodeString(segments[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// The certificates that a client authenticates with, one difference at a time (RFC
// 8705 §2).
func TestAuthenticationByCertificate(t *testing.T) {
	root := issue(t, "root", nil, authority)
	intermediate := issue(t, "intermediate", root, authority)
	foreign := issue(t, "root", nil, authority)
	selfSigned := issue(t, "batch.example.com", nil)
	expired := func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Minute) }
	forServers := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }
	renewed := issue(t, "batch.example.com", nil)

	roots := x509.NewCertPool()
	roots.AddCert(root.certificate)
	byThumbprint, byName := keyClient(), keyClient()
	byThumbprint.ID, byThumbprint.Keys = "batch", nil
	byThumbprint.CertificateThumbprints = []string{challenge, selfSigned.thumbprint(), renewed.thumbprint()}
	byName.ID, byName.Keys, byName.CertificateDNSName = "named", nil, "batch.example.com"
	for _, c := range []*devserver.Client{&byThumbprint, &byName} {
		c.DefaultScopes = c.Scopes
	}
	server := serveTLS(t, devserver.Config{ClientCAs: roots, Clients: []devserver.Client{byThumbprint, byName, secretClient(), publicClient()}})

	for name, test := range map[string]struct {
		client string
		with   *issued
		ok     bool
	}{
		"registered":              {"batch", selfSigned, true},
		"the next one":            {"batch", renewed, true},
		"another":                 {"batch", issue(t, "batch.example.com", nil), false},
		"issued, not registered":  {"batch", issue(t, "batch.example.com", root), false},
		"none":                    {"batch", nil, false},
		"issued":                  {"named", issue(t, "batch.example.com", root), true},
		"issued by another level": {"named", issue(t, "batch.example.com", intermediate), true},
		"another name":            {"named", issue(t, "other.example.com", root), false},
		"a wildcard":              {"named", issue(t, "*.example.com", root), false},
		"self-signed":             {"named", selfSigned, false},
		"another authority":       {"named", issue(t, "batch.example.com", foreign), false},
		"expired":                 {"named", issue(t, "batch.example.com", root, expired), false},
		"for servers":             {"named", issue(t, "batch.example.com", root, forServers), false},
		"no name, none":           {"named", nil, false},
		"no client_id":            {"", selfSigned, false},
		"a client without":        {"billing:app+1", selfSigned, false},
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{"grant_type": {"client_credentials"}, "client_id": {test.client}}
			r := server.post(t, test.with, server.TokenURL(), form)
			if !test.ok {
				r.wantError(t, 401, "invalid_client")
				return
			}
			claims := r.claimsOf(t)
			if claims["sub"] != test.client || claims["cnf"] != nil {
				t.Errorf("claims %v", claims)
			}
			// And at the other endpoints.
			form = url.Values{"token": {r.answer(t).AccessToken}, "client_id": {test.client}}
			if told := server.post(t, test.with, server.IntrospectionURL(), form); !strings.Contains(told.body, `"active":true`) {
				t.Errorf("introspection: %d %s", told.StatusCode, told.body)
			}
			if r := server.post(t, test.with, server.RevocationURL(), form); r.StatusCode != 200 {
				t.Errorf("revocation: %d %s", r.StatusCode, r.body)
			}
		})
	}
	// A certificate is no second method beside a secret.
	form := url.Values{"grant_type": {"client_credentials"}}
	server.post(t, selfSigned, server.TokenURL(), form, "Authorization", basic("billing:app+1", secretText)).claimsOf(t)
	// And without TLS there is none at all.
	plain, _ := serve(t, devserver.Config{Clients: []devserver.Client{byThumbprint}})
	post(t, plain.TokenURL(), machineGrant+"&client_id=batch").wantError(t, 401, "invalid_client")
}

// Tokens that are bound to the certificate of the connection (RFC 8705 §3), to
// that and a proof, and to nothing.
func TestCertificateBoundTokens(t *testing.T) {
	bound, free, public := secretClient(), secretClient(), publicClient()
	bound.CertificateBound, public.CertificateBound = true, true
	free.ID = "free"
	server := serveTLS(t, devserver.Config{Clients: []devserver.Client{bound, free, public, resourceServer()}})
	with, other := issue(t, "a", nil), issue(t, "b", nil)
	form := url.Values{"grant_type": {"client_credentials"}}
	secret := []string{"Authorization", basic(bound.ID, secretText)}

	r := server.post(t, with, server.TokenURL(), form, secret...)
	want := map[string]any{"x5t#S256": with.thumbprint()}
	if got := r.claimsOf(t)["cnf"]; !reflect.DeepEqual(got, any(want)) || r.answer(t).TokenType != "Bearer" { // RFC 8705 §3
		t.Errorf("got %v %s, want %v", got, r.body, want)
	}
	told := server.post(t, nil, server.IntrospectionURL(), url.Values{"token": {r.answer(t).AccessToken}}, "Authorization", basic("orders-api", secretText))
	if !strings.Contains(told.body, `"x5t#S256":"`+with.thumbprint()) || !strings.Contains(told.body, `"token_type":"Bearer"`) {
		t.Errorf("introspection tells %s", told.body)
	}
	server.post(t, nil, server.TokenURL(), form, secret...).wantError(t, 400, "invalid_request")
	if cnf := server.post(t, with, server.TokenURL(), form, "Authorization", basic("free", secretText)).claimsOf(t)["cnf"]; cnf != nil {
		t.Errorf("a token that is not to be bound has %v", cnf)
	}

	p := newProofs(t, server.Server, server.clock)
	r = server.post(t, with, server.TokenURL(), form, append(secret, "DPoP", p.make(t))...)
	want["jkt"] = p.Thumbprint()
	if got := r.claimsOf(t)["cnf"]; !reflect.DeepEqual(got, any(want)) || r.answer(t).TokenType != "DPoP" {
		t.Errorf("got %v %s, want %v", got, r.body, want)
	}

	// The refresh tokens of a public client, too (RFC 8705 §4).
	browser := newBrowser(t)
	browser.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: server.trust}}
	target, consent := browser.open(t, server.Server, request("cli", "scope", "orders:read"))
	consent.Set("decision", "allow")
	consent.Set("user", "alice")
	code := browser.send(t, target, consent).location(t).Query().Get("code")
	form = redemption("cli", code)
	form.Set("client_id", "cli")
	refreshed := server.post(t, with, server.TokenURL(), form).answer(t)
	form = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshed.Refresh}, "client_id": {"cli"}}
	server.post(t, other, server.TokenURL(), form).wantError(t, 400, "invalid_grant")
	if cnf := server.post(t, with, server.TokenURL(), form).claimsOf(t)["cnf"]; !reflect.DeepEqual(cnf, any(map[string]any{"x5t#S256": with.thumbprint()})) {
		t.Errorf("after a refresh: %v", cnf)
	}
}

// A client can move to certificates: they count as its way to authenticate.
func TestCertificatesAndRotation(t *testing.T) {
	both, keys := secretClient(), keyClient()
	both.CertificateThumbprints, keys.CertificateThumbprints = []string{challenge}, []string{challenge}
	server, _ := serve(t, devserver.Config{Clients: []devserver.Client{both, keys}})
	if err := server.RemoveClientSecret(both.ID, secretText); err != nil {
		t.Error(err)
	}
	if err := server.ReplaceClientKeys(keys.ID, nil); err != nil {
		t.Error(err)
	}
}
