package echomw_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/labstack/echo/v4"
)

// newValidator stands for validator.New with the issuer of your tokens, which it
// needs nothing but the URL of. The examples use keys that are at hand.
func newValidator() *validator.Validator {
	v, err := validator.New(validator.Config{
		Issuer:    "https://auth.example.com",
		Audiences: []string{"https://api.example.com"},
		Keys:      adaptertest.Keys(),
	})
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// show sends a request with a token of the given scope, or with none, and prints
// the answer.
func show(handler http.Handler, method, target string, scope ...string) {
	r := httptest.NewRequest(method, target, nil)
	if scope != nil {
		r.Header.Set("Authorization", "Bearer "+adaptertest.Token(scope[0]))
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(strings.TrimSpace(fmt.Sprint(method, " ", target, " -> ", w.Code, " ", w.Body)))
	if challenge := w.Header().Get("WWW-Authenticate"); challenge != "" {
		fmt.Println("  ", challenge)
	}
}

// A protected API on Echo: all routes need a valid token, but for the health
// check, and each route says which scopes it needs.
func Example() {
	v := newValidator()
	defer func() { _ = v.Close() }()
	auth, err := echomw.New(v, echomw.Config{
		Skipper: func(c echo.Context) bool { return c.Path() == "/healthz" },
	})
	if err != nil {
		log.Fatal(err)
	}

	e := echo.New()
	e.Use(auth.Require(scopes.Authenticated()))
	e.GET("/orders", func(c echo.Context) error {
		token, _ := echomw.TokenFrom(c)
		return c.String(http.StatusOK, "orders of "+token.Subject())
	}, auth.Require(scopes.All("orders:read")))
	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "up") })

	show(e, "GET", "/orders", "orders:read")
	show(e, "GET", "/orders", "orders:write")
	show(e, "GET", "/orders")
	show(e, "GET", "/healthz")
	show(e, "GET", "/nothing-here", "orders:read")
	// Output:
	// GET /orders -> 200 orders of worker
	// GET /orders -> 403 {"error":"insufficient_scope","error_description":"The access token lacks a scope that this operation needs."}
	//    Bearer realm="api", error="insufficient_scope", error_description="The access token lacks a scope that this operation needs.", scope="orders:read"
	// GET /orders -> 401 {"error_description":"An access token is required."}
	//    Bearer realm="api"
	// GET /healthz -> 200 up
	// GET /nothing-here -> 403 {"error_description":"This operation is not allowed."}
}

// A custom error handler writes the body that it wants. The 200 it asks for stays
// a 401, and the challenge is there.
func Example_errorHandler() {
	auth, err := echomw.New(newValidator(), echomw.Config{})
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		refusal, _ := err.(*echo.HTTPError)
		if body, ok := refusal.Message.(httpmw.ErrorBody); ok {
			_ = c.JSON(http.StatusOK, map[string]string{"title": body.Description})
			return
		}
		e.DefaultHTTPErrorHandler(err, c)
	}
	e.GET("/orders", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }, auth.Require(scopes.All("orders:read")))
	show(e, "GET", "/orders")
	// Output:
	// GET /orders -> 401 {"title":"An access token is required."}
	//    Bearer realm="api"
}

// Wrong: before routing there is no route, and so no rule that could be
// satisfied. Middleware of this package belongs into Use, a group or a route.
func Example_wrongUse() {
	auth, err := echomw.New(newValidator(), echomw.Config{})
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.Pre(auth.Require(scopes.Authenticated()))
	e.GET("/orders", func(c echo.Context) error { return c.String(http.StatusOK, "orders") })
	show(e, "GET", "/orders", "orders:read")
	// Output:
	// GET /orders -> 403 {"error_description":"This operation is not allowed."}
}
