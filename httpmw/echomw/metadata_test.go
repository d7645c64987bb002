package echomw_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/labstack/echo/v4"
)

const (
	resourceURL = "https://api.example.com/orders"
	location    = "https://api.example.com/.well-known/oauth-protected-resource/orders"
)

func newPolicy(t *testing.T) *scopes.Policy {
	t.Helper()
	policy, err := scopes.NewPolicy(scopes.Operation{Name: "list", Requirement: scopes.All("orders:read"), HTTP: []string{"GET /orders"}})
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// However the routes are guarded, the metadata are public, and nothing else gets so.
func TestMetadata(t *testing.T) {
	installations := map[string]func(*echo.Echo, *echomw.Auth){
		"route": func(e *echo.Echo, auth *echomw.Auth) {
			auth.Metadata(e)
			e.GET("/orders", tell, auth.Require(scopes.All("orders:read")))
		},
		"Use": func(e *echo.Echo, auth *echomw.Auth) {
			e.Use(auth.Require(scopes.All("orders:read")))
			auth.Metadata(e)
			e.GET("/orders", tell)
		},
		"Router": func(e *echo.Echo, auth *echomw.Auth) {
			router := auth.NewRouter(e)
			auth.Metadata(e)
			router.GET("/orders", tell)
			if err := router.Check(); err != nil {
				t.Error(err)
			}
		},
	}
	for name, install := range installations {
		t.Run(name, func(t *testing.T) {
			auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{Policy: newPolicy(t), Resource: &httpmw.Resource{URL: resourceURL}})
			e := echo.New()
			install(e, auth)

			w := do(e, "GET", "/orders")
			want(t, w, 401, "required")
			if got, want := w.Header().Get("WWW-Authenticate"), `Bearer realm="api", resource_metadata="`+location+`"`; got != want {
				t.Errorf("challenge %q, want %q", got, want)
			}
			want(t, do(e, "GET", "/orders", adaptertest.Bearer("orders:read")), 200, "worker")

			w = do(e, "GET", location)
			const document = `{"resource":"https://api.example.com/orders","authorization_servers":["https://auth.example.com"],` +
				`"scopes_supported":["orders:read"],"bearer_methods_supported":["header"]}` + "\n"
			if w.Code != 200 || w.Body.String() != document || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
			}
			want(t, do(e, "GET", location, "Bearer x"), 200, "resource")
			want(t, do(e, "OPTIONS", location), 204, "")
			want(t, do(e, "HEAD", location), 200, "")
			if w := do(e, "POST", location); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
				t.Errorf("POST: %d %v", w.Code, w.Header())
			}
			for _, near := range []string{location + "/", location + "/none", location + "x", strings.TrimSuffix(location, "/orders")} {
				if w := do(e, "GET", near); w.Code != 401 && w.Code != 404 {
					t.Errorf("%s: %d", near, w.Code)
				}
			}
		})
	}
}

// The paths that Echo would take for something else than what they are.
func TestMetadataLocation(t *testing.T) {
	for resource, location := range map[string]string{
		"https://api.example.com":             "/.well-known/oauth-protected-resource",
		"https://api.example.com/":            "/.well-known/oauth-protected-resource",
		"https://api.example.com/a/":          "/.well-known/oauth-protected-resource/a/",
		"https://api.example.com/a%20b":       "/.well-known/oauth-protected-resource/a%20b",
		"https://api.example.com/a%2Fb":       "/.well-known/oauth-protected-resource/a%2Fb",
		"https://api.example.com/gr%C3%B6%9F": "/.well-known/oauth-protected-resource/gr%C3%B6%9F",
		"https://api.example.com/:id":         "/.well-known/oauth-protected-resource/:id",
		"https://api.example.com/a*b":         "/.well-known/oauth-protected-resource/a*b",
	} {
		t.Run(resource, func(t *testing.T) {
			e := echo.New()
			newAuth(t, adaptertest.NewValidator(nil), echomw.Config{Resource: &httpmw.Resource{URL: resource}}).Metadata(e)
			server := httptest.NewServer(e)
			t.Cleanup(server.Close)
			response, err := server.Client().Get(server.URL + location)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			var document struct {
				Resource string `json:"resource"`
			}
			if err := json.NewDecoder(response.Body).Decode(&document); err != nil || response.StatusCode != http.StatusOK || document.Resource != resource {
				t.Errorf("%d %q %v", response.StatusCode, document.Resource, err)
			}
			for _, near := range []string{location + "x", location + "/x", strings.TrimRight(location, "/:id*b") + "zzz"} {
				if w := do(e, "GET", near); w.Code != 404 {
					t.Errorf("%s: %d", near, w.Code)
				}
			}
		})
	}
}

func TestMetadataInEveryChallenge(t *testing.T) {
	for _, refusal := range adaptertest.Refusals() {
		t.Run(refusal.Code.String()+"/"+refusal.Name, func(t *testing.T) {
			auth := newAuth(t, adaptertest.NewValidator(refusal.Config), echomw.Config{Resource: &httpmw.Resource{URL: resourceURL}})
			e := echo.New()
			e.GET("/orders", tell, auth.Require(adaptertest.Requirement))
			w := do(e, "GET", "/orders", refusal.Authorization...)
			var want []string
			for _, challenge := range []string{refusal.Challenge, refusal.Besides} {
				if challenge != "" {
					want = append(want, strings.Replace(challenge, `realm="api"`, `realm="api", resource_metadata="`+location+`"`, 1))
				}
			}
			if got := w.Header().Values("WWW-Authenticate"); w.Code != refusal.Status || !slices.Equal(got, want) {
				t.Errorf("%d %q\nwant %d %q", w.Code, got, refusal.Status, want)
			}
		})
	}
}

func TestResourceProblems(t *testing.T) {
	_, err := echomw.New(adaptertest.NewValidator(nil), echomw.Config{Resource: &httpmw.Resource{URL: "x", Scopes: []string{""}}})
	for _, field := range []string{"Resource.URL: ", "Resource.Scopes[0]: "} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("no problem with %s: %v", field, err)
		}
	}
}

func TestMetadataWithoutResource(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{})
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	auth.Metadata(echo.New())
}
