package dpop_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// newServer returns an API on TLS, guarded twice by the same guard, and the issuer
// of its tokens.
func newServer(t *testing.T, config dpop.Config) (*httptest.Server, *validatortest.Issuer) {
	t.Helper()
	issuer := validatortest.Start(t, validatortest.Config{})
	proofs := must(dpop.New(config))
	auth := must(httpmw.New(issuer.Validator(func(c *validator.Config) { c.Bindings = []validator.Binding{proofs} }), httpmw.Config{}))
	guard := auth.Require(scopes.All("orders:read"))
	server := httptest.NewTLSServer(guard(guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "orders")
	}))))
	t.Cleanup(server.Close)
	return server, issuer
}

// A client, an API and the answers of the error table (RFC 9449 §7.1 and §9).
func TestOverHTTP(t *testing.T) {
	nonces := must(dpop.NewNonces(dpop.NonceConfig{}))
	server, issuer := newServer(t, dpop.Config{Nonces: nonces, Algorithms: []string{"ES256", "EdDSA"}})
	prover := must(dpop.NewProver(clientKey))
	mint := validatortest.Client("billing").Scope("orders:read")
	bound, unbound := issuer.Mint(mint.With("cnf", object{"jkt": jkt})), issuer.Mint(mint)
	proof := func(nonce string) string {
		return must(prover.Proof(dpop.Request{Method: "GET", URL: server.URL + "/orders", AccessToken: bound, Nonce: nonce}))
	}
	good := proof(nonces.Current())
	for _, tt := range []struct {
		name, authorization string
		proofs              []string
		status              int
		challenge, nonce    string
	}{
		{"no nonce", "DPoP " + bound, []string{proof("")}, 401, `error="use_dpop_nonce"`, nonces.Current()},
		{"good", "DPoP " + bound, []string{good}, 200, "", ""},
		{"used before", "DPoP " + bound, []string{good}, 401, `error="invalid_dpop_proof"`, ""},
		{"no proof", "DPoP " + bound, nil, 401, `error="invalid_dpop_proof"`, ""},
		{"two proofs", "DPoP " + bound, []string{proof(nonces.Current()), proof(nonces.Current())}, 401, `error="invalid_dpop_proof"`, ""},
		{"as a bearer token", "Bearer " + bound, []string{proof(nonces.Current())}, 401, `error="invalid_token"`, ""},
		{"a bearer token", "Bearer " + unbound, nil, 200, "", ""},
		{"a bearer token with the scheme", "DPoP " + unbound, []string{proof(nonces.Current())}, 401, `error="invalid_token"`, ""},
		{"nothing", "", nil, 401, `algs="ES256 EdDSA"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := must(http.NewRequest("GET", server.URL+"/orders?page=2", nil))
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			r.Header["Dpop"] = tt.proofs
			response := must(server.Client().Do(r))
			defer func() { _ = response.Body.Close() }()
			body := string(must(io.ReadAll(response.Body)))
			challenges := strings.Join(response.Header.Values("WWW-Authenticate"), ", ")
			if response.StatusCode != tt.status || !strings.Contains(challenges, tt.challenge) || response.Header.Get("DPoP-Nonce") != tt.nonce {
				t.Errorf("%d %q %q %s", response.StatusCode, challenges, response.Header.Get("DPoP-Nonce"), body)
			}
		})
	}
}

// Nothing goes on when a request is over, and no timer: a bubble ends only if
// there is no goroutine left in it.
func TestNothingIsLeftRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := must(dpop.New(dpop.Config{Nonces: must(dpop.NewNonces(dpop.NonceConfig{}))}))
		prover := must(dpop.NewProver(clientKey))
		for range 100 {
			var reply validator.Reply
			for range 2 { // the first time without a nonce
				r := httptest.NewRequest("POST", api, nil)
				r.Header.Set("DPoP", must(prover.Proof(dpop.Request{Method: "POST", URL: api, Nonce: reply.DPoPNonce})))
				_, _ = v.Proof(t.Context(), request{r}, &reply)
			}
			time.Sleep(time.Second)
		}
		r := httptest.NewRequest("POST", api, nil)
		r.Header.Set("DPoP", must(prover.Proof(dpop.Request{Method: "POST", URL: api, Nonce: "x"})))
		_, err := v.Proof(t.Context(), request{r}, nil)
		refused(t, err, validator.CodeDPoPNonceRequired, "nonce")
	})
}
