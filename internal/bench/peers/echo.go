package peers

import (
	"context"
	"net/http"

	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
)

// An EchoGuard puts an Echo handler behind RS256 tokens.
type EchoGuard struct {
	Name string
	New  func(ctx context.Context, i *fixture.Issuer) (echo.MiddlewareFunc, error)
}

// EchoGuards returns all for Echo.
func EchoGuards() []EchoGuard {
	return []EchoGuard{
		{NewToken, newEchoMW(validator.CacheConfig{Off: true})},
		{KnownToken, newEchoMW(validator.CacheConfig{})},
		{"echo-jwt + keyfunc", newEchoJWT},
	}
}

// EchoRoute is where [EchoHandler] puts its handler.
const EchoRoute = "/orders"

// EchoHandler returns an Echo server with one route behind a middleware, or
// without one if it is nil.
func EchoHandler(guard echo.MiddlewareFunc) http.Handler {
	e := echo.New()
	handler := func(c echo.Context) error { return c.NoContent(http.StatusOK) }
	if guard == nil {
		e.GET(EchoRoute, handler)
	} else {
		e.GET(EchoRoute, handler, guard)
	}
	return e
}

func newEchoMW(cache validator.CacheConfig) func(context.Context, *fixture.Issuer) (echo.MiddlewareFunc, error) {
	return func(ctx context.Context, i *fixture.Issuer) (echo.MiddlewareFunc, error) {
		v, err := NewValidator(ctx, i, cache, "RS256")
		if err != nil {
			return nil, err
		}
		auth, err := echomw.New(v, echomw.Config{})
		if err != nil {
			return nil, err
		}
		return auth.Require(scopes.All(fixture.Scope)), nil
	}
}

// newEchoJWT has the settings that echo-jwt knows: keys and claims. It has none
// for issuer and audience.
func newEchoJWT(ctx context.Context, i *fixture.Issuer) (echo.MiddlewareFunc, error) {
	p, err := newJWTParser(ctx, i, "RS256")
	if err != nil {
		return nil, err
	}
	return echojwt.Config{
		KeyFunc:       p.keys.Keyfunc,
		NewClaimsFunc: func(echo.Context) jwt.Claims { return &jwtClaims{} },
	}.ToMiddleware()
}
