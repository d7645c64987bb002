package echomw_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/labstack/echo/v4"
)

// shop is a policy with a rule of every kind.
func shop(t testing.TB) *scopes.Policy {
	t.Helper()
	policy, err := scopes.NewPolicy(
		scopes.Operation{Name: "list", Requirement: scopes.All("read"), HTTP: []string{"GET /orders"}, GRPC: []string{"/shop.Orders/List"}},
		scopes.Operation{Name: "get", Requirement: scopes.All("read"), HTTP: []string{"GET /orders/{id}"}},
		scopes.Operation{Name: "put", Requirement: scopes.All("write"), HTTP: []string{"PUT /orders/{id}", "PATCH /orders/{id}"}},
		scopes.Operation{Name: "terms", Public: true, HTTP: []string{"GET /terms"}},
		scopes.Operation{Name: "catalogue", Requirement: scopes.All("read"), Optional: true, HTTP: []string{"GET /catalogue"}},
		scopes.Operation{Name: "new", Requirement: scopes.All("rare"), Shadow: true, HTTP: []string{"GET /new"}},
		scopes.Operation{Name: "any", Requirement: scopes.All("any"), HTTP: []string{"* /any"}},
		scopes.Operation{Name: "files", Requirement: scopes.All("files"), HTTP: []string{"GET /files/{path...}"}},
		scopes.Operation{Name: "host", Requirement: scopes.All("host"), HTTP: []string{"GET admin.example.com/orders", "GET admin.example.com/panel"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// said answers with a name.
func said(name string) echo.HandlerFunc {
	return func(c echo.Context) error { return c.String(http.StatusOK, name) }
}

func newShop(t testing.TB, v validator.Authenticator) (*echo.Echo, *echomw.Router, *echomw.Auth) {
	t.Helper()
	auth := newAuth(t, v, echomw.Config{Policy: shop(t)})
	e := echo.New()
	r := auth.NewRouter(e)
	orders := r.Group("/orders", marked("group"))
	orders.GET("", said("list"))
	one := orders.Group("/:order", marked("one"))
	one.GET("", said("get"), marked("route"))
	one.Match([]string{"PUT", "PATCH"}, "", said("put"))
	r.GET("terms", said("terms")) // as in Echo, the slash may be left out
	r.GET("/catalogue", said("catalogue"))
	r.GET("/new", said("new"))
	r.Any("/any", said("any"))
	r.GET("/files/*", echo.StaticDirectoryHandler(os.DirFS("testdata"), false))
	host := r.Host("admin.example.com")
	host.GET("/orders", said("host"))
	host.GET("/panel", said("panel"))
	return e, r, auth
}

// marked is middleware that leaves a mark in the answer.
func marked(mark string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Response().Header().Add("Mark", mark)
			return next(c)
		}
	}
}

func TestRouter(t *testing.T) {
	e, r, _ := newShop(t, adaptertest.NewValidator(nil))
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	around := func(c echo.Context) error { t.Error("reached"); return nil }
	e.GET("/around", around)
	e.POST("/orders", around)
	e.RouteNotFound("/lost/*", around)
	e.GET("/catalogue", around)    // takes the place of the Router's
	e.PATCH("/orders/:id", around) // the same, under another name
	read := adaptertest.Bearer("read")
	for _, test := range []struct {
		method, target, authorization string
		status                        int
		body                          string
	}{
		{"GET", "/orders", read, 200, "list"},
		{"GET", "/orders", "", 401, "required"},
		{"GET", "/orders/7", read, 200, "get"},
		{"GET", "/orders/7", adaptertest.Bearer("write"), 403, "insufficient_scope"},
		{"PUT", "/orders/7", adaptertest.Bearer("write"), 200, "put"},
		{"PUT", "/orders/7", read, 403, "insufficient_scope"},
		{"GET", "/terms", "Bearer x", 200, "terms"},
		{"DELETE", "/any", adaptertest.Bearer("any"), 200, "any"},
		{"REPORT", "/any", adaptertest.Bearer("any"), 200, "any"},
		{"BREW", "/any", adaptertest.Bearer("any"), 403, "not allowed"},
		{"GET", "/files/hello.txt", adaptertest.Bearer("files"), 200, "hello"},
		{"GET", "/files/hello.txt", read, 403, "insufficient_scope"},
		{"GET", "/files/../orders", adaptertest.Bearer("files"), 404, ""}, // no such file
		{"GET", "http://admin.example.com/orders", adaptertest.Bearer("host"), 200, "host"},
		{"GET", "http://admin.example.com/orders", read, 403, "insufficient_scope"},
		{"GET", "http://admin.example.com/panel", adaptertest.Bearer("host"), 200, "panel"},
		{"GET", "/panel", adaptertest.Bearer("host"), 403, "not allowed"},
		{"GET", "http://admin.example.com/terms", "", 401, "required"}, // not on that host
		{"GET", "http://admin.example.com:80/orders", read, 200, "list"},

		// Nothing else is let in, whatever Echo would have answered.
		{"GET", "/none", "", 401, "required"},
		{"GET", "/none", read, 403, "not allowed"},
		{"HEAD", "/orders", read, 403, ""},
		{"OPTIONS", "/orders", "", 401, "required"},
		{"OPTIONS", "/orders", read, 403, "not allowed"},
		{"DELETE", "/orders", read, 403, "not allowed"},
		{"GET", "/orders/", "", 401, "required"},
		{"GET", "/around", "", 401, "required"},
		{"GET", "/around", read, 403, "not allowed"},
		{"POST", "/orders", read, 403, "not allowed"},
		{"GET", "/lost/x", read, 403, "not allowed"},
		{"GET", "/catalogue", "", 401, "required"},
		{"PATCH", "/orders/7", adaptertest.Bearer("write"), 403, "not allowed"},
		{"echo_route_not_found", "/lost/x", read, 403, "not allowed"},
	} {
		t.Run(test.method+" "+test.target, func(t *testing.T) {
			var authorization []string
			if test.authorization != "" {
				authorization = []string{test.authorization}
			}
			w := do(e, test.method, test.target, authorization...)
			want(t, w, test.status, test.body)
			if w.Code >= 400 && len(w.Header()["Mark"])+len(w.Header()["Allow"]) > 0 {
				t.Errorf("something was done before the refusal: %v", w.Header())
			}
		})
	}
	if got := do(e, "GET", "/orders/7", read).Header()["Mark"]; !slices.Equal(got, []string{"group", "one", "route"}) {
		t.Errorf("middleware %q", got)
	}
	err := r.Check()
	for _, part := range []string{"GET /around has no rule; add:", "POST /orders has no rule",
		"registered around the Router, so refused: GET /around, GET /catalogue, PATCH /orders/:id, POST /orders, echo_route_not_found /lost/*"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v\nwant %q", err, part)
		}
	}
}

func TestRouterOptional(t *testing.T) {
	e, _, _ := newShop(t, adaptertest.NewValidator(nil))
	want(t, do(e, "GET", "/catalogue"), 200, "catalogue")
	want(t, do(e, "GET", "/catalogue", "Bearer x"), 401, "invalid_token")
}

func TestRouterShadow(t *testing.T) {
	var operations []string
	e, _, auth := newShop(t, adaptertest.NewValidator(func(c *validator.Config) {
		c.OnDecision = func(_ context.Context, d validator.Decision) {
			operations = append(operations, fmt.Sprint(d.Operation, " ", d.Code(), " ", d.Shadow))
		}
	}))
	want(t, do(e, "GET", "/new", adaptertest.Bearer("")), 200, "new")
	want(t, do(e, "GET", "/new", adaptertest.Bearer("rare")), 200, "new")
	want(t, do(e, "GET", "/new"), 401, "required")
	want(t, do(e, "GET", "/new", "Bearer x"), 401, "invalid_token")
	want(t, do(e, "PUT", "/new", adaptertest.Bearer("")), 403, "not allowed")
	if got := auth.ShadowCounts(); !maps.Equal(got, map[string]uint64{"new": 1}) {
		t.Errorf("counts %v", got)
	}
	if operations[0] != "new INSUFFICIENT_SCOPE true" || !strings.HasSuffix(operations[1], " false") || operations[4] != "PUT /new OPERATION_NOT_ALLOWED false" {
		t.Errorf("decisions %q", operations)
	}
}

func TestRouterCheck(t *testing.T) {
	e := echo.New()
	r := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{Policy: shop(t)}).NewRouter(e)
	if coverage, ok := errors.AsType[*scopes.CoverageError](r.Check()); !ok || len(coverage.Gaps) != 11 {
		t.Errorf("nothing registered: %v", coverage)
	}
	if got := r.Patterns(); got == nil || len(got) != 0 {
		t.Errorf("patterns %#v", got)
	}
	_, r, _ = newShop(t, adaptertest.NewValidator(nil))
	if got := r.Patterns(); !slices.Contains(got, "GET /orders/:order") || !slices.Contains(got, "GET admin.example.com/orders") {
		t.Errorf("patterns %q", got)
	}
}

func TestRouterPanics(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{Policy: shop(t)})
	bare := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{})
	e := echo.New()
	r := auth.NewRouter(e)
	for name, test := range map[string]struct {
		f    func()
		want string
	}{
		"no rule":     {func() { r.GET("/secret", tell) }, `echomw: Add: GET /secret has no rule; add: {Name: "…", Requirement: scopes.All("…"), HTTP: []string{"GET /secret"}},`},
		"group":       {func() { r.Group("/orders").POST("", tell) }, `"POST /orders"`},
		"host":        {func() { r.Host("x.example").GET("/orders", tell) }, `"GET x.example/orders"`},
		"HEAD":        {func() { r.HEAD("/none", tell) }, `"HEAD /none"`},
		"PATCH":       {func() { r.PATCH("/none", tell) }, `"PATCH /none"`},
		"DELETE":      {func() { r.DELETE("/none", tell) }, `"DELETE /none"`},
		"PUT":         {func() { r.PUT("/none", tell) }, `"PUT /none"`},
		"any of some": {func() { r.Any("/orders/:id", tell) }, `/orders/:id has no rule`},
		"not found":   {func() { r.Add(echo.RouteNotFound, "/orders", tell) }, "has no rule"},
		"nil handler": {func() { r.GET("/orders", nil) }, "nil handler"},
		"no policy":   {func() { bare.NewRouter(e) }, "no Config.Policy"},
		"operation":   {func() { auth.Operation("lists") }, `no operation "lists"`},
		"none":        {func() { bare.Operation("list") }, "no Config.Policy"},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, test.want) {
					t.Errorf("%s: panic %q, want %q", name, got, test.want)
				}
			}()
			test.f()
		}()
	}
}

func TestOperationByName(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{Policy: shop(t)})
	e := echo.New()
	e.GET("/list", tell, auth.Operation("list"))
	e.GET("/terms", tell, auth.Operation("terms"))
	want(t, do(e, "GET", "/list", adaptertest.Bearer("read")), 200, "worker")
	want(t, do(e, "GET", "/list", adaptertest.Bearer("write")), 403, "insufficient_scope")
	want(t, do(e, "GET", "/list"), 401, "required")
	want(t, do(e, "GET", "/terms", "Bearer x"), 200, "nobody")
}

// A handler keeps its rule when middleware says that the request is for another.
func TestRuleStaysWithTheHandler(t *testing.T) {
	e := echo.New()
	r := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{Policy: shop(t)}).NewRouter(e)
	r.GET("/orders", said("list"))
	r.GET("/terms", said("terms"), before(func(c echo.Context) { c.SetPath("/orders") }))
	e.Use(before(func(c echo.Context) { // inside of the first guard
		c.SetPath("/terms")
		c.Request().Method = http.MethodGet
	}))
	want(t, do(e, "GET", "/orders"), 401, "required")
	want(t, do(e, "GET", "/orders", adaptertest.Bearer("write")), 403, "insufficient_scope")
	want(t, do(e, "GET", "/orders", adaptertest.Bearer("read")), 200, "list")
	want(t, do(e, "GET", "/terms"), 200, "terms")
}

// CORS middleware is used by the Echo before the Router is made.
func TestPreflightIsAnsweredOutside(t *testing.T) {
	e := echo.New()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Response().Header().Set("Access-Control-Allow-Origin", "https://app.example.com")
			if c.Request().Method == http.MethodOptions {
				return c.NoContent(http.StatusNoContent)
			}
			return next(c)
		}
	})
	r := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{Policy: shop(t)}).NewRouter(e)
	r.GET("/orders", said("list"))
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodOptions, "/orders", nil))
	if w.Code != 204 {
		t.Errorf("%d", w.Code)
	}
	if w := do(e, "GET", "/orders"); w.Code != 401 || w.Header().Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
