//go:build interop

package interop_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

// Tokens that are bound to a key of the client (RFC 9449), opaque and not, from a
// server with and without nonces, at an API with and without its own.
func TestDPoP(t *testing.T) {
	t.Parallel()
	for _, serverNonces := range []bool{false, true} {
		p := start(t, settings{
			Nonces: serverNonces,
			Keys:   []json.RawMessage{newKey(t, "1", "ES256").private(t)},
			Clients: []map[string]any{
				service("billing", "client_secret_basic", map[string]any{"dpop_bound_access_tokens": true}),
				service("plain", "client_secret_basic", nil),
				service("orders-api", "client_secret_basic", nil),
			},
			Resources: bothFormats,
		})
		for _, apiNonces := range []bool{false, true} {
			for kind, audience := range map[string]string{"JWT": jwtAPI, "opaque": opaqueAPI} {
				t.Run(fmt.Sprintf("%s token, nonces of the server %t, of the API %t", kind, serverNonces, apiNonces), func(t *testing.T) {
					config := p.introspecting(t, p.introspector(t, apiSecret, nil))
					config.Audiences = []string{audience}
					config.Bindings = []validator.Binding{newVerifier(t, apiNonces)}
					a := serve(t, config)
					for _, algorithm := range []string{"ES256", "EdDSA", "PS256"} {
						c := withSecret("billing")
						c.prover = newProver(t, algorithm)
						token := p.bound(t, c, audience, serverNonces)
						for _, f := range a.fronts {
							f.boundToKey(t, token, c.prover, apiNonces)
						}
					}
				})
			}
		}
	}
}

// bound gets a token that is bound to the key of a client, which has to prove that
// it has it, with a nonce if there are any.
func (p *provider) bound(t *testing.T, c client, audience string, nonces bool) string {
	t.Helper()
	out := p.clientCredentials(t, c, audience, "orders:read")
	attempts := 1
	if nonces {
		attempts = 2
	}
	if out.TokenType != "DPoP" || out.attempts != attempts {
		t.Errorf("a %s token at attempt %d, want DPoP at %d", out.TokenType, out.attempts, attempts)
	}
	without := c
	without.prover = nil
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {audience}}
	if _, status := p.tryToken(t, without, form); status != http.StatusBadRequest {
		t.Errorf("a token without a proof: %d", status)
	}
	return out.AccessToken
}

// boundToKey holds a front to what a bound token is good for.
func (f front) boundToKey(t *testing.T, token string, prover *dpop.Prover, nonces bool) {
	t.Helper()
	good := shown{scheme: "DPoP", token: token, prover: prover}
	if nonces {
		first := f.want(t, "no nonce", good, validator.CodeDPoPNonceRequired)
		if good.nonce = first.nonce; good.nonce == "" {
			t.Errorf("%s: no DPoP-Nonce", f.name)
		}
		f.want(t, "a nonce of another server", shown{"DPoP", token, prover, "another-servers", nil}, validator.CodeDPoPNonceRequired)
	}
	used := f.want(t, "with a proof", good, 0)
	if again := f.callWith(t, good, used.proof); again.code != validator.CodeDPoPProofInvalid {
		t.Errorf("%s: a proof for the second time: %v", f.name, again.code)
	}
	for what, r := range map[string]dpop.Request{
		"another token":  {Method: f.method, URL: f.url, Nonce: good.nonce, AccessToken: token + "x"},
		"another method": {Method: http.MethodPut, URL: f.url, Nonce: good.nonce, AccessToken: token},
		"another URL":    {Method: f.method, URL: f.url + "/x", Nonce: good.nonce, AccessToken: token},
	} {
		if got := f.callWith(t, good, prove(t, prover, r)); got.code != validator.CodeDPoPProofInvalid {
			t.Errorf("%s, a proof for %s: %v", f.name, what, got.code)
		}
	}
	thief := good
	thief.prover = newProver(t, prover.Algorithm())
	f.want(t, "the proof of another key", thief, validator.CodeBindingFailed)
	without := good
	without.prover = nil
	f.want(t, "without a proof", without, validator.CodeDPoPProofInvalid)
	f.want(t, "as a bearer token", bearer(token), validator.CodeBindingFailed)
	downgraded := good
	downgraded.scheme = "Bearer"
	f.want(t, "as a bearer token, with a proof", downgraded, validator.CodeBindingFailed)
}

// Who wants only bound tokens gets only those; who does not, both.
func TestBearerTokensBesideDPoP(t *testing.T) {
	t.Parallel()
	p := start(t, settings{
		Keys:      []json.RawMessage{newKey(t, "1", "ES256").private(t)},
		Clients:   []map[string]any{service("plain", "client_secret_basic", nil)},
		Resources: bothFormats,
	})
	token := p.clientCredentials(t, withSecret("plain"), jwtAPI, "orders:read").AccessToken
	for required, code := range map[bool]validator.Code{false: 0, true: validator.CodeBindingFailed} {
		config := p.config(t, jwtAPI)
		binding, err := dpop.New(dpop.Config{Required: required})
		if err != nil {
			t.Fatal(err)
		}
		config.Bindings = []validator.Binding{binding}
		for _, f := range serve(t, config).fronts {
			f.want(t, fmt.Sprint("unbound, required: ", required), bearer(token), code)
			f.want(t, "unbound, as a bound one", shown{scheme: "DPoP", token: token, prover: newProver(t, "ES256")}, validator.CodeBindingFailed)
		}
	}
}

func newVerifier(t *testing.T, nonces bool) *dpop.Verifier {
	t.Helper()
	config := dpop.Config{}
	if nonces {
		var err error
		if config.Nonces, err = dpop.NewNonces(dpop.NonceConfig{}); err != nil {
			t.Fatal(err)
		}
	}
	v, err := dpop.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// newProver returns a prover with a new key.
func newProver(t *testing.T, algorithm string) *dpop.Prover {
	t.Helper()
	p, err := dpop.NewProver(newKey(t, "", algorithm).Signer)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
