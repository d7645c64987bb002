package httpmw

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/bearerguard/bearerguard/scopes"
)

// Policy returns [Config.Policy], nil without one.
func (a *Auth) Policy() *scopes.Policy { return a.policy }

// Operation returns middleware with the rule of an operation of [Config.Policy],
// by its name, for routers other than [Mux]. A public operation is not guarded.
// It panics if the policy has no such operation, a mistake in wiring, and the
// middleware panics as that of [Auth.Require].
//
// That the operation is bound to the route that it stands at is not known here:
// [scopes.Policy.Check] finds routes that the policy does not have, and a test
// that calls each route tells the rest.
func (a *Auth) Operation(name string) func(http.Handler) http.Handler {
	rule := a.OperationRule("httpmw: Operation", name)
	return func(next http.Handler) http.Handler {
		if isNil(next) {
			panic("httpmw: Operation: nil handler")
		}
		return a.bound(rule, next)
	}
}

// bound is next with a rule of the policy.
func (a *Auth) bound(rule scopes.Rule, next http.Handler) http.Handler {
	if rule.Public {
		return next
	}
	return &guarded{auth: a, rule: rule, next: next}
}

// OperationRule returns the rule of an operation of [Config.Policy]. It panics on
// behalf of caller if there is none. It is for adapters.
func (a *Auth) OperationRule(caller, name string) scopes.Rule {
	if a.policy == nil {
		panic(caller + ": there is no Config.Policy")
	}
	operation, ok := a.policy.Operation(name)
	if !ok {
		panic(fmt.Sprintf(`%s: the policy has no operation %q; add: {Name: %[2]q, Requirement: scopes.All("…"), HTTP: []string{"…"}},`, caller, name))
	}
	return operation.Rule()
}

// RouteRule returns the rule of [Config.Policy] for a route as it is registered.
// If the route is for all methods and the policy tells them apart, the rule is zero
// and byMethod tells that the request decides. It panics on behalf of caller if
// there is none at all. It is for adapters.
func (a *Auth) RouteRule(caller, pattern string) (rule scopes.Rule, byMethod bool) {
	if a.policy == nil {
		panic(caller + ": there is no Config.Policy")
	}
	if rule, ok := a.policy.HTTP("", pattern); ok {
		return rule, false
	}
	for _, gap := range gaps(a.policy.Check(scopes.Surface{HTTP: []string{pattern}})) {
		if gap.Kind == scopes.GapNoRule {
			panic(caller + ": " + gap.String())
		}
	}
	return scopes.Rule{}, true
}

// gaps are those of a [scopes.CoverageError].
func gaps(err error) []scopes.Gap {
	if coverage, ok := errors.AsType[*scopes.CoverageError](err); ok {
		return coverage.Gaps
	}
	return nil
}

// ShadowCounts returns how many requests were let in, by operation, that would
// have been refused but for shadow mode, since [New].
func (a *Auth) ShadowCounts() map[string]uint64 { return a.guard.ShadowCounts() }
