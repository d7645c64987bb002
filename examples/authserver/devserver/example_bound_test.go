package devserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"strings"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

// A token that says nothing by itself and is good with the client's key only, and
// what the API is told about it.
func Example_boundAndOpaque() {
	server, err := devserver.New(devserver.Config{Algorithm: "ES256", Clients: []devserver.Client{{
		ID: "billing", Secret: "only-an-example-secret", DefaultScopes: []string{"orders:read"}, Scopes: []string{"orders:read"},
		Audiences: []string{"https://orders.example.com"}, AccessTokenFormat: devserver.FormatOpaque, DPoPBound: true,
	}, {
		ID: "orders-api", Secret: "another-example-secret", Audiences: []string{"https://orders.example.com"}, Introspection: true,
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	if err := server.Start(); err != nil {
		log.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	prover, err := dpop.NewProver(key)
	if err != nil {
		log.Fatal(err)
	}
	proof, err := prover.Proof(dpop.Request{Method: "POST", URL: server.TokenURL()})
	if err != nil {
		log.Fatal(err)
	}
	token, err := ask(server.TokenURL(), "billing", "only-an-example-secret", url.Values{"grant_type": {"client_credentials"}}, proof)
	if err != nil {
		log.Fatal(err)
	}
	about, err := ask(server.IntrospectionURL(), "orders-api", "another-example-secret", url.Values{"token": {token["access_token"].(string)}}, "")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token["token_type"], about["active"], about["client_id"], about["scope"])
	fmt.Println(about["cnf"].(map[string]any)["jkt"] == prover.Thumbprint())
	// Output:
	// DPoP true billing orders:read
	// true
}

// ask sends a form as a client and returns the JSON of the answer.
func ask(target, id, secret string, form url.Values, proof string) (answer map[string]any, err error) {
	request, err := http.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth(id, secret) // neither has anything in it that form-encoding changes
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if proof != "" {
		request.Header.Set("DPoP", proof)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return answer, json.NewDecoder(response.Body).Decode(&answer)
}
