package validator_test

import (
	"net/http"
	"testing"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

// A token that is bound to a key is explained with its proof, and without.
func TestExplainDPoP(t *testing.T) {
	prover := must(dpop.NewProver(signers()["p256"]))
	other := must(dpop.NewProver(signers()["ed"]))
	token := mint("EdDSA", "at+jwt", object{"cnf": object{"jkt": prover.Thumbprint()}})
	prove := func(p *dpop.Prover, method string) validator.RequestInfo {
		return headers{"Dpop": {must(p.Proof(dpop.Request{Method: method, URL: apiURL + "/", AccessToken: token, IssuedAt: epoch}))}}
	}
	config := func() validator.Config {
		c := baseConfig()
		c.Bindings = []validator.Binding{must(dpop.New(dpop.Config{PublicURL: apiURL, Clock: c.Clock}))}
		return c
	}
	tests := []struct {
		name, scheme string
		info         validator.RequestInfo
		want         validator.Code
	}{
		{"proof", "DPoP", prove(prover, http.MethodPost), 0},
		{"proof for another method", "DPoP", prove(prover, http.MethodGet), validator.CodeDPoPProofInvalid},
		{"proof of another key", "DPoP", prove(other, http.MethodPost), validator.CodeBindingFailed},
		{"no proof", "DPoP", headers{}, validator.CodeDPoPProofInvalid},
		{"nothing known of the request", "DPoP", nil, validator.CodeBindingFailed},
		{"as a bearer token", "Bearer", prove(prover, http.MethodPost), validator.CodeBindingFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := validator.Credential{Scheme: tt.scheme, Token: token, Info: tt.info}
			v := must(validator.New(config()))
			_, err := v.Validate(t.Context(), c)
			want := errorCode(t, err)
			e := validator.Explain(t.Context(), must(validator.New(config())), c, scopes.Authenticated())
			if e.Code != want {
				t.Errorf("%v, explained as\n%v", err, e)
			}
			if e.Code != tt.want {
				t.Errorf("code %v", e.Code)
			}
			wellMade(t, e, token)
		})
	}
}
