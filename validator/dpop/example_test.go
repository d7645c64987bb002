package dpop_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// An API takes tokens that are bound to a key of the client, and nobody who
// intercepts a token or a proof can do anything with it.
func Example() {
	issuer, err := validatortest.New(validatortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer issuer.Close()

	proofs, err := dpop.New(dpop.Config{PublicURL: "https://api.example.com", Required: true})
	if err != nil {
		log.Fatal(err)
	}
	v := issuer.Validator(func(c *validator.Config) { c.Bindings = []validator.Binding{proofs} })
	auth, err := httpmw.New(v, httpmw.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mux := auth.NewMux()
	mux.Handle("GET /orders", scopes.All("orders:read"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))

	// The client: its authorization server has bound the token to its key.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	prover, err := dpop.NewProver(key)
	if err != nil {
		log.Fatal(err)
	}
	token := issuer.Mint(validatortest.Client("billing").Scope("orders:read").With("cnf", map[string]string{"jkt": prover.Thumbprint()}))
	proof, err := prover.Proof(dpop.Request{Method: "GET", URL: "https://api.example.com/orders", AccessToken: token})
	if err != nil {
		log.Fatal(err)
	}

	send := func(scheme string, proofs ...string) {
		r := httptest.NewRequest("GET", "http://10.0.0.7:8080/orders", nil)
		r.Header.Set("Authorization", scheme+" "+token)
		for _, proof := range proofs {
			r.Header.Add("DPoP", proof)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, cmp.Or(w.Header().Get("WWW-Authenticate"), "let in"))
	}
	send("DPoP", proof)
	send("DPoP", proof) // again
	send("Bearer")      // without
	// Output:
	// 200 let in
	// 401 DPoP realm="api", error="invalid_dpop_proof", error_description="The DPoP proof is not valid.", algs="ES256 EdDSA Ed25519 PS256 RS256"
	// 401 Bearer realm="api", error="invalid_token", error_description="The access token is bound to a key that the request did not prove."
}
