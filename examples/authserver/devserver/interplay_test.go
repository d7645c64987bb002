package devserver_test

import (
	"context"
	"crypto/x509"
	"net/url"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	introspection "github.com/bearerguard/bearerguard/validator/introspect"
)

// apiRequest is a request to an API, as an adapter would describe it.
type apiRequest struct{ proof string }

const apiURL = "https://orders.example.com/orders"

func (apiRequest) Method() string                     { return "GET" }
func (apiRequest) URL() *url.URL                      { u, _ := url.Parse(apiURL); return u }
func (apiRequest) RemoteAddr() string                 { return "" }
func (apiRequest) PeerCertificate() *x509.Certificate { return nil }
func (r apiRequest) Header(name string) []string {
	if name != "DPoP" || r.proof == "" {
		return nil
	}
	return []string{r.proof}
}

// What this server issues is what an API that is guarded by the library takes, in
// both formats, introspected in plain and signed, bound and not, until it is
// revoked.
func TestGuardedAPI(t *testing.T) {
	server, clock := serve(t, devserver.Config{Clients: []devserver.Client{secretClient(), opaqueClient(), resourceServer()}})
	keys, err := jwks.NewRemote(jwks.Config{URL: server.JWKSURL(), InsecureLoopbackHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	p := newProofs(t, server, clock)
	for name, signed := range map[string]*introspection.SignedResponses{"plain": nil, "signed": {Keys: keys}} {
		ask, err := introspection.New(introspection.Config{
			Issuer: server.Issuer(), SignedResponses: signed, InsecureLoopbackHTTP: true, Clock: clock,
			Auth:  introspection.ClientAuth{Method: introspection.SecretBasic, ClientID: "orders-api", Secret: secretText},
			Cache: introspection.CacheConfig{Off: true},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer ask.Close()
		binding, err := dpop.New(dpop.Config{Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		guard, err := validator.New(validator.Config{
			Issuer: server.Issuer(), Audiences: []string{audience}, InsecureLoopbackHTTP: true, Clock: clock,
			Bindings: []validator.Binding{binding}, Introspector: ask, Algorithms: []string{"EdDSA"},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer guard.Close()
		for _, client := range []string{"billing:app+1", "opaque"} {
			grant := url.Values{"grant_type": {"client_credentials"}}
			bearer, bound := p.send(t, client, grant).answer(t), p.send(t, client, grant, p.make(t)).answer(t)
			check := func(a answer, scheme, proof string) error {
				token, err := guard.Validate(context.Background(), validator.Credential{Scheme: scheme, Token: a.AccessToken, Info: apiRequest{proof}})
				if err == nil && (token.ClientID() != client || !token.IsClient()) {
					t.Errorf("%s %s: the token is that of %s", name, client, token.ClientID())
				}
				return err
			}
			proof := p.make(t, func(r *dpop.Request) { r.Method, r.URL, r.AccessToken = "GET", apiURL, bound.AccessToken })
			if err := check(bearer, "Bearer", ""); err != nil {
				t.Errorf("%s %s: %v", name, client, err)
			}
			if err := check(bound, bound.TokenType, proof); err != nil {
				t.Errorf("%s %s, bound: %v", name, client, err)
			}
			if err := check(bound, "Bearer", ""); err == nil {
				t.Errorf("%s %s: a bound token is good without its key", name, client)
			}
			if client == "opaque" {
				wantRevoked(t, revoke(t, server, client, bearer.AccessToken))
				if err := check(bearer, "Bearer", ""); err == nil {
					t.Errorf("%s: a revoked token is good", name)
				}
			}
		}
	}
}
