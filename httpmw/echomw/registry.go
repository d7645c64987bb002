package echomw

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/labstack/echo/v4"
)

// A registry knows what was registered by the Routers of one Echo.
type registry struct {
	echo   *echo.Echo
	auth   *Auth
	routes map[key]*echo.Route

	once  sync.Once
	sound map[key]bool // routes that are still those of a Router, once requests come
}

type key struct{ host, method, path string }

// guard refuses every request that Echo has not matched to a route of a Router,
// before whatever Echo has in store for it. It may be told lies, by middleware
// outside that changes method or path; but handlers of a Router are guarded once
// more, by their own rule.
func (g *registry) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		g.once.Do(g.settle)
		host := c.Request().Host
		if g.echo.Routers()[host] == nil {
			host = ""
		}
		if g.sound[key{host, c.Request().Method, c.Path()}] {
			return next(c)
		}
		return g.auth.serve(c, scopes.Rule{}, next)
	}
}

// settle finds the routes that nobody has registered once more around the Router.
func (g *registry) settle() {
	g.sound = make(map[key]bool)
	for k, route := range g.all() {
		g.sound[k] = g.routes[k] == route
	}
}

// Patterns returns all routes of the Echo, also those that were registered around
// the Router, for [scopes.Surface]. It is never nil.
func (r *Router) Patterns() []string {
	patterns := []string{}
	for k := range r.registry.all() {
		if k.method != echo.RouteNotFound {
			patterns = append(patterns, k.pattern())
		}
	}
	slices.Sort(patterns)
	return patterns
}

func (k key) pattern() string { return k.method + " " + k.host + k.path }

// all returns every route of the Echo, whoever registered it.
func (g *registry) all() map[key]*echo.Route {
	routes := make(map[key]*echo.Route)
	for _, route := range g.echo.Routes() {
		routes[key{"", route.Method, route.Path}] = route
	}
	for host, router := range g.echo.Routers() {
		for _, route := range router.Routes() {
			routes[key{host, route.Method, route.Path}] = route
		}
	}
	return routes
}

// Check holds the routes of the Echo against [Config.Policy], at start or in a
// test: every route has a rule, every rule for HTTP has a route, and every route
// was registered by a Router. The error joins what is found (see [errors.Join]),
// among it a [*scopes.CoverageError]. For an API over gRPC as well see
// [Router.Patterns].
//
// What [echo.Router.Add] has registered, below all methods of Echo, is not among
// [echo.Echo.Routes], and not found. Groups of Echo with middleware register
// routes of their own for what is not found; they are told, too.
func (r *Router) Check() error {
	var around []string
	for k, route := range r.registry.all() {
		if r.registry.routes[k] != route { // also one that took the place of a Router's
			around = append(around, k.pattern())
		}
	}
	slices.Sort(around)
	problems := []error{r.auth.http.Policy().Check(scopes.Surface{HTTP: r.Patterns()})}
	if len(around) > 0 {
		problems = append(problems, fmt.Errorf("echomw: registered around the Router, so refused: %s", strings.Join(around, ", ")))
	}
	return errors.Join(problems...)
}
