package chi_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	api "github.com/bearerguard/bearerguard/examples/chi"
	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/go-chi/chi/v5"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

const (
	issuer   = "https://auth.example.com"
	audience = "https://api.example.com"
	origin   = "https://app.example.com"
)

// signingKey is that of the authorization server in these tests.
var signingKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// newAuth returns an Auth for tokens of the authorization server, which reports
// decisions to observe.
func newAuth(observe func(context.Context, validator.Decision)) *httpmw.Auth {
	key, err := jwks.NewKey("1", "EdDSA", signingKey.Public())
	if err != nil {
		log.Fatal(err)
	}
	keys, err := jwks.NewSet(key)
	if err != nil {
		log.Fatal(err)
	}
	v, err := validator.New(validator.Config{
		Issuer:     issuer,
		Audiences:  []string{audience},
		Keys:       jwks.Static(keys), // without it, the keys are discovered from the issuer
		OnDecision: observe,
	})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := httpmw.New(v, httpmw.Config{Policy: api.Policy})
	if err != nil {
		log.Fatal(err)
	}
	return auth
}

// bearer returns an Authorization value with a token of the given scope.
func bearer(scope string) string {
	token, err := jwt.NewBuilder().Issuer(issuer).Audience([]string{audience}).Subject("worker").
		Claim("client_id", "worker").Claim("scope", scope).Expiration(time.Now().Add(time.Hour)).Build()
	if err != nil {
		log.Fatal(err)
	}
	key, err := jwk.FromRaw(signingKey)
	if err != nil {
		log.Fatal(err)
	}
	header := jws.NewHeaders()
	_ = header.Set(jws.KeyIDKey, "1")
	_ = header.Set(jws.TypeKey, "at+jwt")
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.EdDSA, key, jws.WithProtectedHeaders(header)))
	if err != nil {
		log.Fatal(err)
	}
	return "Bearer " + string(signed)
}

func send(server *httptest.Server, method, path string, header map[string]string) (*http.Response, string) {
	r, err := http.NewRequest(method, server.URL+path, nil)
	if err != nil {
		log.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := server.Client().Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	return response, string(body)
}

func Example() {
	server := httptest.NewServer(api.NewAPI(newAuth(nil), origin))
	defer server.Close()

	for _, scope := range []string{"orders:read", "orders:write"} {
		response, body := send(server, "GET", "/orders/7", map[string]string{"Authorization": bearer(scope)})
		fmt.Println(response.StatusCode, body)
	}
	response, _ := send(server, "GET", "/orders/7", nil)
	fmt.Println(response.StatusCode, response.Header.Get("WWW-Authenticate"))
	// Output:
	// 200 order 7 for worker
	// 403 {"error":"insufficient_scope","error_description":"The access token lacks a scope that this operation needs."}
	//
	// 401 Bearer realm="api"
}

func TestRoutes(t *testing.T) {
	server := httptest.NewServer(api.NewAPI(newAuth(nil), origin))
	t.Cleanup(server.Close)
	tests := []struct {
		method, path, scope string // scope "-": no token
		status              int
	}{
		{"GET", "/orders/7", "-", 401},
		{"GET", "/orders/7", "", 403},
		{"GET", "/orders/7", "orders:read", 200},
		{"POST", "/orders", "-", 401},
		{"POST", "/orders", "orders:read", 403},
		{"POST", "/orders", "orders:write", 201},
		{"GET", "/healthz", "-", 200},
		{"GET", "/none", "-", 404}, // chi's own answers are for everybody
		{"DELETE", "/orders", "-", 405},
		{"GET", "/orders//7", "orders:read", 404},
		{"GET", "/orders/%2e%2e", "orders:read", 200}, // an id, for chi
		{"GET", "/orders/%2e%2e", "orders:write", 403},
	}
	for _, test := range tests {
		header := map[string]string{}
		if test.scope != "-" {
			header["Authorization"] = bearer(test.scope)
		}
		response, _ := send(server, test.method, test.path, header)
		if response.StatusCode != test.status {
			t.Errorf("%s %s with %q: %d, want %d", test.method, test.path, test.scope, response.StatusCode, test.status)
		}
	}
}

// Preflights carry no credentials and are answered by the CORS middleware;
// refusals have its headers.
func TestCORS(t *testing.T) {
	server := httptest.NewServer(api.NewAPI(newAuth(nil), origin))
	t.Cleanup(server.Close)
	preflight := map[string]string{"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
	response, _ := send(server, "OPTIONS", "/orders", preflight)
	if h := response.Header; response.StatusCode != 204 || h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Allow-Headers") == "" {
		t.Errorf("preflight: %d %v", response.StatusCode, h)
	}
	response, _ = send(server, "POST", "/orders", map[string]string{"Origin": origin})
	if h := response.Header; response.StatusCode != 401 || h.Get("Access-Control-Allow-Origin") != origin || h.Get("WWW-Authenticate") == "" {
		t.Errorf("refusal: %d %v", response.StatusCode, h)
	}
	response, _ = send(server, "POST", "/orders", map[string]string{"Origin": "https://evil.example.com"})
	if response.StatusCode != 401 || response.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin: %d %v", response.StatusCode, response.Header)
	}
}

// Every operation of the policy lets in its own scope and no other, at the route that
// the policy has for it: that tells a route that names the wrong operation.
func TestEachRouteHasItsOwnRule(t *testing.T) {
	server := httptest.NewServer(api.NewAPI(newAuth(nil), origin))
	t.Cleanup(server.Close)
	for _, operation := range api.Policy.Operations() {
		for _, route := range operation.HTTP {
			method, path, _ := strings.Cut(route, " ")
			path = strings.ReplaceAll(path, "{id}", "7")
			for _, scope := range append(api.Policy.Scopes(), "none") {
				response, _ := send(server, method, path, map[string]string{"Authorization": bearer(scope)})
				allowed := operation.Public || operation.Requirement.SatisfiedBy(scopes.NewSet(scope))
				if (response.StatusCode != http.StatusForbidden) != allowed {
					t.Errorf("%s with %q: %d", route, scope, response.StatusCode)
				}
			}
		}
	}
}

func TestCheck(t *testing.T) {
	router := api.NewAPI(newAuth(nil), origin)
	if err := api.Check(router); err != nil {
		t.Error(err)
	}
	router.Delete("/orders/{id}", func(http.ResponseWriter, *http.Request) {})
	if err := api.Check(router); err == nil || !strings.Contains(err.Error(), `DELETE /orders/{id} has no rule; add: {Name: "…"`) {
		t.Errorf("with a route that has no rule: %v", err)
	}
	if err := api.Check(chi.NewRouter()); err == nil || !strings.Contains(err.Error(), `POST /orders of operation "orders.create" is not registered`) {
		t.Errorf("without routes: %v", err)
	}
}

// Decisions name the operation of the policy.
func TestOperations(t *testing.T) {
	var mu sync.Mutex
	var got []string
	server := httptest.NewServer(api.NewAPI(newAuth(func(_ context.Context, d validator.Decision) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, d.Operation)
	}), origin))
	t.Cleanup(server.Close)
	send(server, "GET", "/orders/7", map[string]string{"Authorization": bearer("orders:read")})
	mu.Lock()
	defer mu.Unlock()
	if want := []string{"orders.get"}; !slices.Equal(got, want) {
		t.Errorf("operations %q, want %q", got, want)
	}
}
