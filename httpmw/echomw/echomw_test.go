package echomw_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/labstack/echo/v4"
)

func newAuth(t testing.TB, a validator.Authenticator, config echomw.Config) *echomw.Auth {
	t.Helper()
	auth, err := echomw.New(a, config)
	if err != nil {
		t.Fatal(err)
	}
	return auth
}

// tell answers with the client that the token belongs to.
func tell(c echo.Context) error {
	token, ok := echomw.TokenFrom(c)
	if same, _ := validator.TokenFrom(c.Request().Context()); same != token {
		return errors.New("two tokens")
	}
	if !ok {
		return c.String(http.StatusOK, "nobody")
	}
	return c.String(http.StatusOK, token.ClientID())
}

func do(e *echo.Echo, method, target string, authorization ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	if authorization != nil {
		r.Header["Authorization"] = authorization
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

func want(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || !strings.Contains(w.Body.String(), body) {
		t.Errorf("%d %q, want %d %q", w.Code, w.Body, status, body)
	}
}

// The table over real connections, as for net/http, in every way to install the
// middleware.
func TestRefusals(t *testing.T) {
	installations := map[string]func(*echo.Echo, echo.MiddlewareFunc, echo.HandlerFunc){
		"route": func(e *echo.Echo, m echo.MiddlewareFunc, h echo.HandlerFunc) { e.Any("/orders", h, m) },
		"group": func(e *echo.Echo, m echo.MiddlewareFunc, h echo.HandlerFunc) { e.Group("/orders", m).Any("", h) },
		"Use": func(e *echo.Echo, m echo.MiddlewareFunc, h echo.HandlerFunc) {
			e.Use(m)
			e.Any("/orders", h)
		},
		"debug": func(e *echo.Echo, m echo.MiddlewareFunc, h echo.HandlerFunc) {
			e.Debug = true
			e.Any("/orders", h, m)
		},
	}
	for name, install := range installations {
		for _, http2 := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				adaptertest.TestRefusals(t, func(t *testing.T, a validator.Authenticator, reached func()) (string, *http.Client) {
					e := echo.New()
					install(e, newAuth(t, a, echomw.Config{}).Require(adaptertest.Requirement), func(echo.Context) error {
						reached()
						return nil
					})
					server := httptest.NewUnstartedServer(e)
					if server.EnableHTTP2 = http2; http2 {
						server.StartTLS()
					} else {
						server.Start()
					}
					t.Cleanup(server.Close)
					return server.URL, server.Client()
				})
			})
		}
	}
}

// The bytes are those of httpmw.
func TestSameBodyAsNetHTTP(t *testing.T) {
	v := adaptertest.NewValidator(nil)
	e := echo.New()
	e.GET("/", tell, newAuth(t, v, echomw.Config{}).Require(scopes.All("a")))
	auth, err := httpmw.New(v, httpmw.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, authorization := range [][]string{nil, {"Bearer"}, {"Bearer x"}, {adaptertest.Bearer("b")}} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = authorization
		auth.Require(scopes.All("a"))(http.NotFoundHandler()).ServeHTTP(w, r)
		if got := do(e, "GET", "/", authorization...); got.Body.String() != w.Body.String() {
			t.Errorf("%q, net/http has %q", got.Body, w.Body)
		}
	}
}

func TestRequireAndOptional(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{Realm: "orders", ResourceMetadata: "https://api.example.com/m"})
	e := echo.New()
	e.GET("/required", tell, auth.Require(scopes.All("a")), auth.Require(scopes.All("b")))
	e.GET("/optional", tell, auth.Optional(scopes.All("a")))
	e.GET("/public", tell)
	both := adaptertest.Bearer("a b")
	want(t, do(e, "GET", "/required", both), 200, "worker")
	want(t, do(e, "GET", "/required", adaptertest.Bearer("a")), 403, "insufficient_scope")
	want(t, do(e, "GET", "/optional", both), 200, "worker")
	want(t, do(e, "GET", "/optional"), 200, "nobody")
	want(t, do(e, "GET", "/optional", "Bearer x"), 401, "invalid_token")
	want(t, do(e, "GET", "/optional", adaptertest.Bearer("b")), 403, "insufficient_scope")
	want(t, do(e, "GET", "/public", "Bearer x"), 200, "nobody")

	w := do(e, "GET", "/required")
	want(t, w, 401, "required")
	if got := w.Header().Get("WWW-Authenticate"); got != `Bearer realm="orders", resource_metadata="https://api.example.com/m"` {
		t.Errorf("challenge %q", got)
	}
}

func TestSkipper(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{Skipper: func(c echo.Context) bool { return c.Path() == "/healthz" }})
	e := echo.New()
	e.Use(auth.Require(scopes.All("a")))
	e.GET("/healthz", tell)
	e.GET("/orders", tell)
	want(t, do(e, "GET", "/healthz"), 200, "nobody")
	want(t, do(e, "GET", "/healthz", "Bearer x"), 200, "nobody")
	want(t, do(e, "GET", "/orders"), 401, "required")
	want(t, do(e, "GET", "/orders", adaptertest.Bearer("a")), 200, "worker")
}

// Requests that no route matches: the rule of the middleware is not theirs.
func TestUnrouted(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{})
	need := scopes.All("a")
	good, weak := adaptertest.Bearer("a"), adaptertest.Bearer("b")
	installations := map[string]struct {
		install func(*echo.Echo)
		tests   []unrouted
	}{
		"Use": {func(e *echo.Echo) { e.Use(auth.Require(need)) }, []unrouted{
			{"GET", "/none", "", 401}, {"GET", "/none", weak, 403}, {"GET", "/none", good, 403},
			{"GET", "/api/orders", good, 200}, {"GET", "/api/orders", "", 401},
			{"POST", "/api/orders", "", 401}, {"POST", "/api/orders", weak, 403}, {"POST", "/api/orders", good, 405},
			{"OPTIONS", "/api/orders", "", 401}, {"OPTIONS", "/api/orders", good, 204},
			{"HEAD", "/api/orders", good, 405}, {"BREW", "/api/orders", "", 401}, {"BREW", "/api/orders", good, 405},
			{"GET", "/api/orders/", "", 401}, {"GET", "/api/orders/", good, 403},
			{"GET", "/api//orders", "", 401}, {"GET", "/api%2Forders", "", 401},
		}},
		"Use Optional": {func(e *echo.Echo) { e.Use(auth.Optional(need)) }, []unrouted{
			{"GET", "/none", "", 401}, {"GET", "/none", good, 403},
			{"GET", "/api/orders", "", 200}, {"POST", "/api/orders", "", 405},
		}},
		"Pre": {func(e *echo.Echo) { e.Pre(auth.Require(need)) }, []unrouted{
			{"GET", "/api/orders", "", 401}, {"GET", "/api/orders", good, 403}, {"GET", "/none", good, 403},
		}},
		"Pre Optional": {func(e *echo.Echo) { e.Pre(auth.Optional(need)) }, []unrouted{
			{"GET", "/api/orders", "", 401}, {"GET", "/api/orders", good, 403},
		}},
		"RouteNotFound": {func(e *echo.Echo) {
			e.Use(auth.Require(need))
			e.RouteNotFound("/*", func(c echo.Context) error { return c.NoContent(http.StatusNotFound) })
		}, []unrouted{
			{"GET", "/none", "", 401}, {"GET", "/none", weak, 403}, {"GET", "/none", good, 404},
			{"POST", "/api/orders", "", 401},
		}},
	}
	for name, test := range installations {
		t.Run(name, func(t *testing.T) {
			e := echo.New()
			test.install(e)
			e.GET("/api/orders", tell)
			walk(t, e, test.tests)
		})
	}
	t.Run("group", func(t *testing.T) {
		e := echo.New()
		api := e.Group("/api", auth.Require(need))
		api.GET("/orders", tell)
		used := e.Group("/used")
		used.Use(auth.Require(need))
		used.GET("/orders", tell)
		walk(t, e, []unrouted{
			{"GET", "/api/orders", "", 401}, {"GET", "/api/orders", good, 200},
			{"GET", "/api/none", "", 401}, {"GET", "/api/none", weak, 403}, {"GET", "/api/none", good, 404}, {"GET", "/api", "", 401},
			{"GET", "/used/orders", "", 401}, {"GET", "/used/none", "", 401}, {"GET", "/used/none", good, 404},
			{"GET", "/none", "", 404}, // outside of the group nothing is guarded
		})
	})
}

type unrouted struct {
	method, target, authorization string
	status                        int
}

func walk(t *testing.T, e *echo.Echo, tests []unrouted) {
	t.Helper()
	for _, test := range tests {
		var authorization []string
		if test.authorization != "" {
			authorization = []string{test.authorization}
		}
		w := do(e, test.method, test.target, authorization...)
		if w.Code != test.status {
			t.Errorf("%s %s %.20q: %d, want %d", test.method, test.target, test.authorization, w.Code, test.status)
		}
		if test.status != 200 && (strings.Contains(w.Body.String(), "worker") || strings.Contains(w.Body.String(), "nobody")) {
			t.Errorf("%s %s: the handler was reached", test.method, test.target)
		}
	}
}

func TestOperations(t *testing.T) {
	var got []string
	auth := newAuth(t, adaptertest.NewValidator(func(c *validator.Config) {
		c.OnDecision = func(_ context.Context, d validator.Decision) { got = append(got, d.Operation+" "+d.Code().String()) }
	}), echomw.Config{})
	e := echo.New()
	e.Use(auth.Require(scopes.All("a")))
	e.GET("/orders/:id", tell)
	do(e, "GET", "/orders/7", adaptertest.Bearer("a"))
	do(e, "GET", "/orders/7")
	do(e, "BREW", "/orders/7")
	do(e, "GET", "/secret")
	do(e, "GET", "/secret", adaptertest.Bearer("a"))
	want := []string{
		"GET /orders/:id OK", "GET /orders/:id CREDENTIALS_MISSING", "_OTHER /orders/:id CREDENTIALS_MISSING",
		"GET (unrouted) CREDENTIALS_MISSING", "GET (unrouted) OPERATION_NOT_ALLOWED",
	}
	if !slices.Equal(got, want) {
		t.Errorf("decisions %q\nwant      %q", got, want)
	}
}

func TestNew(t *testing.T) {
	_, err := echomw.New(nil, echomw.Config{Realm: `"`, ResourceMetadata: "x"})
	for _, field := range []string{"Authenticator: ", "Realm: ", "ResourceMetadata: "} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("no problem with %s: %v", field, err)
		}
	}
}

func TestWiringPanics(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{})
	for name, wire := range map[string]func(scopes.Requirement) echo.MiddlewareFunc{"Require": auth.Require, "Optional": auth.Optional} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			wire(scopes.Requirement{})
		})
	}
}

// The handler gets Echo's own response, and panics pass.
func TestHandlerIsLeftAlone(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{})
	e := echo.New()
	var before, inside *echo.Response
	note := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error { before = c.Response(); return next(c) }
	}
	e.GET("/", func(c echo.Context) error {
		inside = c.Response()
		_, err := io.WriteString(c.Response(), "x")
		return err
	}, note, auth.Require(scopes.All("a")))
	e.GET("/panic", func(echo.Context) error { panic(http.ErrAbortHandler) }, auth.Require(scopes.All("a")))
	w := do(e, "GET", "/", adaptertest.Bearer("a"))
	want(t, w, 200, "x")
	if before != inside || before == nil || w.Header().Get("Cache-Control") != "" {
		t.Error("the response is not as it was")
	}
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("recovered %v", p)
		}
	}()
	do(e, "GET", "/panic", adaptertest.Bearer("a"))
}
