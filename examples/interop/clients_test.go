//go:build interop

package interop_test

import (
	"crypto/tls"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/internal/clientauth"
	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

// secret has in it what form-urlencoding changes (RFC 6749 §2.3.1).
const secret = "s3cret: +%20/&=?~ of a service"

// A client of the authorization server.
type client struct {
	id          string
	auth        clientauth.Config
	certificate *tls.Certificate // nil: none is shown
	prover      *dpop.Prover     // nil: no proofs
}

// withSecret is a client that authenticates by client_secret_basic.
func withSecret(id string) client {
	return client{id: id, auth: clientauth.Config{Method: clientauth.SecretBasic, ClientID: id, Secret: secret}}
}

// withKey is a client that authenticates by private_key_jwt.
func withKey(id string, k key) client {
	return client{id: id, auth: clientauth.Config{
		Method: clientauth.PrivateKeyJWT, ClientID: id, Key: k.Signer, KeyID: k.id, Algorithm: k.algorithm,
	}}
}

// service is the metadata of a client that is a machine. More is added or replaces
// what is there.
func service(id, authMethod string, more map[string]any) map[string]any {
	metadata := map[string]any{
		"client_id":                  id,
		"token_endpoint_auth_method": authMethod,
		"grant_types":                []string{"client_credentials"},
		"redirect_uris":              []string{},
		"response_types":             []string{},
		"scope":                      "orders:read orders:write",
	}
	if strings.HasPrefix(authMethod, "client_secret_") {
		metadata["client_secret"] = secret
	}
	maps.Copy(metadata, more)
	return metadata
}

// registered is the metadata of a client's keys.
func registered(t *testing.T, keys ...key) map[string]any {
	t.Helper()
	set := []json.RawMessage{}
	for _, k := range keys {
		set = append(set, k.public(t))
	}
	return map[string]any{"jwks": map[string]any{"keys": set}}
}

// An issued is what the token endpoint answers.
type issued struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	Scope        string `json:"scope"`
	Error        string `json:"error"`
	Description  string `json:"error_description"`

	attempts int
}

// clientCredentials gets a token for an API (RFC 6749 §4.4, RFC 8707).
func (p *provider) clientCredentials(t *testing.T, c client, api, scope string) issued {
	t.Helper()
	return p.token(t, c, url.Values{"grant_type": {"client_credentials"}, "resource": {api}, "scope": {scope}})
}

// token makes a token request, which has to succeed.
func (p *provider) token(t *testing.T, c client, form url.Values) issued {
	t.Helper()
	out, status := p.tryToken(t, c, form)
	if status != http.StatusOK || out.AccessToken == "" {
		t.Fatalf("no token for %s: %d %s: %s", c.id, status, out.Error, out.Description)
	}
	return out
}

// tryToken makes a token request, a second time if a nonce is wanted (RFC 9449 §8).
func (p *provider) tryToken(t *testing.T, c client, form url.Values) (out issued, status int) {
	t.Helper()
	endpoint, nonce := p.issuer+"/token", ""
	for attempt := 1; ; attempt++ {
		header := http.Header{}
		if c.prover != nil {
			header.Set("DPoP", prove(t, c.prover, dpop.Request{Method: http.MethodPost, URL: endpoint, Nonce: nonce}))
		}
		response := p.post(t, c, endpoint, form, header)
		out = issued{attempts: attempt}
		if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		if out.Error != "use_dpop_nonce" || attempt == 2 {
			return out, response.StatusCode
		}
		nonce = response.Header.Get("DPoP-Nonce")
	}
}

// post sends a form as a client.
func (p *provider) post(t *testing.T, c client, endpoint string, form url.Values, header http.Header) *http.Response {
	t.Helper()
	form = maps.Clone(form)
	c.authenticate(t, p.issuer, form, header)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := p.browser(t, c.certificate).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func (c client) authenticate(t *testing.T, issuer string, form url.Values, header http.Header) {
	t.Helper()
	if c.auth.Method == "" { // a public one
		form.Set("client_id", c.id)
		return
	}
	config := c.auth
	if config.Method == clientauth.PrivateKeyJWT {
		config.Audience = issuer
	}
	var problems configerr.List
	authenticator := clientauth.New(config, clock.System{}, "client", &problems)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if err := authenticator.Authenticate(t.Context(), form, header); err != nil {
		t.Fatal(err)
	}
}

// browser is an HTTP client that trusts the provider and follows no redirect.
func (p *provider) browser(t *testing.T, certificate *tls.Certificate) *http.Client {
	t.Helper()
	return &http.Client{
		Transport:     p.transport(t, certificate),
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// transport reaches the provider; what it has open is closed with the test.
func (p *provider) transport(t *testing.T, certificate *tls.Certificate) *http.Transport {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: p.tls(certificate)}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// tls is the client's side of connections to the provider.
func (p *provider) tls(certificate *tls.Certificate) *tls.Config {
	if p.authority == nil {
		return nil
	}
	return clientTLS(p.authority, certificate)
}

func prove(t *testing.T, p *dpop.Prover, r dpop.Request) string {
	t.Helper()
	proof, err := p.Proof(r)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}
