package main

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
	"github.com/bearerguard/bearerguard/httpmw/echomw"
)

// newAPI binds every route to the rule that the policy has for it. Echo would also
// serve a route that was registered around the router, for which that was
// forgotten: the router refuses it, and Check tells.
func newAPI(auth *echomw.Auth, store *orders.Store) (*echo.Echo, error) {
	h := handlers{store}
	e := echo.New()
	router := auth.NewRouter(e)
	router.GET("/orders", h.list)
	router.GET("/orders/:id", h.get)
	router.POST("/orders", h.create)
	router.DELETE("/orders/:id", h.delete)
	router.GET("/orders/events", h.watch, auth.WhileValid)
	router.GET("/whoami", h.whoAmI)
	router.GET("/healthz", h.health)
	return e, router.Check()
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

// watch was let in once, for a stream that may be long. The context of the request
// ends with the token.
func (h handlers) watch(c echo.Context) error {
	rest.ServeEvents(c.Response(), c.Request(), h.store)
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
