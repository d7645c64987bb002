//go:build interop

package interop_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/introspect"
)

// introspector asks the provider. Nothing is remembered, so that each call is asked
// about; package introspect tests its cache itself.
func (p *provider) introspector(t *testing.T, auth introspect.ClientAuth, more func(*introspect.Config)) *introspect.Client {
	t.Helper()
	config := introspect.Config{
		Issuer: p.issuer, Auth: auth, Cache: introspect.CacheConfig{Off: true},
		InsecureLoopbackHTTP: p.authority == nil,
	}
	if p.authority != nil {
		config.TLS = p.tls(nil)
	}
	if more != nil {
		more(&config)
	}
	c, err := introspect.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// apiSecret is how the API with a secret authenticates.
var apiSecret = introspect.ClientAuth{Method: introspect.SecretBasic, ClientID: "orders-api", Secret: secret}

// signed has the provider sign its answers (RFC 9701).
func (p *provider) signed(t *testing.T) func(*introspect.Config) {
	return func(c *introspect.Config) {
		c.SignedResponses = &introspect.SignedResponses{Keys: p.keys(t, jwks.Config{})}
	}
}

// introspecting is the configuration of an API with opaque tokens, beside JWTs.
func (p *provider) introspecting(t *testing.T, i validator.Introspector) validator.Config {
	t.Helper()
	c := p.config(t, opaqueAPI)
	c.Introspector = i
	return c
}

// Opaque tokens (RFC 7662), with each way of authenticating that has a secret or a
// key, and with answers that each kind of key has signed.
func TestOpaqueTokens(t *testing.T) {
	t.Parallel()
	s := settings{Resources: bothFormats, Clients: []map[string]any{
		service("billing", "client_secret_basic", nil),
		service("orders-api", "client_secret_basic", nil),
		service("orders-api-post", "client_secret_post", nil),
	}}
	auths := []introspect.ClientAuth{apiSecret, {Method: introspect.SecretPost, ClientID: "orders-api-post", Secret: secret}}
	for _, algorithm := range algorithms {
		s.Keys = append(s.Keys, newKey(t, "of-the-server-"+algorithm, algorithm).private(t))
		k := newKey(t, "of-the-api", algorithm)
		id := "orders-api-" + algorithm
		metadata := registered(t, k)
		metadata["introspection_signed_response_alg"] = algorithm
		s.Clients = append(s.Clients, service(id, "private_key_jwt", metadata))
		auths = append(auths, introspect.ClientAuth{
			Method: introspect.PrivateKeyJWT, ClientID: id, Key: k.Signer, KeyID: k.id, Algorithm: algorithm,
		})
	}
	p := start(t, s)
	billing := withSecret("billing")
	for _, auth := range auths {
		for kind, more := range map[string]func(*introspect.Config){"plain": nil, "signed": p.signed(t)} {
			t.Run(fmt.Sprint(auth.ClientID, " ", kind), func(t *testing.T) {
				a := serve(t, p.introspecting(t, p.introspector(t, auth, more)))
				token := p.clientCredentials(t, billing, opaqueAPI, "orders:read orders:write").AccessToken
				narrow := p.clientCredentials(t, billing, opaqueAPI, "orders:write").AccessToken
				want := rest.Caller{Issuer: p.issuer, ClientID: "billing", Scopes: []string{"orders:read", "orders:write"}}
				for _, f := range a.fronts {
					got := f.want(t, "a good token", bearer(token), 0)
					if !equal(got.caller, want) {
						t.Errorf("%s: %+v, want %+v", f.name, got.caller, want)
					}
					f.want(t, "a scope too little", bearer(narrow), validator.CodeInsufficientScope)
					f.want(t, "made up", bearer("made-up"), validator.CodeTokenInactive)
				}
				p.revoke(t, billing, token)
				for _, f := range a.fronts {
					f.want(t, "revoked", bearer(token), validator.CodeTokenInactive)
				}
			})
		}
	}
}

// revoke has a client give up a token (RFC 7009).
func (p *provider) revoke(t *testing.T, c client, token string) {
	t.Helper()
	response := p.post(t, c, p.issuer+"/token/revocation", url.Values{"token": {token}}, http.Header{})
	if response.StatusCode != http.StatusOK {
		t.Fatalf("revocation: %d", response.StatusCode)
	}
}

// An API that is not let in by the authorization server cannot judge tokens, which
// says nothing about them; nor can it ask this one about JWTs.
func TestTokensThatCannotBeAskedAbout(t *testing.T) {
	t.Parallel()
	p := start(t, settings{
		Keys: []json.RawMessage{newKey(t, "1", "ES256").private(t)},
		Clients: []map[string]any{
			service("billing", "client_secret_basic", nil),
			service("orders-api", "client_secret_basic", nil),
		},
		Resources: bothFormats,
	})
	billing := withSecret("billing")
	opaque := p.clientCredentials(t, billing, opaqueAPI, "orders:read").AccessToken
	jwt := p.clientCredentials(t, billing, jwtAPI, "orders:read").AccessToken

	guess := apiSecret
	guess.Secret = "a guess"
	stranger := serve(t, p.introspecting(t, p.introspector(t, guess, nil)))
	config := p.introspecting(t, p.introspector(t, apiSecret, nil))
	config.Audiences = []string{jwtAPI, opaqueAPI}
	mixed := serve(t, config)
	config.IntrospectJWTs = true
	asking := serve(t, config)
	for i := range mixed.fronts {
		stranger.fronts[i].want(t, "the API is not let in", bearer(opaque), validator.CodeDependencyUnavailable)
		mixed.fronts[i].want(t, "opaque beside JWT", bearer(opaque), 0)
		mixed.fronts[i].want(t, "JWT beside opaque", bearer(jwt), 0)
		asking.fronts[i].want(t, "a JWT is asked about", bearer(jwt), validator.CodeDependencyUnavailable)
	}
	// The provider takes what looks like a JWE for a bad request, too. However many
	// are sent, the breaker stays closed for everybody else.
	for i := range 20 {
		mixed.fronts[0].want(t, "like a JWE", bearer(fmt.Sprint("e30.e.e.e.", i)), validator.CodeDependencyUnavailable)
	}
	mixed.fronts[0].want(t, "opaque after them", bearer(opaque), 0)
}

// A client that does not say for which API gets a token for none.
func TestTokensForNoAPI(t *testing.T) {
	t.Parallel()
	p := start(t, settings{
		Keys: []json.RawMessage{newKey(t, "1", "ES256").private(t)},
		Clients: []map[string]any{
			service("billing", "client_secret_basic", nil),
			service("orders-api", "client_secret_basic", nil),
		},
		Resources: bothFormats,
	})
	token := p.token(t, withSecret("billing"), url.Values{"grant_type": {"client_credentials"}, "scope": {"orders:read"}})
	for _, f := range serve(t, p.introspecting(t, p.introspector(t, apiSecret, nil))).fronts {
		f.want(t, "no audience", bearer(token.AccessToken), validator.CodeClaimMissing)
	}
}

// A signed answer is about a token and is none itself (RFC 9701 §8.1).
func TestSignedAnswersAreNoTokens(t *testing.T) {
	t.Parallel()
	p := start(t, settings{
		Keys: []json.RawMessage{newKey(t, "1", "ES256").private(t)},
		Clients: []map[string]any{
			service("billing", "client_secret_basic", nil),
			service("orders-api", "client_secret_basic", nil),
		},
		Resources: bothFormats,
	})
	token := p.clientCredentials(t, withSecret("billing"), opaqueAPI, "orders:read").AccessToken
	response := p.post(t, withSecret("orders-api"), p.issuer+"/token/introspection",
		url.Values{"token": {token}}, http.Header{"Accept": {"application/token-introspection+jwt"}})
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response.Status, err)
	}
	for _, profile := range []validator.Profile{validator.ProfileJWT, validator.ProfileRFC9068} {
		config := p.config(t, "orders-api") // its audience, so that nothing but its kind is wrong
		config.Profile = profile
		for _, f := range serve(t, config).fronts {
			f.want(t, "an introspection answer", bearer(string(answer)), validator.CodeTokenKindNotAllowed)
		}
	}
}
