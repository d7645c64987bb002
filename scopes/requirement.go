package scopes

import (
	"fmt"
	"slices"
	"strings"
)

// A Requirement says what an operation needs of a token. It is immutable and
// safe for concurrent use.
//
// The zero value is no rule at all: nothing satisfies it, so that a rule which
// was forgotten denies. An operation that needs a valid token and no scope says
// so with [Authenticated].
type Requirement struct {
	op    operator
	scope string        // for opScope
	terms []Requirement // for opAll and opAny: two or more; for opScope: none
}

type operator uint8

const (
	opNone operator = iota // the zero value: never satisfied
	opAuthenticated
	opScope
	opAll
	opAny
)

// Authenticated is satisfied by every valid token, whatever its scopes.
func Authenticated() Requirement { return Requirement{op: opAuthenticated} }

// All is satisfied by a token that was granted every one of the scopes. It
// panics if there are none or if one is not a scope-token (RFC 6749 §3.3),
// because requirements are written where routes are wired. For scopes that are
// known only at run time, see [Parse] and [Set.Values].
func All(scopes ...string) Requirement { return combine(opAll, "All", leaves("All", scopes)) }

// Any is satisfied by a token that was granted at least one of the scopes. It
// panics as [All] does.
func Any(scopes ...string) Requirement { return combine(opAny, "Any", leaves("Any", scopes)) }

// And is satisfied when r and all the others are. It panics if one of them is
// the zero Requirement.
func (r Requirement) And(others ...Requirement) Requirement {
	return combine(opAll, "And", append([]Requirement{r}, others...))
}

// Or is satisfied when r or one of the others is. It panics if one of them is
// the zero Requirement.
func (r Requirement) Or(others ...Requirement) Requirement {
	return combine(opAny, "Or", append([]Requirement{r}, others...))
}

func leaves(caller string, scopes []string) []Requirement {
	terms := make([]Requirement, len(scopes))
	for i, scope := range scopes {
		if !isToken(scope) {
			panic(fmt.Sprintf("scopes.%s: %q is not a scope-token (RFC 6749 §3.3)", caller, scope))
		}
		terms[i] = Requirement{op: opScope, scope: scope}
	}
	return terms
}

// combine joins terms, folding in those that the same operator already joins,
// so that what reads flat is flat.
func combine(op operator, caller string, terms []Requirement) Requirement {
	if len(terms) == 0 {
		panic(fmt.Sprintf("scopes.%s: no scopes", caller))
	}
	var flat []Requirement
	for _, term := range terms {
		switch term.op {
		case opNone:
			panic(fmt.Sprintf("scopes.%s: the zero Requirement is no rule", caller))
		case op:
			flat = append(flat, term.terms...)
		default:
			flat = append(flat, term)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return Requirement{op: op, terms: flat}
}

// IsZero reports whether r is the zero value, which is no rule.
func (r Requirement) IsZero() bool { return r.op == opNone }

// SatisfiedBy reports whether a token that was granted these scopes may do what
// r guards. It does not allocate.
func (r Requirement) SatisfiedBy(granted Set) bool {
	switch r.op {
	case opAuthenticated:
		return true
	case opScope:
		return granted.Has(r.scope)
	case opAll:
		for i := range r.terms {
			if !r.terms[i].SatisfiedBy(granted) {
				return false
			}
		}
		return true
	case opAny:
		for i := range r.terms {
			if r.terms[i].SatisfiedBy(granted) {
				return true
			}
		}
	}
	return false
}

// Shortfall says what a refused client would need.
type Shortfall struct {
	// Needed is every scope of the way into the operation that asks for the
	// fewest new scopes; it is what the client should ask for (RFC 6750 §3).
	Needed []string
	// Missing is the part of Needed that was not granted.
	Missing []string
}

// Shortfall returns what is needed and what is missing, each without duplicates
// and in order of declaration. Of the alternatives of an [Any] it takes the one
// that misses fewest, and of equals the one declared first. It is zero when
// granted satisfies r, and for a requirement that no scope can satisfy.
func (r Requirement) Shortfall(granted Set) Shortfall {
	if r.SatisfiedBy(granted) {
		return Shortfall{}
	}
	return r.shortfall(granted)
}

func (r Requirement) shortfall(granted Set) (s Shortfall) {
	switch r.op {
	case opScope:
		s.add(r.scope, granted)
	case opAll:
		for _, term := range r.terms {
			for _, scope := range term.shortfall(granted).Needed {
				s.add(scope, granted)
			}
		}
	case opAny:
		for i, term := range r.terms {
			if t := term.shortfall(granted); i == 0 || len(t.Missing) < len(s.Missing) {
				s = t
			}
		}
	}
	return s
}

func (s *Shortfall) add(scope string, granted Set) {
	if slices.Contains(s.Needed, scope) {
		return
	}
	s.Needed = append(s.Needed, scope)
	if !granted.Has(scope) {
		s.Missing = append(s.Missing, scope)
	}
}

// Scopes returns every scope that r mentions, without duplicates, in order of
// declaration.
func (r Requirement) Scopes() []string {
	var all Shortfall
	r.collect(&all)
	return all.Needed
}

func (r Requirement) collect(s *Shortfall) {
	if r.op == opScope {
		s.add(r.scope, Set{})
	}
	for _, term := range r.terms {
		term.collect(s)
	}
}

// String returns the requirement as a person would write it down:
// "orders:read AND (billing:read OR admin)".
func (r Requirement) String() string {
	switch r.op {
	case opAuthenticated:
		return "any valid token"
	case opScope:
		return r.scope
	case opAll:
		return r.join(" AND ")
	case opAny:
		return r.join(" OR ")
	}
	return "no rule"
}

func (r Requirement) join(word string) string {
	parts := make([]string, len(r.terms))
	for i, term := range r.terms {
		if parts[i] = term.String(); len(term.terms) > 0 {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, word)
}
