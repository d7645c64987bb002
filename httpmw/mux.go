package httpmw

import (
	"net/http"
	"slices"
	"sync"

	"github.com/bearerguard/bearerguard/scopes"
)

// A Mux is an [http.ServeMux] that cannot have an unguarded route: whoever
// registers a handler says what it needs, or that it is public, or has said so in
// a policy (see [Mux.Bind]). Patterns are those of ServeMux, and a rule belongs to
// the pattern that ServeMux matched: nothing looks at the path a second time.
//
// What ServeMux answers by itself (404, 405 with its Allow, redirects to a clean
// path or to a trailing slash) is for callers with a valid token only: others
// get their 401, so that routes cannot be probed. That includes the redirect to
// the trailing slash of a public subtree. What never gets here is "OPTIONS *",
// which net/http answers itself (see [http.Server.DisableGeneralOptionsHandler]).
//
// Only [Auth.NewMux] makes a Mux. Register all routes before serving; after
// that it is safe for concurrent use.
type Mux struct {
	auth  *Auth
	inner http.ServeMux

	preflight http.Handler // nil: guarded like every request

	mu     sync.Mutex
	routes []Route
}

// A Route is what was registered on a [Mux].
type Route struct {
	// Pattern is as it was registered, such as "GET /orders/{id}".
	Pattern string
	// Requirement is what the route needs; zero if it is public.
	Requirement scopes.Requirement
	// Optional tells that requests without credentials are let in too.
	Optional bool
	// Public tells that credentials are not looked at.
	Public bool
	// Bound tells that the rule is that of [Config.Policy] (see [Mux.Bind]). If
	// Operation is empty, the method of the request decides, and the other fields
	// say nothing.
	Bound bool
	// Operation is the name of the operation in the policy; empty without one.
	Operation string
	// Shadow tells that a lack of scopes is only reported.
	Shadow bool
}

// NewMux returns a Mux without routes, which answers every request with 401, or
// with 404 to callers with a valid token.
func (a *Auth) NewMux() *Mux { return &Mux{auth: a} }

// Handle registers the handler for pattern, guarded by requirement as
// [Auth.Require] does. It panics if pattern is invalid or conflicts with another
// (see [http.ServeMux.Handle]), if requirement is zero or if handler is nil.
func (m *Mux) Handle(pattern string, requirement scopes.Requirement, handler http.Handler) {
	m.register(Route{Pattern: pattern, Requirement: requirement}, m.auth.Require(requirement)(handler))
}

// HandleFunc is [Mux.Handle] for a function.
func (m *Mux) HandleFunc(pattern string, requirement scopes.Requirement, handler func(http.ResponseWriter, *http.Request)) {
	m.Handle(pattern, requirement, http.HandlerFunc(handler))
}

// Optional registers the handler for pattern, guarded by requirement as
// [Auth.Optional] does. It panics as [Mux.Handle] does.
func (m *Mux) Optional(pattern string, requirement scopes.Requirement, handler http.Handler) {
	m.register(Route{Pattern: pattern, Requirement: requirement, Optional: true}, m.auth.Optional(requirement)(handler))
}

// Public registers the handler for pattern without any guard: credentials are
// not looked at, not even bad ones, and [validator.TokenFrom] finds a token only
// if the Mux stands inside of another guard. It panics as [Mux.Handle] does.
func (m *Mux) Public(pattern string, handler http.Handler) {
	if isNil(handler) {
		panic("httpmw: Public: nil handler")
	}
	m.register(Route{Pattern: pattern, Public: true}, handler)
}

// routed marks the handlers that were registered here, as opposed to those that
// the ServeMux makes up for requests without a route.
type routed struct{ http.Handler }

func (m *Mux) register(route Route, handler http.Handler) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inner.Handle(route.Pattern, routed{handler})
	m.routes = append(m.routes, route)
}

// Routes returns what was registered, in that order. The slice is the caller's
// own.
func (m *Mux) Routes() []Route {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.routes)
}

// ServeHTTP dispatches the request to the route whose pattern matches, guarded
// by its rule; other requests are authenticated before they get their 404 or 405.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m.preflight != nil && isPreflight(r) {
		m.preflight.ServeHTTP(w, r)
		return
	}
	handler, _ := m.inner.Handler(r)
	// ServeMux answers "*" by itself, whatever is registered.
	if _, ok := handler.(routed); !ok || r.RequestURI == "*" {
		if err := m.authenticate(r); err != nil {
			m.auth.Deny(w, r, err)
			return
		}
	}
	m.inner.ServeHTTP(w, r)
}

// authenticate wants a valid token for a request that no route has matched. A
// pattern that it may have comes from a mux outside, and is not its operation.
func (m *Mux) authenticate(r *http.Request) error {
	rule := scopes.Rule{Operation: Operation(r.Method, ""), Requirement: scopes.Authenticated()}
	_, _, err := m.auth.Authorize(r.Context(), Extract(r, rule))
	return err
}
