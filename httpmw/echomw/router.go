package echomw

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
)

// A Router registers routes on an Echo, each with the rule that [Config.Policy]
// has for it. The rule stands on the route, within the handler that Echo calls:
// middleware may override the method, rewrite the URL or set another path, before
// routing or after, and the handler that is called is guarded by its own rule.
//
// All other requests are refused: those that no route matches, those by a method
// that the route does not have, and those for routes that were registered on the
// Echo around the Router, as long as no middleware changes method or path after
// routing: such a route cannot be told by anything else. [Router.Check] finds them.
// What must be answered without a rule, such as a CORS preflight, is answered by
// middleware outside. Requests that [Config.Skipper] names are not guarded here
// either.
//
// Only [Auth.NewRouter] makes a Router. Register all routes before serving; that is
// not safe for concurrent use.
type Router struct {
	auth     *Auth
	registry *registry
	add      func(method, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route

	host       string
	prefix     string
	middleware []echo.MiddlewareFunc
}

// NewRouter returns a Router without routes for e, and has e use middleware that
// refuses every request that is not for one of the Router's routes. Middleware
// that sees refusals, such as CORS, logging and recovering, is used by e before.
// It panics if there is no [Config.Policy].
func (a *Auth) NewRouter(e *echo.Echo) *Router {
	if a.http.Policy() == nil {
		panic("echomw: NewRouter: there is no Config.Policy")
	}
	r := &Router{auth: a, registry: &registry{echo: e, auth: a, routes: make(map[key]*echo.Route)}, add: e.Add}
	e.Use(r.registry.guard)
	return r
}

// Add registers the handler for method and path, guarded by the rule of the policy.
// Middleware is inside of the guard. It panics if the policy has no rule for it: the
// message has the line to add.
func (r *Router) Add(method, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	if h == nil {
		panic("echomw: Add: nil handler")
	}
	path = cleaned(r.prefix + path)
	rule, _ := r.auth.http.RouteRule("echomw: Add", method+" "+r.host+path) // the method is there, and decides
	chain := slices.Concat([]echo.MiddlewareFunc{r.auth.bound(rule)}, r.middleware, m)
	route := r.add(method, path, h, chain...)
	r.registry.routes[key{r.host, route.Method, route.Path}] = route
	return route
}

// cleaned is the path as Echo registers it.
func cleaned(path string) string {
	if path == "" || path[0] != '/' {
		return "/" + path
	}
	return path
}

// GET is [Router.Add] for GET. As in Echo, HEAD is a method of its own.
func (r *Router) GET(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Add(http.MethodGet, path, h, m...)
}

// HEAD is [Router.Add] for HEAD.
func (r *Router) HEAD(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Add(http.MethodHead, path, h, m...)
}

// POST is [Router.Add] for POST.
func (r *Router) POST(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Add(http.MethodPost, path, h, m...)
}

// PUT is [Router.Add] for PUT.
func (r *Router) PUT(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Add(http.MethodPut, path, h, m...)
}

// PATCH is [Router.Add] for PATCH.
func (r *Router) PATCH(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Add(http.MethodPatch, path, h, m...)
}

// DELETE is [Router.Add] for DELETE.
func (r *Router) DELETE(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) *echo.Route {
	return r.Add(http.MethodDelete, path, h, m...)
}

// Match is [Router.Add] for several methods.
func (r *Router) Match(methods []string, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) []*echo.Route {
	var routes []*echo.Route
	for _, method := range methods {
		routes = append(routes, r.Add(method, path, h, m...))
	}
	return routes
}

// Any is [Router.Match] for the methods of [echo.Echo.Any]. The policy has a rule
// for each of them, or one for all, "* /path".
func (r *Router) Any(path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) []*echo.Route {
	var methods []string
	for _, route := range echo.New().Any("/", h) {
		methods = append(methods, route.Method)
	}
	return r.Match(methods, path, h, m...)
}

// Group returns a Router for the same Echo whose paths have a prefix, and whose
// handlers are inside of middleware, which is inside of the guard.
func (r *Router) Group(prefix string, m ...echo.MiddlewareFunc) *Router {
	group := *r
	group.prefix, group.middleware = r.prefix+prefix, slices.Concat(r.middleware, m)
	return &group
}

// Host returns a Router for requests to this host, "api.example.com", as
// [echo.Echo.Host] does. Routes without a host are not served there. In the policy
// the host stands before the path.
func (r *Router) Host(name string, m ...echo.MiddlewareFunc) *Router {
	host := r.Group("", m...)
	host.host, host.add = name, r.registry.echo.Host(name).Add
	return host
}
