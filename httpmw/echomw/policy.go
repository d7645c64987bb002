package echomw

import (
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/labstack/echo/v4"
)

// Operation returns middleware with the rule of an operation of [Config.Policy], by
// its name, for a route. A public operation is not guarded. It panics if the policy
// has no such operation, a mistake in wiring.
//
// A [Router] finds the rule by the route, so that the two cannot disagree.
func (a *Auth) Operation(name string) echo.MiddlewareFunc {
	return a.bound(a.http.OperationRule("echomw: Operation", name))
}

// bound is middleware with a rule of the policy. What the request looks like does
// not matter any more: Echo has chosen the handler that the middleware belongs to.
func (a *Auth) bound(rule scopes.Rule) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if rule.Public {
			return next
		}
		return func(c echo.Context) error { return a.serve(c, rule, next) }
	}
}

// ShadowCounts is [httpmw.Auth.ShadowCounts].
func (a *Auth) ShadowCounts() map[string]uint64 { return a.http.ShadowCounts() }
