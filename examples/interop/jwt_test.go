//go:build interop

package interop_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
	"github.com/bearerguard/bearerguard/validator"
)

// JWT access tokens (RFC 9068), with each kind of key: the authorization server's,
// and the clients' for private_key_jwt (RFC 7523).
func TestJWTAccessTokens(t *testing.T) {
	t.Parallel()
	s := settings{Resources: map[string]resource{}}
	billing := []client{withSecret("billing-basic")}
	s.Clients = append(s.Clients, service("billing-basic", "client_secret_basic", nil))
	for _, algorithm := range algorithms {
		s.Keys = append(s.Keys, newKey(t, "of-the-server-"+algorithm, algorithm).private(t))
		s.Resources["https://"+algorithm+".example.com"] = resource{Format: "jwt", Algorithm: algorithm}
		k := newKey(t, "of-the-client", algorithm)
		id := "billing-" + algorithm
		s.Clients = append(s.Clients, service(id, "private_key_jwt", registered(t, k)))
		billing = append(billing, withKey(id, k))
	}
	p := start(t, s)
	for _, algorithm := range algorithms {
		t.Run(algorithm, func(t *testing.T) {
			audience := "https://" + algorithm + ".example.com"
			config := p.config(t, audience)
			config.Algorithms = []string{algorithm}
			a := serve(t, config)
			for _, c := range billing {
				token := p.clientCredentials(t, c, audience, "orders:read orders:write")
				for _, f := range a.fronts {
					got := f.want(t, c.id, bearer(token.AccessToken), 0)
					want := rest.Caller{Issuer: p.issuer, Subject: c.id, ClientID: c.id, Scopes: []string{"orders:read", "orders:write"}}
					if !equal(got.caller, want) {
						t.Errorf("%s, %s: %+v, want %+v", f.name, c.id, got.caller, want)
					}
				}
			}
			narrow := p.clientCredentials(t, billing[0], audience, "orders:write")
			other := p.clientCredentials(t, billing[0], "https://"+next(algorithm)+".example.com", "orders:read")
			config.Algorithms = nil
			any := serve(t, config)
			for i, f := range a.fronts {
				f.want(t, "a scope too little", bearer(narrow.AccessToken), validator.CodeInsufficientScope)
				f.want(t, "another algorithm", bearer(other.AccessToken), validator.CodeAlgorithmNotAllowed)
				any.fronts[i].want(t, "another API", bearer(other.AccessToken), validator.CodeAudienceNotAllowed)
			}
		})
	}
}

// The authorization server knows the clients by what they prove, so that the
// tokens above say something.
func TestClientsAreAuthenticated(t *testing.T) {
	t.Parallel()
	good, bad := newKey(t, "of-the-client", "ES256"), newKey(t, "of-the-client", "ES256")
	p := start(t, settings{
		Keys: []json.RawMessage{newKey(t, "1", "ES256").private(t)},
		Clients: []map[string]any{
			service("billing", "private_key_jwt", registered(t, good)),
			service("billing-basic", "client_secret_basic", nil),
		},
		Resources: bothFormats,
	})
	guess := withSecret("billing-basic")
	guess.auth.Secret = "a guess"
	for _, c := range []client{withKey("billing", bad), guess} {
		form := url.Values{"grant_type": {"client_credentials"}, "resource": {jwtAPI}}
		if got, status := p.tryToken(t, c, form); status != http.StatusUnauthorized || got.Error != "invalid_client" {
			t.Errorf("%s: %d %s", c.id, status, got.Error)
		}
	}
}

// next is another algorithm.
func next(algorithm string) string {
	return algorithms[(slices.Index(algorithms, algorithm)+1)%len(algorithms)]
}

// equal compares callers, the scopes in any order.
func equal(a, b rest.Caller) bool {
	slices.Sort(a.Scopes)
	slices.Sort(b.Scopes)
	return a.Issuer == b.Issuer && a.Subject == b.Subject && a.ClientID == b.ClientID && slices.Equal(a.Scopes, b.Scopes)
}
