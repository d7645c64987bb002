package scopes

import (
	"fmt"
	"slices"
)

// A Requirement says what an operation needs of a token. It is immutable and
// safe for concurrent use.
//
// The zero value is no rule at all: nothing satisfies it, so that a rule which
// was forgotten denies. An operation that needs a valid token and no scope says
// so with [Authenticated].
type Requirement struct {
	op     operator
	beyond bool          // it has a term that is no scope
	scope  string        // for opScope
	terms  []Requirement // for opAll and opAny: two or more; otherwise none
	extra  *extra        // for opACR, opMaxAge and opDetail
}

type operator uint8

const (
	opNone operator = iota // the zero value: never satisfied
	opAuthenticated
	opScope
	opAll
	opAny
	opACR
	opMaxAge
	opDetail
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
	beyond := false
	for _, term := range terms {
		beyond = beyond || term.beyond
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
	return Requirement{op: op, beyond: beyond, terms: flat}
}

// IsZero reports whether r is the zero value, which is no rule.
func (r Requirement) IsZero() bool { return r.op == opNone }

// SatisfiedBy reports whether a token that was granted these scopes may do what
// r guards. What is not about scopes counts as not satisfied (see
// [Requirement.ScopesOnly]). It does not allocate.
func (r Requirement) SatisfiedBy(granted Set) bool { return r.satisfied(&Grant{Scopes: granted}) }

// Uses returns the scopes by which granted satisfies r: all that an [All] names,
// and for an [Any] the first alternative that is satisfied; none for
// [Authenticated]. It is for adding up which scopes of a client were ever needed.
//
// What is not about scopes is taken as satisfied, because the question comes up
// for requests that were let in; but alternatives that scopes satisfy by
// themselves come first, so that no scope is left out that may have been needed.
// It is nil when the scopes do not suffice.
func (r Requirement) Uses(granted Set) []string {
	if used, ok := r.uses(nil, granted); ok {
		return used
	}
	return nil
}

// AppendUses appends to dst what [Requirement.Uses] returns, except for scopes that
// are in dst already, and returns the extended slice. When the scopes do not suffice
// it returns dst.
func (r Requirement) AppendUses(dst []string, granted Set) []string {
	if used, ok := r.uses(dst, granted); ok {
		return used
	}
	return dst
}

func (r Requirement) uses(used []string, granted Set) (_ []string, ok bool) {
	switch r.op {
	case opNone:
		return used, false
	case opScope:
		if !granted.Has(r.scope) {
			return used, false
		}
		if !slices.Contains(used, r.scope) {
			used = append(used, r.scope)
		}
	case opAll:
		for _, term := range r.terms {
			if used, ok = term.uses(used, granted); !ok {
				return used, false
			}
		}
	case opAny:
		if i := slices.IndexFunc(r.terms, func(t Requirement) bool { return t.SatisfiedBy(granted) }); i >= 0 {
			return r.terms[i].uses(used, granted)
		}
		for _, term := range r.terms {
			if more, ok := term.uses(slices.Clip(used), granted); ok {
				return more, true
			}
		}
		return used, false
	}
	return used, true
}

// Scopes returns every scope that r mentions, without duplicates, in order of
// declaration.
func (r Requirement) Scopes() []string { return r.collect(nil) }

func (r Requirement) collect(all []string) []string {
	if r.op == opScope && !slices.Contains(all, r.scope) {
		all = append(all, r.scope)
	}
	for _, term := range r.terms {
		all = term.collect(all)
	}
	return all
}
