package main

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

const healthz = "/healthz"

// newAPI says for every route what it needs. Echo would also serve a route for
// which that was forgotten, so nothing but the public route gets past the guard
// of the whole API without a valid token, and what no route matches not at all.
// The token is validated once, however many guards there are.
func newAPI(a validator.Authenticator, store *orders.Store) (*echo.Echo, error) {
	auth, err := echomw.New(a, echomw.Config{
		Realm:   "orders",
		Skipper: func(c echo.Context) bool { return c.Path() == healthz },
	})
	if err != nil {
		return nil, err
	}
	h := handlers{store}
	e := echo.New()
	e.Use(auth.Require(scopes.Authenticated()))
	e.GET("/orders", h.list, auth.Require(scopes.All("orders:read")))
	e.GET("/orders/:id", h.get, auth.Require(scopes.All("orders:read")))
	e.POST("/orders", h.create, auth.Require(scopes.All("orders:write")))
	e.DELETE("/orders/:id", h.delete, auth.Require(scopes.All("orders:admin")))
	e.GET("/orders/events", h.watch, auth.Require(scopes.All("orders:read")))
	e.GET("/whoami", h.whoAmI)
	e.GET(healthz, h.health)
	return e, nil
}

type handlers struct{ store *orders.Store }

func (h handlers) list(c echo.Context) error {
	return c.JSON(http.StatusOK, rest.List{Orders: h.store.List()})
}

func (h handlers) get(c echo.Context) error {
	order, err := h.store.Get(c.Param("id"))
	if err != nil {
		return refuse(err)
	}
	return c.JSON(http.StatusOK, order)
}

func (h handlers) create(c echo.Context) error {
	item, err := rest.ReadItem(c.Response(), c.Request())
	if err != nil {
		return refuse(err)
	}
	order, err := h.store.Create(item)
	if err != nil {
		return refuse(err)
	}
	c.Response().Header().Set(echo.HeaderLocation, rest.Location(order))
	return c.JSON(http.StatusCreated, order)
}

func (h handlers) delete(c echo.Context) error {
	if err := h.store.Delete(c.Param("id")); err != nil {
		return refuse(err)
	}
	return c.NoContent(http.StatusNoContent)
}

// watch was let in once, for a stream that may be long: it ends with the token.
func (h handlers) watch(c echo.Context) error {
	token, _ := echomw.TokenFrom(c)
	rest.ServeEvents(c.Response(), c.Request(), h.store, token.ExpiresAt())
	return nil
}

// whoAmI always finds a token: its route is guarded.
func (h handlers) whoAmI(c echo.Context) error {
	token, _ := echomw.TokenFrom(c)
	return c.JSON(http.StatusOK, rest.NewCaller(token))
}

func (h handlers) health(c echo.Context) error { return c.NoContent(http.StatusOK) }

func refuse(err error) error {
	status, body := rest.Refuse(err)
	return echo.NewHTTPError(status, body)
}
