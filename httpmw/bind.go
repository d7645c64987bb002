package httpmw

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/bearerguard/bearerguard/scopes"
)

// Bind registers the handler for pattern, guarded by the rule that [Config.Policy]
// has for it. A pattern for all methods takes the rule of the method of each
// request; a method without one is refused.
//
// It panics as [Mux.Handle] does, and if the policy has no rule: the message has
// the line to add.
func (m *Mux) Bind(pattern string, handler http.Handler) {
	if isNil(handler) {
		panic("httpmw: Bind: nil handler")
	}
	rule, byMethod := m.auth.RouteRule("httpmw: Bind", pattern)
	route := Route{
		Pattern: pattern, Requirement: rule.Requirement, Optional: rule.Optional, Public: rule.Public,
		Bound: true, Operation: rule.Operation, Shadow: rule.Shadow,
	}
	if byMethod {
		m.register(route, &boundByMethod{auth: m.auth, pattern: pattern, next: handler})
		return
	}
	m.register(route, m.auth.bound(rule, handler))
}

// BindFunc is [Mux.Bind] for a function.
func (m *Mux) BindFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	m.Bind(pattern, http.HandlerFunc(handler))
}

// boundByMethod is a handler for all methods, of which the policy has rules for
// some. The pattern is what it was registered for, not what is in the request.
type boundByMethod struct {
	auth    *Auth
	pattern string
	next    http.Handler
}

func (b *boundByMethod) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rule, _ := b.auth.policy.HTTP(r.Method, b.pattern) // none: the zero rule, which refuses
	if rule.Public {
		b.next.ServeHTTP(w, r)
		return
	}
	b.auth.serve(w, r, rule, b.next)
}

// Patterns returns the patterns that were registered, for [scopes.Surface], without
// that of [Auth.Metadata] unless [Config.Policy] has a rule for it. It is never nil.
func (m *Mux) Patterns() []string {
	patterns := []string{}
	for _, route := range m.Routes() {
		if !m.isMetadata(route) {
			patterns = append(patterns, route.Pattern)
		}
	}
	return patterns
}

// isMetadata reports whether the route is that of [Auth.Metadata] and the policy says
// nothing of it: it is public in every API (RFC 9728 §3), and no operation of this one.
func (m *Mux) isMetadata(route Route) bool {
	if m.auth.metadata == nil || m.auth.policy == nil || !route.Public || route.Bound {
		return false
	}
	pattern, _ := m.auth.Metadata()
	if route.Pattern != pattern && route.Pattern != "GET "+pattern {
		return false
	}
	_, named := m.auth.policy.HTTP(http.MethodGet, pattern)
	return !named
}

// Check holds what was registered against [Config.Policy], at start or in a test:
// every route has a rule, every rule for HTTP has a route, and a route that was
// registered by [Mux.Handle], [Mux.Optional] or [Mux.Public] has the rule that the
// policy has. Only that of [Auth.Metadata] needs none. The error joins what is found
// (see [errors.Join]), among it a [*scopes.CoverageError]. For an API over gRPC as
// well see [Mux.Patterns].
func (m *Mux) Check() error {
	policy := m.auth.policy
	if policy == nil {
		return errors.New("httpmw: Check: there is no Config.Policy")
	}
	coverage := policy.Check(scopes.Surface{HTTP: m.Patterns()})
	missing := make(map[string]bool)
	for _, gap := range gaps(coverage) {
		missing[gap.Binding] = gap.Kind == scopes.GapNoRule
	}
	problems := []error{coverage}
	for _, route := range m.Routes() {
		if route.Bound || missing[route.Pattern] || m.isMetadata(route) {
			continue
		}
		problems = append(problems, route.deviates(policy))
	}
	return errors.Join(problems...)
}

// deviates says how a route with a rule of its own differs from the policy.
func (r Route) deviates(policy *scopes.Policy) error {
	rule, ok := policy.HTTP("", r.Pattern)
	if !ok {
		return fmt.Errorf("httpmw: %s has one rule for all methods, and the policy tells them apart: use Mux.Bind", r.Pattern)
	}
	own := scopes.Rule{Requirement: r.Requirement, Optional: r.Optional, Public: r.Public}
	if len(scopes.Diff(alone(rule), alone(own))) > 0 {
		return fmt.Errorf("httpmw: %s has the rule %q, and the policy says %q: use Mux.Bind", r.Pattern, own.String(), rule.String())
	}
	return nil
}

// alone returns a policy of one rule, for comparison.
func alone(rule scopes.Rule) *scopes.Policy {
	policy, err := scopes.NewPolicy(scopes.Operation{
		Name: "rule", Requirement: rule.Requirement, Optional: rule.Optional, Public: rule.Public, Shadow: rule.Shadow,
		HTTP: []string{"* /"},
	})
	if err != nil { // rules of a policy and of a Mux are complete
		panic("httpmw: " + err.Error())
	}
	return policy
}
