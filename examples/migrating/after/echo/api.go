// Package echo is the orders API on Echo behind bearerguard.
package echo

import (
	"net/http"

	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/labstack/echo/v4"
)

// NewAPI returns the API, and what closes it.
func NewAPI(issuer, audience string) (http.Handler, func() error, error) {
	v, err := validator.New(validator.Config{
		Issuer:     issuer,
		Audiences:  []string{audience},
		Algorithms: []string{"RS256"},
	})
	if err != nil {
		return nil, nil, err
	}
	auth, err := echomw.New(v, echomw.Config{})
	if err != nil {
		return nil, nil, err
	}

	e := echo.New()
	e.GET("/orders", list, auth.Require(scopes.All("orders:read")))
	return e, v.Close, nil
}

func list(c echo.Context) error {
	token, _ := echomw.TokenFrom(c)
	return c.String(http.StatusOK, "orders for "+token.Subject())
}
