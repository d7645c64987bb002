//go:build interop

package interop_test

import (
	"crypto"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/bearerguard/bearerguard/internal/clientauth"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/introspect"
	"github.com/bearerguard/bearerguard/validator/mtls"
)

// Tokens that are bound to a client certificate (RFC 8705 §3), opaque and not. The
// clients authenticate with the certificate, too (§2.1, §2.2), or otherwise.
func TestCertificateBoundTokens(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	issued, self := ca.client(t, "billing.example.com"), selfSigned(t)
	p := startTLS(t, settings{
		Keys: []json.RawMessage{newKey(t, "1", "ES256").private(t)},
		Clients: []map[string]any{
			service("by-ca", "tls_client_auth", map[string]any{
				"tls_client_auth_san_dns": "billing.example.com", "tls_client_certificate_bound_access_tokens": true,
			}),
			service("self-signed", "self_signed_tls_client_auth", map[string]any{
				"jwks": registeredCertificate(t, self), "tls_client_certificate_bound_access_tokens": true,
			}),
			service("by-secret", "client_secret_basic", map[string]any{"tls_client_certificate_bound_access_tokens": true}),
			service("orders-api", "tls_client_auth", map[string]any{"tls_client_auth_san_dns": "orders.example.com"}),
		},
		Resources: bothFormats,
	}, ca)
	bySecret := withSecret("by-secret")
	bySecret.certificate = self
	clients := []client{
		{id: "by-ca", auth: clientauth.Config{Method: clientauth.TLS, ClientID: "by-ca"}, certificate: issued},
		{id: "self-signed", auth: clientauth.Config{Method: clientauth.SelfSignedTLS, ClientID: "self-signed"}, certificate: self},
		bySecret,
	}
	// The API asks with a certificate of its own, too.
	asking := p.introspector(t, introspect.ClientAuth{Method: introspect.TLSClientAuth, ClientID: "orders-api"},
		func(c *introspect.Config) { c.TLS = p.tls(ca.client(t, "orders.example.com")) })
	for kind, audience := range map[string]string{"JWT": jwtAPI, "opaque": opaqueAPI} {
		t.Run(kind, func(t *testing.T) {
			config := p.introspecting(t, asking)
			config.Audiences = []string{audience}
			unaware := serve(t, config)
			binding, err := mtls.New(mtls.Config{Required: true})
			if err != nil {
				t.Fatal(err)
			}
			config.Bindings = []validator.Binding{binding}
			a := serve(t, config)
			for _, c := range clients {
				token := p.clientCredentials(t, c, audience, "orders:read").AccessToken
				other := ca.client(t, "billing.example.com") // the same name is not the same certificate
				for i, f := range a.fronts {
					f.want(t, c.id, shown{scheme: "Bearer", token: token, certificate: c.certificate}, 0)
					f.want(t, c.id+", another certificate", shown{scheme: "Bearer", token: token, certificate: other}, validator.CodeBindingFailed)
					f.want(t, c.id+", no certificate", bearer(token), validator.CodeBindingFailed)
					unaware.fronts[i].want(t, c.id+", an API that knows nothing of it",
						shown{scheme: "Bearer", token: token, certificate: c.certificate}, validator.CodeBindingFailed)
				}
			}
		})
	}
	t.Run("no certificate", func(t *testing.T) {
		for _, c := range clients {
			c.certificate = nil
			form := url.Values{"grant_type": {"client_credentials"}, "resource": {jwtAPI}}
			if out, status := p.tryToken(t, c, form); status == http.StatusOK {
				t.Errorf("%s got a token: %d %s", c.id, status, out.Error)
			}
		}
	})
}

// registeredCertificate is a key set with a certificate (RFC 8705 §2.2.2).
func registeredCertificate(t *testing.T, c *tls.Certificate) map[string]any {
	t.Helper()
	var registered map[string]any
	public := key{Signer: c.PrivateKey.(crypto.Signer), id: "self", algorithm: "ES256"}.public(t)
	if err := json.Unmarshal(public, &registered); err != nil {
		t.Fatal(err)
	}
	registered["x5c"] = x5c(c)
	return map[string]any{"keys": []any{registered}}
}
