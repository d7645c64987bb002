package echomw_test

import (
	"fmt"
	"log"
	"net/http"

	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/labstack/echo/v4"
)

// Routes take their rules from the policy; what is registered around the Router is
// refused, and found by Check.
func ExampleRouter() {
	policy, err := scopes.NewPolicy(
		scopes.Operation{Name: "orders.get", Requirement: scopes.All("orders:read"), HTTP: []string{"GET /orders/{id}"}},
		scopes.Operation{Name: "health", Public: true, HTTP: []string{"GET /healthz"}},
	)
	if err != nil {
		log.Fatal(err)
	}
	v := newValidator()
	defer func() { _ = v.Close() }()
	auth, err := echomw.New(v, echomw.Config{Policy: policy})
	if err != nil {
		log.Fatal(err)
	}

	e := echo.New()
	router := auth.NewRouter(e) // CORS and logging are used by e before
	router.GET("/orders/:id", func(c echo.Context) error { return c.String(http.StatusOK, "order "+c.Param("id")) })
	router.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "up") })
	fmt.Println(router.Check())

	show(e, "GET", "/orders/7", "orders:read")
	show(e, "GET", "/healthz")

	e.GET("/debug", func(c echo.Context) error { return c.String(http.StatusOK, "secrets") })
	show(e, "GET", "/debug", "orders:read")
	fmt.Println(router.Check())
	// Output:
	// <nil>
	// GET /orders/7 -> 200 order 7
	// GET /healthz -> 200 up
	// GET /debug -> 403 {"error_description":"This operation is not allowed."}
	// scopes: the policy does not fit what is registered:
	// GET /debug has no rule; add: {Name: "…", Requirement: scopes.All("…"), HTTP: []string{"GET /debug"}},
	// echomw: registered around the Router, so refused: GET /debug
}
