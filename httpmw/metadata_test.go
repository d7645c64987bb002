package httpmw_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	"github.com/bearerguard/bearerguard/validator/mtls"
)

const (
	resourceURL = "https://api.example.com/orders"
	wellKnown   = "/.well-known/oauth-protected-resource"
)

// Where the metadata of a resource are: the examples of RFC 9728 §3.1, and what its
// text says of slashes.
var locations = []struct{ resource, location, pattern string }{
	{"https://resource.example.com", "https://resource.example.com" + wellKnown, wellKnown},
	{"https://resource.example.com/resource1", "https://resource.example.com" + wellKnown + "/resource1", wellKnown + "/resource1"},
	{"https://resource.example.com/", "https://resource.example.com" + wellKnown, wellKnown},
	{"https://resource.example.com/a/", "https://resource.example.com" + wellKnown + "/a/", wellKnown + "/a/{$}"},
	{"https://resource.example.com/a/b.c", "https://resource.example.com" + wellKnown + "/a/b.c", wellKnown + "/a/b.c"},
	{"https://resource.example.com:8443/v1", "https://resource.example.com:8443" + wellKnown + "/v1", wellKnown + "/v1"},
	{"http://127.0.0.1:8080", "http://127.0.0.1:8080" + wellKnown, wellKnown},
	{"http://[::1]:8080/v1", "http://[::1]:8080" + wellKnown + "/v1", wellKnown + "/v1"},
	{"https://resource.example.com/a%20b", "https://resource.example.com" + wellKnown + "/a%20b", wellKnown + "/a%20b"},
	{"https://resource.example.com/a%2Fb", "https://resource.example.com" + wellKnown + "/a%2Fb", wellKnown + "/a%2Fb"},
	{"https://resource.example.com/gr%C3%B6%C3%9Fe", "https://resource.example.com" + wellKnown + "/gr%C3%B6%C3%9Fe", wellKnown + "/gr%C3%B6%C3%9Fe"},
	{"https://resource.example.com/a:b*c", "https://resource.example.com" + wellKnown + "/a:b*c", wellKnown + "/a:b*c"},
	{"https://resource.example.com/%7Bid%7D", "https://resource.example.com" + wellKnown + "/%7Bid%7D", wellKnown + "/%7Bid%7D"},
}

// A client that follows the challenge gets the metadata of the resource it asked
// about; nothing else is there.
func TestMetadataLocation(t *testing.T) {
	for _, test := range locations {
		t.Run(test.resource, func(t *testing.T) {
			auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Resource: &httpmw.Resource{URL: test.resource}})
			pattern, _ := auth.Metadata()
			if pattern != test.pattern {
				t.Errorf("pattern %q, want %q", pattern, test.pattern)
			}
			mux := auth.NewMux()
			mux.Public(auth.Metadata())
			mux.Handle("/v1", scopes.All("a"), tell)
			challenge := `Bearer realm="api", resource_metadata="` + test.location + `"`
			if got := get(mux, "/v1").Header().Get("WWW-Authenticate"); got != challenge {
				t.Errorf("challenge %q\nwant      %q", got, challenge)
			}
			w := get(mux, test.location)
			if got := decode(t, w.Body.String())["resource"]; w.Code != 200 || got != test.resource {
				t.Errorf("%d, resource %q", w.Code, got)
			}
			if below := get(mux, strings.TrimSuffix(test.location, "/")+"/none"); below.Code != 401 {
				t.Errorf("below it: %d", below.Code)
			}
		})
	}
}

func decode(t *testing.T, document string) (members map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(document), &members); err != nil {
		t.Fatalf("%q: %v", document, err)
	}
	return members
}

// What is in the document is what the rest of the configuration says.
func TestMetadataDocument(t *testing.T) {
	both := func(bindings ...validator.Binding) validator.Authenticator {
		return adaptertest.NewValidator(func(c *validator.Config) { c.Bindings = bindings })
	}
	byIssuer, err := validator.ByIssuer(adaptertest.NewValidator(nil),
		adaptertest.NewValidator(func(c *validator.Config) {
			c.Issuer, c.Bindings = "https://a.example.com", []validator.Binding{certificates(t)}
		}))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		authenticator validator.Authenticator
		resource      httpmw.Resource
		policy        *scopes.Policy
		want          map[string]any // beside the resource
	}{
		"nothing more": {both(), httpmw.Resource{}, nil, map[string]any{
			"authorization_servers": []any{adaptertest.IssuerURL},
		}},
		"several issuers": {byIssuer, httpmw.Resource{}, nil, map[string]any{
			"authorization_servers":                      []any{"https://a.example.com", adaptertest.IssuerURL},
			"tls_client_certificate_bound_access_tokens": true,
		}},
		"a policy": {both(), httpmw.Resource{}, shop(t), map[string]any{
			"authorization_servers": []any{adaptertest.IssuerURL},
			"scopes_supported":      []any{"admin", "basket", "rare", "read", "write"},
		}},
		"DPoP": {both(proofs(t, dpop.Config{Algorithms: []string{"EdDSA", "ES256"}})), httpmw.Resource{}, nil, map[string]any{
			"authorization_servers":             []any{adaptertest.IssuerURL},
			"dpop_signing_alg_values_supported": []any{"EdDSA", "ES256"},
		}},
		"DPoP required, and certificates": {both(proofs(t, dpop.Config{Required: true, Algorithms: []string{"ES256"}}), certificates(t)), httpmw.Resource{}, nil, map[string]any{
			"authorization_servers":                      []any{adaptertest.IssuerURL},
			"dpop_signing_alg_values_supported":          []any{"ES256"},
			"dpop_bound_access_tokens_required":          true,
			"tls_client_certificate_bound_access_tokens": true,
		}},
		"all of it said": {silent{}, httpmw.Resource{
			AuthorizationServers:      []string{"https://b.example.com/tenant", "http://localhost:9000"},
			Scopes:                    []string{"read"},
			AuthorizationDetailsTypes: []string{"payment_initiation"},
			Name:                      `Orders <"größe">`,
			Documentation:             "https://docs.example.com/orders?lang=en#tokens",
		}, shop(t), map[string]any{
			"authorization_servers":                 []any{"https://b.example.com/tenant", "http://localhost:9000"},
			"scopes_supported":                      []any{"read"},
			"authorization_details_types_supported": []any{"payment_initiation"},
			"resource_name":                         `Orders <"größe">`,
			"resource_documentation":                "https://docs.example.com/orders?lang=en#tokens",
		}},
		"another than the issuer": {both(), httpmw.Resource{AuthorizationServers: []string{"https://b.example.com"}}, nil, map[string]any{
			"authorization_servers": []any{"https://b.example.com"},
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			resource := test.resource
			resource.URL = resourceURL
			auth := newAuth(t, test.authenticator, httpmw.Config{Policy: test.policy, Resource: &resource})
			// Later changes are of no consequence.
			for _, list := range [][]string{resource.AuthorizationServers, resource.Scopes, resource.AuthorizationDetailsTypes} {
				for i := range list {
					list[i] = "changed"
				}
			}
			_, handler := auth.Metadata()
			w := get(handler, resourceURL)
			test.want["resource"], test.want["bearer_methods_supported"] = resourceURL, []any{"header"}
			if got := decode(t, w.Body.String()); !reflect.DeepEqual(got, test.want) {
				t.Errorf("%v\nwant %v", got, test.want)
			}
		})
	}
}

func proofs(t *testing.T, config dpop.Config) validator.Binding {
	t.Helper()
	verifier, err := dpop.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return verifier
}

func certificates(t *testing.T) validator.Binding {
	t.Helper()
	verifier, err := mtls.New(mtls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return verifier
}

// silent tells nothing about itself.
type silent struct{}

func (silent) Validate(context.Context, validator.Credential) (*validator.Token, error) {
	return nil, validator.NewError(validator.CodeTokenMalformed, nil)
}

func TestResourceProblems(t *testing.T) {
	good := adaptertest.NewValidator(nil)
	nowhere := adaptertest.NewValidator(func(c *validator.Config) { c.Issuer = "auth.example.com" })
	const url, servers = "Resource.URL", "Resource.AuthorizationServers"
	tests := []struct {
		name          string
		authenticator validator.Authenticator
		resource      httpmw.Resource // without a URL: one that is good
		want          []string
	}{
		{"good", good, httpmw.Resource{}, nil},
		{"no scheme", good, httpmw.Resource{URL: "api.example.com"}, []string{url}},
		{"a path only", good, httpmw.Resource{URL: "/orders"}, []string{url}},
		{"a URN", good, httpmw.Resource{URL: "urn:orders"}, []string{url}},
		{"http", good, httpmw.Resource{URL: "http://api.example.com"}, []string{url}},
		{"user information", good, httpmw.Resource{URL: "https://me@api.example.com"}, []string{url}},
		{"a query", good, httpmw.Resource{URL: "https://api.example.com/?a=b"}, []string{url}},
		{"a query without a path", good, httpmw.Resource{URL: "https://api.example.com?a=b"}, []string{url}},
		{"an empty query", good, httpmw.Resource{URL: "https://api.example.com/?"}, []string{url}},
		{"a fragment", good, httpmw.Resource{URL: "https://api.example.com/#"}, []string{url}},
		{"a space", good, httpmw.Resource{URL: "https://api.example.com/a b"}, []string{url}},
		{"a quote", good, httpmw.Resource{URL: `https://api.example.com/",error="x`}, []string{url}},
		{"a quote in the host", good, httpmw.Resource{URL: `https://api.example.com",error="x/`}, []string{url}},
		{"a wildcard", good, httpmw.Resource{URL: "https://api.example.com/{id}"}, []string{url}},
		{"not ASCII", good, httpmw.Resource{URL: "https://api.example.com/größe"}, []string{url}},
		{"not ASCII in the host", good, httpmw.Resource{URL: "https://größe.example.com"}, []string{url}},
		{"an empty segment", good, httpmw.Resource{URL: "https://api.example.com//a"}, []string{url}},
		{"empty segments only", good, httpmw.Resource{URL: "https://api.example.com//"}, []string{url}},
		{"two slashes at the end", good, httpmw.Resource{URL: "https://api.example.com/a//"}, []string{url}},
		{"a dot segment", good, httpmw.Resource{URL: "https://api.example.com/./a"}, []string{url}},
		{"two dots", good, httpmw.Resource{URL: "https://api.example.com/a/.."}, []string{url}},

		{"nobody tells of a server", silent{}, httpmw.Resource{}, []string{servers}},
		{"an issuer that is no URL", nowhere, httpmw.Resource{}, []string{servers}},
		{"which does not matter here", nowhere, httpmw.Resource{AuthorizationServers: []string{"https://a.example.com"}}, nil},
		{"a server by http", good, httpmw.Resource{AuthorizationServers: []string{"https://a.example.com", "http://b.example.com"}}, []string{servers + "[1]"}},
		{"a server with a query", good, httpmw.Resource{AuthorizationServers: []string{"https://a.example.com?b"}}, []string{servers + "[0]"}},
		{"an empty server", good, httpmw.Resource{AuthorizationServers: []string{""}}, []string{servers + "[0]"}},

		{"two scopes in one", good, httpmw.Resource{Scopes: []string{"a", "b c"}}, []string{"Resource.Scopes[1]"}},
		{"an empty scope", good, httpmw.Resource{Scopes: []string{""}}, []string{"Resource.Scopes[0]"}},
		{"a scope with a quote", good, httpmw.Resource{Scopes: []string{`a"`}}, []string{"Resource.Scopes[0]"}},
		{"an empty type", good, httpmw.Resource{AuthorizationDetailsTypes: []string{"a", ""}}, []string{"Resource.AuthorizationDetailsTypes[1]"}},
		{"documentation by http", good, httpmw.Resource{Documentation: "http://docs.example.com"}, []string{"Resource.Documentation"}},
		{"documentation nowhere", good, httpmw.Resource{Documentation: "docs.html#a"}, []string{"Resource.Documentation"}},

		{"everything", silent{}, httpmw.Resource{URL: "x", Scopes: []string{" "}, AuthorizationDetailsTypes: []string{""}, Documentation: "x"},
			[]string{url, servers, "Resource.Scopes[0]", "Resource.AuthorizationDetailsTypes[0]", "Resource.Documentation"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.resource.URL == "" {
				test.resource.URL = resourceURL
			}
			auth, err := httpmw.New(test.authenticator, httpmw.Config{Resource: &test.resource})
			if test.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if got := fields(t, err); auth != nil || !slices.Equal(got, test.want) {
				t.Errorf("problems with %q, want %q", got, test.want)
			}
		})
	}
}

// A resource without a URL, and one place for the metadata beside another.
func TestResourceIsIncomplete(t *testing.T) {
	_, err := httpmw.New(adaptertest.NewValidator(nil), httpmw.Config{
		ResourceMetadata: "https://api.example.com/m", Resource: &httpmw.Resource{},
	})
	if got, want := fields(t, err), []string{"ResourceMetadata", "Resource.URL"}; !slices.Equal(got, want) {
		t.Errorf("problems with %q, want %q", got, want)
	}
}

func TestMetadataWithoutResource(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{})
	defer func() {
		if p := recover(); p != "httpmw: Metadata: no Config.Resource" {
			t.Errorf("panic %v", p)
		}
	}()
	auth.Metadata()
}

// The metadata need no rule in a policy, but get the one that there is. Any other
// route at that place is one like all.
func TestMetadataBesidePolicy(t *testing.T) {
	const path = wellKnown + "/orders"
	list := scopes.Operation{Name: "list", Requirement: scopes.All("a"), HTTP: []string{"GET /orders"}}
	public := scopes.Operation{Name: "metadata", Public: true, HTTP: []string{"* " + path}}
	guarded := scopes.Operation{Name: "metadata", Requirement: scopes.All("a"), HTTP: []string{"* " + path}}
	for _, test := range []struct {
		name       string
		operations []scopes.Operation
		register   func(*httpmw.Auth, *httpmw.Mux)
		want       string // in the error of Check; empty: none
	}{
		{"no rule", []scopes.Operation{list}, func(a *httpmw.Auth, m *httpmw.Mux) { m.Public(a.Metadata()) }, ""},
		{"GET only", []scopes.Operation{list}, func(a *httpmw.Auth, m *httpmw.Mux) {
			pattern, handler := a.Metadata()
			m.Public("GET "+pattern, handler)
		}, ""},
		{"its rule", []scopes.Operation{list, public}, func(a *httpmw.Auth, m *httpmw.Mux) { m.Bind(a.Metadata()) }, ""},
		{"its rule, registered by hand", []scopes.Operation{list, public}, func(a *httpmw.Auth, m *httpmw.Mux) { m.Public(a.Metadata()) }, ""},
		{"another rule", []scopes.Operation{list, guarded}, func(a *httpmw.Auth, m *httpmw.Mux) { m.Public(a.Metadata()) }, `has the rule "public"`},
		{"not served", []scopes.Operation{list, public}, func(*httpmw.Auth, *httpmw.Mux) {}, "not registered"},
		{"guarded", []scopes.Operation{list}, func(_ *httpmw.Auth, m *httpmw.Mux) { m.Handle(path, scopes.All("a"), tell) }, path + " has no rule"},
		{"another method", []scopes.Operation{list}, func(_ *httpmw.Auth, m *httpmw.Mux) { m.Public("POST "+path, tell) }, path + " has no rule"},
		{"below", []scopes.Operation{list}, func(_ *httpmw.Auth, m *httpmw.Mux) { m.Public(path+"/", tell) }, path + "/ has no rule"},
	} {
		t.Run(test.name, func(t *testing.T) {
			policy, err := scopes.NewPolicy(test.operations...)
			if err != nil {
				t.Fatal(err)
			}
			auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Policy: policy, Resource: &httpmw.Resource{URL: resourceURL}})
			mux := auth.NewMux()
			mux.Bind("GET /orders", tell)
			test.register(auth, mux)
			err = mux.Check()
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("Check: %v, want %q", err, test.want)
			}
		})
	}
}

// Pages of every origin read the metadata, with and without asking first.
func TestMetadataOverHTTP(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Resource: &httpmw.Resource{URL: resourceURL}})
	mux := auth.NewMux()
	mux.Public(auth.Metadata())
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	const document = `{"resource":"https://api.example.com/orders","authorization_servers":["https://auth.example.com"],"bearer_methods_supported":["header"]}` + "\n"
	found := map[string]string{
		"Access-Control-Allow-Origin": "*", "Content-Type": "application/json", "Content-Length": "137",
		"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff",
	}
	refused := map[string]string{"Access-Control-Allow-Origin": "*", "Allow": "GET, HEAD, OPTIONS", "WWW-Authenticate": "", "Content-Type": ""}
	tests := []struct {
		method, authorization string
		status                int
		header                map[string]string
		body                  string
	}{
		{"GET", "", 200, found, document},
		{"GET", "Bearer x", 200, found, document}, // not looked at
		{"HEAD", "", 200, found, ""},
		{"OPTIONS", "", 204, map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, HEAD", "Access-Control-Allow-Headers": "*",
			"Access-Control-Max-Age": "3600", "Access-Control-Allow-Credentials": "",
		}, ""},
		{"POST", "", 405, refused, ""},
		{"DELETE", "", 405, refused, ""},
		{"get", "", 405, refused, ""},
	}
	for _, test := range tests {
		t.Run(test.method, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+wellKnown+"/orders", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Origin", "https://page.example.com")
			if test.authorization != "" {
				r.Header.Set("Authorization", test.authorization)
			}
			response, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status || string(body) != test.body {
				t.Errorf("%d %q, want %d %q", response.StatusCode, body, test.status, test.body)
			}
			for name, value := range test.header {
				if got := response.Header.Get(name); got != value {
					t.Errorf("%s: %q, want %q", name, got, value)
				}
			}
		})
	}
}

// Every challenge of the error table points at the metadata, and nothing else of the
// answers changes.
func TestMetadataInEveryChallenge(t *testing.T) {
	const parameter = `realm="api", resource_metadata="https://api.example.com` + wellKnown + `/orders"`
	statuses := map[int]bool{}
	for _, refusal := range adaptertest.Refusals() {
		t.Run(refusal.Code.String()+"/"+refusal.Name, func(t *testing.T) {
			auth := newAuth(t, adaptertest.NewValidator(refusal.Config), httpmw.Config{Resource: &httpmw.Resource{URL: resourceURL}})
			w := get(auth.Require(adaptertest.Requirement)(tell), "/orders", refusal.Authorization...)
			var want []string
			for _, challenge := range []string{refusal.Challenge, refusal.Besides} {
				if challenge != "" {
					statuses[refusal.Status] = true
					want = append(want, strings.Replace(challenge, `realm="api"`, parameter, 1))
				}
			}
			if got := w.Header().Values("WWW-Authenticate"); w.Code != refusal.Status || !slices.Equal(got, want) {
				t.Errorf("%d %q\nwant %d %q", w.Code, got, refusal.Status, want)
			}
		})
	}
	for _, status := range []int{400, 401, 403} {
		if !statuses[status] {
			t.Errorf("no challenge with %d was tried", status)
		}
	}
}

// A route for GET of everything conflicts with the pattern, and has its way out.
func TestMetadataBesideGetOfEverything(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Resource: &httpmw.Resource{URL: resourceURL}})
	mux := auth.NewMux()
	mux.Handle("GET /", scopes.All("a"), tell)
	pattern, handler := auth.Metadata()
	mux.Public("GET "+pattern, handler)
	want(t, get(mux, wellKnown+"/orders"), 200, resourceURL)
	want(t, get(mux, wellKnown+"/order"), 401, "required")
}

// A client that knows nothing but a URL of the API finds out where to get a token.
func ExampleAuth_Metadata() {
	auth, err := httpmw.New(adaptertest.NewValidator(nil), httpmw.Config{
		Resource: &httpmw.Resource{URL: "https://api.example.com/v1", Scopes: []string{"orders:read"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := auth.NewMux()
	mux.Public(auth.Metadata())
	mux.Handle("GET /v1/orders", scopes.All("orders:read"), tell)

	fmt.Println(get(mux, "/v1/orders").Header().Get("WWW-Authenticate"))
	fmt.Print(get(mux, "/.well-known/oauth-protected-resource/v1").Body)
	// Output:
	// Bearer realm="api", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/v1"
	// {"resource":"https://api.example.com/v1","authorization_servers":["https://auth.example.com"],"scopes_supported":["orders:read"],"bearer_methods_supported":["header"]}
}
