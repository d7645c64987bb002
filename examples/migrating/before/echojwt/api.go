// Package echojwt is an orders API behind labstack/echo-jwt.
package echojwt

import (
	"net/http"
	"slices"
	"strings"

	"github.com/bearerguard/bearerguard/examples/migrating/before/keyset"
	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
)

// Claims are those of a token.
type Claims struct {
	jwt.RegisteredClaims
	Scope string `json:"scope"`
}

// NewAPI returns the API. echo-jwt looks at signature and times: it has no
// setting for the issuer or the audience.
func NewAPI(issuer, _ string) (http.Handler, error) {
	keys := &keyset.Cache{URL: issuer + ".well-known/jwks.json"}
	auth := echojwt.WithConfig(echojwt.Config{
		KeyFunc:       keys.Key,
		NewClaimsFunc: func(echo.Context) jwt.Claims { return &Claims{} },
	})

	e := echo.New()
	e.GET("/orders", list, auth, requireScope("orders:read"))
	return e, nil
}

func requireScope(scope string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			claims := c.Get("user").(*jwt.Token).Claims.(*Claims)
			if !slices.Contains(strings.Split(claims.Scope, " "), scope) {
				return echo.NewHTTPError(http.StatusForbidden, "insufficient scope")
			}
			return next(c)
		}
	}
}

func list(c echo.Context) error {
	claims := c.Get("user").(*jwt.Token).Claims.(*Claims)
	return c.String(http.StatusOK, "orders for "+claims.Subject)
}
