package notes_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/mcp/notes"
	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	"github.com/bearerguard/bearerguard/validator/mtls"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// What the SDK reads out of a document with everything in it, and out of the
// challenges of an API that accepts two schemes.
func TestSDKReadsMetadataAndChallenges(t *testing.T) {
	issuer := validatortest.Start(t, validatortest.Config{})
	proofs, err := dpop.New(dpop.Config{Algorithms: []string{"ES256", "EdDSA"}})
	if err != nil {
		t.Fatal(err)
	}
	certificates, err := mtls.New(mtls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	resource := "http://" + server.Listener.Addr().String() + "/v1/orders/"
	auth, err := httpmw.New(issuer.Validator(func(c *validator.Config) { c.Bindings = []validator.Binding{proofs, certificates} }), httpmw.Config{
		Realm: "a, b=c", // hard to tell from parameters
		Resource: &httpmw.Resource{
			URL: resource, Scopes: []string{"orders:read"}, AuthorizationDetailsTypes: []string{"order"},
			Name: "Orders", Documentation: "https://docs.example.com/#orders",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := auth.NewMux()
	mux.Public(auth.Metadata())
	mux.Handle("/v1/orders/", scopes.All("orders:read", "orders:write"), http.NotFoundHandler())
	server.Config.Handler = mux
	server.Start()
	t.Cleanup(server.Close)

	location := "http://" + server.Listener.Addr().String() + "/.well-known/oauth-protected-resource/v1/orders/"
	params := func(more ...string) map[string]string {
		all := map[string]string{"realm": "a, b=c", "resource_metadata": location}
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	for name, test := range map[string]struct {
		authorization string
		status        int
		want          []oauthex.Challenge
	}{
		"missing": {"", 401, []oauthex.Challenge{{Scheme: "bearer", Params: params()}, {Scheme: "dpop", Params: params("algs", "ES256 EdDSA")}}},
		"invalid": {"Bearer x", 401, []oauthex.Challenge{{Scheme: "bearer", Params: params(
			"error", "invalid_token", "error_description", "The access token is not a compact JWS.")}}},
		"malformed": {"Bearer", 400, []oauthex.Challenge{{Scheme: "bearer", Params: params(
			"error", "invalid_request", "error_description", "The Authorization header is repeated or is not a well-formed bearer credential.")}}},
		"scope": {"Bearer " + issuer.Mint(validatortest.Client("billing").Scope("orders:read")), 403, []oauthex.Challenge{{Scheme: "bearer", Params: params(
			"error", "insufficient_scope", "error_description", "The access token lacks a scope that this operation needs.", "scope", "orders:read orders:write")}}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, resource, nil)
			if err != nil {
				t.Fatal(err)
			}
			if test.authorization != "" {
				r.Header.Set("Authorization", test.authorization)
			}
			response, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			for _, header := range [][]string{
				response.Header.Values("WWW-Authenticate"),
				{strings.Join(response.Header.Values("WWW-Authenticate"), ", ")}, // as a proxy may send it on (RFC 9110 §5.3)
			} {
				challenges, err := oauthex.ParseWWWAuthenticate(header)
				if err != nil || response.StatusCode != test.status || !reflect.DeepEqual(challenges, test.want) {
					t.Errorf("%d %v %v\nwant %d %v", response.StatusCode, challenges, err, test.status, test.want)
				}
			}
		})
	}

	got, err := oauthex.GetProtectedResourceMetadata(t.Context(), location, resource, server.Client())
	want := &oauthex.ProtectedResourceMetadata{
		Resource: resource, AuthorizationServers: []string{issuer.URL()}, ScopesSupported: []string{"orders:read"},
		BearerMethodsSupported: []string{"header"}, ResourceName: "Orders", ResourceDocumentation: "https://docs.example.com/#orders",
		TLSClientCertificateBoundAccessTokens: true, AuthorizationDetailsTypesSupported: []string{"order"},
		DPOPSigningAlgValuesSupported: []string{"ES256", "EdDSA"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	for _, other := range []string{strings.TrimSuffix(resource, "/"), resource + "7", strings.Replace(resource, "127.0.0.1", "localhost", 1)} {
		if _, err := oauthex.GetProtectedResourceMetadata(t.Context(), location, other, server.Client()); err == nil {
			t.Errorf("the SDK takes the metadata for those of %s", other)
		}
	}
}

// The document of this API, as the SDK finds it.
func TestMetadata(t *testing.T) {
	w := newWorld(t, "")
	got, err := oauthex.GetProtectedResourceMetadata(t.Context(), w.base+"/.well-known/oauth-protected-resource"+notes.Path, w.base+notes.Path, w.client)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.AuthorizationServers, []string{w.auth.Issuer()}) || !slices.Equal(got.ScopesSupported, []string{notes.Read}) || got.ResourceName != "Notes" {
		t.Errorf("%+v", got)
	}
}

func TestNewRefusesABadAddress(t *testing.T) {
	issuer := validatortest.Start(t, validatortest.Config{})
	if handler, err := notes.New(issuer.Validator(), "http://notes.example.com"); err == nil || handler != nil {
		t.Errorf("%v, %v", handler, err)
	}
}
