package devserver_test

import (
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

func get(t *testing.T, method, url string, header ...string) response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	return do(t, request)
}

func TestMetadata(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	base := "http://" + server.Addr()
	want := map[string]any{
		"issuer": base, "authorization_endpoint": base + "/oauth2/authorize", "token_endpoint": base + "/oauth2/token",
		"introspection_endpoint": base + "/oauth2/introspect", "jwks_uri": base + "/jwks.json",
		"grant_types_supported":                                    []any{"authorization_code", "client_credentials", "refresh_token"},
		"response_types_supported":                                 []any{"code"},
		"response_modes_supported":                                 []any{"query"},
		"code_challenge_methods_supported":                         []any{"S256"},
		"authorization_response_iss_parameter_supported":           true,
		"token_endpoint_auth_methods_supported":                    []any{"none", "client_secret_basic", "client_secret_post", "private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported":         []any{"RS256", "PS256", "ES256", "EdDSA"},
		"introspection_endpoint_auth_methods_supported":            []any{"client_secret_basic", "client_secret_post", "private_key_jwt"},
		"introspection_endpoint_auth_signing_alg_values_supported": []any{"RS256", "PS256", "ES256", "EdDSA"},
		"revocation_endpoint":                                      base + "/oauth2/revoke",
		"revocation_endpoint_auth_methods_supported":               []any{"none", "client_secret_basic", "client_secret_post", "private_key_jwt"},
		"revocation_endpoint_auth_signing_alg_values_supported":    []any{"RS256", "PS256", "ES256", "EdDSA"},
		"introspection_signing_alg_values_supported":               []any{"EdDSA"},
		"dpop_signing_alg_values_supported":                        []any{"ES256", "EdDSA", "Ed25519", "PS256", "RS256"},
	}
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		r := get(t, "GET", base+path)
		var got map[string]any
		if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.StatusCode != 200 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d %s, %v", path, r.StatusCode, r.body, err)
		}
	}
	for got, want := range map[string]string{
		server.Issuer(): "", server.AuthorizeURL(): "/oauth2/authorize", server.TokenURL(): "/oauth2/token",
		server.IntrospectionURL(): "/oauth2/introspect", server.RevocationURL(): "/oauth2/revoke", server.JWKSURL(): "/jwks.json",
	} {
		if got != base+want {
			t.Errorf("got %q, want %q", got, base+want)
		}
	}
}

// What depends on the configuration, and changes with it.
func TestMetadataOfFeatures(t *testing.T) {
	server, err := devserver.New(devserver.Config{
		Issuer: "https://as.example.com", Algorithm: "EdDSA", ClientCAs: x509.NewCertPool(), ACRValues: []string{"phr", "phrh"},
	})
	if err != nil {
		t.Fatal(err)
	}
	about := func() (about map[string]any) {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequest("GET", "/.well-known/oauth-authorization-server", nil))
		if err := json.Unmarshal(w.Body.Bytes(), &about); err != nil {
			t.Fatal(err)
		}
		return about
	}
	if _, there := about()["authorization_details_types_supported"]; there {
		t.Error("there are types that no client may use")
	}
	for id, types := range map[string][]string{"a": {"payment", "account"}, "b": {"account", "consent"}} {
		client := secretClient()
		client.ID, client.AuthorizationDetailsTypes = id, types
		if err := server.AddClient(client); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := server.PublishSigningKey("ES256"); err != nil {
		t.Fatal(err)
	}
	if err := server.SwitchSigningKey(""); err != nil {
		t.Fatal(err)
	}
	got := about()
	for name, want := range map[string]any{
		"tls_client_certificate_bound_access_tokens": true, "acr_values_supported": []any{"phr", "phrh"},
		"authorization_details_types_supported":      []any{"account", "consent", "payment"},
		"introspection_signing_alg_values_supported": []any{"ES256"},
		"introspection_endpoint_auth_methods_supported": []any{
			"client_secret_basic", "client_secret_post", "private_key_jwt", "self_signed_tls_client_auth", "tls_client_auth"},
	} {
		if !reflect.DeepEqual(got[name], want) {
			t.Errorf("%s: got %v, want %v", name, got[name], want)
		}
	}
}

// Without authorities nobody can authenticate by a certificate of theirs.
func TestMetadataWithoutAuthorities(t *testing.T) {
	server, err := devserver.New(devserver.Config{Issuer: "https://as.example.com", Algorithm: "EdDSA"})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest("GET", "/.well-known/oauth-authorization-server", nil))
	if about := w.Body.String(); !strings.Contains(about, `"self_signed_tls_client_auth"`) || strings.Contains(about, `"tls_client_auth"`) {
		t.Errorf("the metadata are %s", about)
	}
}

// Where the documents are for an issuer of each shape (RFC 8414 §3.1, OpenID
// Connect Discovery §4.1). The issuer is never changed.
func TestMetadataPaths(t *testing.T) {
	for _, test := range []struct{ issuer, oauth, openID, token, jwks string }{
		{"https://as.example.com", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "https://as.example.com/oauth2/token", "/jwks.json"},
		{"https://as.example.com/", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "https://as.example.com/oauth2/token", "/jwks.json"},
		{"https://as.example.com/a/b", "/.well-known/oauth-authorization-server/a/b", "/a/b/.well-known/openid-configuration", "https://as.example.com/a/b/oauth2/token", "/a/b/jwks.json"},
		{"http://localhost:8080/a/", "/.well-known/oauth-authorization-server/a", "/a/.well-known/openid-configuration", "http://localhost:8080/a/oauth2/token", "/a/jwks.json"},
	} {
		t.Run(test.issuer, func(t *testing.T) {
			server, err := devserver.New(devserver.Config{Issuer: test.issuer, Algorithm: "EdDSA"})
			if err != nil {
				t.Fatal(err)
			}
			if server.Issuer() != test.issuer || server.TokenURL() != test.token || !strings.HasSuffix(server.JWKSURL(), test.jwks) {
				t.Errorf("issuer %q, token %q, keys %q", server.Issuer(), server.TokenURL(), server.JWKSURL())
			}
			for _, path := range []string{test.oauth, test.openID} {
				w := httptest.NewRecorder()
				server.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
				if w.Code != 200 || !strings.Contains(w.Body.String(), `"issuer":"`+test.issuer+`"`) {
					t.Errorf("%s: %d %s", path, w.Code, w.Body)
				}
			}
			for path, status := range map[string]int{
				test.jwks: 200, test.jwks + "/": 404, "/": 404, "/control/signing-key": 404, "/.well-known/oauth-authorization-server/x": 404,
			} {
				w := httptest.NewRecorder()
				server.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
				if w.Code != status || !strings.Contains(w.Header().Get("Server"), "development only") {
					t.Errorf("%s: %d, server %q", path, w.Code, w.Header().Get("Server"))
				}
			}
		})
	}
}

func TestJWKS(t *testing.T) {
	for alg, members := range map[string]string{
		"RS256": "alg e kid kty n use", "PS256": "alg e kid kty n use", "ES256": "alg crv kid kty use x y", "EdDSA": "alg crv kid kty use x",
	} {
		server, _ := serve(t, devserver.Config{Algorithm: alg})
		r := get(t, "GET", server.JWKSURL())
		var set struct {
			Keys []map[string]any `json:"keys"`
		}
		if err := json.Unmarshal([]byte(r.body), &set); err != nil || len(set.Keys) != 1 {
			t.Fatalf("%s: %s, %v", alg, r.body, err)
		}
		key := set.Keys[0]
		for member := range key { // nothing private, above all
			if !strings.Contains(" "+members+" ", " "+member+" ") {
				t.Errorf("%s: unexpected member %q", alg, member)
			}
		}
		if len(key) != len(strings.Fields(members)) || key["alg"] != alg || key["use"] != "sig" || key["kid"] == "" {
			t.Errorf("%s: %s", alg, r.body)
		}
		if _, err := jwk.Parse([]byte(r.body)); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
}

// The documents can be cached and revalidated.
func TestDocumentCaching(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	for _, url := range []string{server.JWKSURL(), server.Issuer() + "/.well-known/oauth-authorization-server"} {
		first := get(t, "GET", url)
		etag := first.Header.Get("ETag")
		if !strings.HasPrefix(etag, `"`) || first.Header.Get("Cache-Control") != "public, max-age=60" ||
			first.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", url, first.Header)
		}
		if again := get(t, "GET", url, "If-None-Match", etag); again.StatusCode != 304 || again.body != "" {
			t.Errorf("revalidation: %d %q", again.StatusCode, again.body)
		}
		if stale := get(t, "GET", url, "If-None-Match", `"other"`); stale.StatusCode != 200 || stale.body != first.body {
			t.Errorf("revalidation of another: %d", stale.StatusCode)
		}
		if head := get(t, "HEAD", url); head.StatusCode != 200 || head.body != "" || head.Header.Get("ETag") != etag {
			t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
		}
		if r := get(t, "POST", url); r.StatusCode != 405 || r.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST: %d %v", r.StatusCode, r.Header)
		}
	}
	another, _ := serve(t, devserver.Config{})
	if get(t, "GET", another.JWKSURL()).Header.Get("ETag") == get(t, "GET", server.JWKSURL()).Header.Get("ETag") {
		t.Error("two key sets with one ETag")
	}
}
