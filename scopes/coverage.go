package scopes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Surface is what is registered with the routers of a program. If one half is
// nil, the program does not serve that, and it is not looked at; one that is empty
// but not nil says that nothing is registered. The zero value says that of both.
type Surface struct {
	_ [0]func() // no unkeyed literals, no ==

	// HTTP are the routes as the router says them, with the method in front
	// where there is one: "GET /orders/{id}", "/metrics".
	HTTP []string
	// GRPC are the methods, "/pkg.Service/Method".
	GRPC []string
}

// GapKind says in which way a policy and a program do not fit.
type GapKind int

const (
	// GapNoRule is a route or method that is registered and has no rule: it is
	// refused.
	GapNoRule GapKind = iota + 1
	// GapNoRoute is an entry of the policy for which nothing is registered.
	GapNoRoute
	// GapTransport is a GapNoRoute of an operation that the policy binds to HTTP
	// and to gRPC, and that is served over the other one: the two have drifted
	// apart.
	GapTransport
)

// A Gap is one thing that is missing.
type Gap struct {
	Kind GapKind
	// Binding is the route or method, as it was registered or, for what is not,
	// as it stands in the policy.
	Binding string
	// Operation is the name of the operation that is not served; empty for
	// GapNoRule.
	Operation string
	// Fix is what to do: for GapNoRule the line of Go to add to the operations,
	// with "…" for what nobody but its author can know.
	Fix string
}

// String returns the gap on one line, with its fix.
func (g Gap) String() string {
	switch g.Kind {
	case GapNoRule:
		return fmt.Sprintf("%s has no rule; add: %s", g.Binding, g.Fix)
	case GapTransport:
		return fmt.Sprintf("%s of operation %q is not registered, though the operation is served over the other transport; %s", g.Binding, g.Operation, g.Fix)
	}
	return fmt.Sprintf("%s of operation %q is not registered; %s", g.Binding, g.Operation, g.Fix)
}

// A CoverageError is what [Policy.Check] finds: the gaps, by kind and then by
// binding.
type CoverageError struct{ Gaps []Gap }

// Error returns the gaps, each on its own line.
func (e *CoverageError) Error() string {
	lines := []string{"scopes: the policy does not fit what is registered:"}
	for _, g := range e.Gaps {
		lines = append(lines, g.String())
	}
	return strings.Join(lines, "\n")
}

// Check holds the policy against what is registered, at start or in a test: every
// route and method has a rule, every entry of the policy has a route or a method,
// and what is bound to HTTP and to gRPC is served over both. The error is a
// [*CoverageError].
//
// A route for all methods is covered if the policy has an entry for one of them
// at least: requests by others are refused. An entry for a gRPC service needs one
// method that has no entry of its own.
func (p *Policy) Check(s Surface) error {
	served := make(map[*binding]bool)
	var gaps []Gap
	for _, registered := range s.HTTP {
		if !p.serveHTTP(served, registered) {
			text := registered
			if !strings.ContainsAny(text, " \t") {
				text = "* " + text
			}
			gaps = append(gaps, noRule(registered, fmt.Sprintf("HTTP: []string{%q}", text)))
		}
	}
	for _, registered := range s.GRPC {
		if b := p.findGRPC(registered); b != nil {
			served[b] = true
		} else {
			gaps = append(gaps, noRule(registered, fmt.Sprintf("GRPC: []string{%q}", registered)))
		}
	}
	gaps = append(gaps, p.unserved(s, served)...)
	if len(gaps) == 0 {
		return nil
	}
	slices.SortFunc(gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Binding, b.Binding), cmp.Compare(a.Operation, b.Operation))
	})
	return &CoverageError{slices.CompactFunc(gaps, func(a, b Gap) bool { return a == b })}
}

// serveHTTP marks the entries that the route makes use of, if there are any.
func (p *Policy) serveHTTP(served map[*binding]bool, registered string) bool {
	if strings.ContainsAny(registered, " \t") {
		b := p.findHTTP("", registered)
		if b != nil {
			served[b] = true
		}
		return b != nil
	}
	found := false
	for _, expressions := range [...]bool{true, false} {
		r := p.spelledOtherwise(nil, registered, expressions)
		if r == nil {
			continue
		}
		for _, b := range append(slices.Clone(r.verbs), r.all) {
			if b != nil {
				served[b], found = true, true
			}
		}
	}
	return found
}

// noRule is the gap of something registered that has no rule. The line does not
// get past [All] before somebody has thought about the scope.
func noRule(registered, entry string) Gap {
	return Gap{Kind: GapNoRule, Binding: registered, Fix: fmt.Sprintf(`{Name: "…", Requirement: scopes.All("…"), %s},`, entry)}
}

// unserved returns the gaps of the entries that are not served.
func (p *Policy) unserved(s Surface, served map[*binding]bool) []Gap {
	type half struct {
		operation string
		http      bool
	}
	halves := make(map[half]bool)
	for b := range served {
		halves[half{b.rule.Operation, b.route != ""}] = true
	}
	var gaps []Gap
	for _, b := range p.bindings {
		isHTTP := b.route != ""
		ignored := isHTTP && s.HTTP == nil && s.GRPC != nil || !isHTTP && s.GRPC == nil && s.HTTP != nil
		if served[b] || ignored {
			continue
		}
		g := Gap{Kind: GapNoRoute, Binding: b.text, Operation: b.rule.Operation, Fix: "register it, or remove it from the policy"}
		if halves[half{g.Operation, !isHTTP}] && !halves[half{g.Operation, isHTTP}] {
			g.Kind = GapTransport
		}
		gaps = append(gaps, g)
	}
	return gaps
}
