package httpmw_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

func TestRefusals(t *testing.T) {
	guards := map[string]func(*httpmw.Auth, http.Handler) http.Handler{
		"Require": func(auth *httpmw.Auth, h http.Handler) http.Handler {
			return auth.Require(adaptertest.Requirement)(h)
		},
		"Mux": func(auth *httpmw.Auth, h http.Handler) http.Handler {
			mux := auth.NewMux()
			mux.Handle("/orders", adaptertest.Requirement, h)
			return mux
		},
		"Check and Deny": func(auth *httpmw.Auth, h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, err := auth.Check(r, adaptertest.Requirement); err != nil {
					auth.Deny(w, r, err)
					return
				}
				h.ServeHTTP(w, r)
			})
		},
	}
	for name, guard := range guards {
		for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
			t.Run(name+"/"+protocol, func(t *testing.T) {
				adaptertest.TestRefusals(t, func(t *testing.T, a validator.Authenticator, reached func()) (string, *http.Client) {
					handler := guard(newAuth(t, a, httpmw.Config{}), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached() }))
					return serve(t, protocol, handler)
				})
			})
		}
	}
}

// serve starts a server that speaks the protocol.
func serve(t *testing.T, protocol string, handler http.Handler) (string, *http.Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Proto != protocol {
			t.Errorf("request by %s, want %s", r.Proto, protocol)
		}
		handler.ServeHTTP(w, r)
	}))
	if protocol == "HTTP/2.0" {
		server.EnableHTTP2 = true
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server.URL, server.Client()
}

func newAuth(t testing.TB, a validator.Authenticator, config httpmw.Config) *httpmw.Auth {
	t.Helper()
	auth, err := httpmw.New(a, config)
	if err != nil {
		t.Fatal(err)
	}
	return auth
}

// get sends a request with these values of Authorization through the handler.
func get(handler http.Handler, target string, authorization ...string) *httptest.ResponseRecorder {
	return do(handler, httptest.NewRequest(http.MethodGet, target, nil), authorization...)
}

func do(handler http.Handler, r *http.Request, authorization ...string) *httptest.ResponseRecorder {
	if authorization != nil {
		r.Header["Authorization"] = authorization
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// tell answers with the client that the token belongs to.
var tell = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	client := "nobody"
	if token, ok := validator.TokenFrom(r.Context()); ok {
		client = token.ClientID()
	}
	_, _ = io.WriteString(w, client)
})

// want compares an answer.
func want(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || !strings.Contains(w.Body.String(), body) {
		t.Errorf("%d %q, want %d %q", w.Code, w.Body, status, body)
	}
}

// The end of the request's context is no verdict about the token: 503, and no
// challenge.
func TestRequestEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := newAuth(t, adaptertest.NewValidator(func(c *validator.Config) {
			c.Check = func(ctx context.Context, _ *validator.Token) error {
				<-ctx.Done()
				return ctx.Err()
			}
		}), httpmw.Config{})
		handler := auth.Require(scopes.Authenticated())(tell)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
		w := do(handler, r, adaptertest.Bearer(""))
		want(t, w, 503, "could not be checked in time")
		if w.Header().Get("WWW-Authenticate") != "" {
			t.Error("a challenge for a token that was not judged")
		}

		ctx, cancel = context.WithCancel(t.Context())
		cancel()
		want(t, do(handler, r.WithContext(ctx), adaptertest.Bearer("")), 503, "canceled")
	})
}

func TestRealmAndResourceMetadata(t *testing.T) {
	const metadata = "https://api.example.com/.well-known/oauth-protected-resource"
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Realm: "orders, v2", ResourceMetadata: metadata})
	handler := auth.Require(scopes.All("a"))(tell)
	prefix := `Bearer realm="orders, v2", resource_metadata="` + metadata + `"`
	tests := map[string]struct {
		authorization []string
		want          string
	}{
		"missing": {nil, prefix},
		"invalid": {[]string{"Bearer x"}, prefix + `, error="invalid_token", error_description="The access token is not a compact JWS."`},
		"scope": {[]string{adaptertest.Bearer("b")}, prefix +
			`, error="insufficient_scope", error_description="The access token lacks a scope that this operation needs.", scope="a"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := get(handler, "/", test.authorization...).Header().Values("WWW-Authenticate"); len(got) != 1 || got[0] != test.want {
				t.Errorf("challenge %q\nwant      %q", got, test.want)
			}
		})
	}
}

// Of two issuers one has DPoP. The other's tokens in that scheme are in one that is not
// supported: the challenges are those for callers without credentials.
func TestSchemeOfAnotherIssuer(t *testing.T) {
	binding, err := dpop.New(dpop.Config{Algorithms: []string{"ES256"}})
	if err != nil {
		t.Fatal(err)
	}
	issuers, err := validator.ByIssuer(
		adaptertest.NewValidator(nil),
		adaptertest.NewValidator(func(c *validator.Config) {
			c.Issuer, c.Bindings = "https://other.example.com", []validator.Binding{binding}
		}))
	if err != nil {
		t.Fatal(err)
	}
	handler := newAuth(t, issuers, httpmw.Config{}).Require(scopes.Authenticated())(tell)
	want := []string{`Bearer realm="api"`, `DPoP realm="api", algs="ES256"`}
	for _, authorization := range []string{"DPoP " + adaptertest.Token("a"), "Basic x"} {
		w := get(handler, "/", authorization)
		if got := w.Header().Values("WWW-Authenticate"); w.Code != http.StatusUnauthorized || !slices.Equal(got, want) {
			t.Errorf("%d %q, want %q", w.Code, got, want)
		}
	}
}
