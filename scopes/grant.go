package scopes

import (
	"fmt"
	"slices"
	"time"
)

// A Grant is everything of a token that a [Requirement] can ask for. The zero
// value is the grant of a token that says nothing.
type Grant struct {
	// Scopes are those that were granted.
	Scopes Set
	// ACR is the authentication context class reference, the acr claim (RFC 9470
	// §6.1). Empty: the token says none.
	ACR string
	// AuthTime is when the user was authenticated, the auth_time claim (RFC 9470
	// §6.1). Zero: the token does not say.
	AuthTime time.Time
	// Now is the time of the decision, for [MaxAge]. Zero: no age is known.
	Now time.Time
	// Details are the token's authorization_details (RFC 9396 §9.1).
	Details []Detail
}

// A Detail is an element of authorization_details, with the members that RFC 9396
// §2.2 names for use by every type.
type Detail struct {
	Type       string
	Locations  []string
	Actions    []string
	DataTypes  []string
	Identifier string
	Privileges []string
}

// extra is what a term asks for that is no scope: one of the three.
type extra struct {
	acr    []string
	maxAge time.Duration
	detail Detail
}

// futureSkew is how far the clock of an authorization server may be ahead: the
// ceiling of the leeway that tokens get. Later authentications are mistakes.
const futureSkew = 10 * time.Minute

// ACR is satisfied by a token of which the user was authenticated by one of these
// authentication context class references, the preferred first (RFC 9470 §3,
// acr_values). They are compared exactly. It panics if there are none, or if one
// is not made of %x21 / %x23-5B / %x5D-7E, because they go into a challenge as they
// are, separated by spaces.
func ACR(values ...string) Requirement {
	if len(values) == 0 {
		panic("scopes.ACR: no values")
	}
	for _, v := range values {
		// The characters are those of a scope-token.
		if !isToken(v) {
			panic(fmt.Sprintf("scopes.ACR: %q cannot be in acr_values", v))
		}
	}
	return Requirement{op: opACR, beyond: true, extra: &extra{acr: slices.Clone(values)}}
}

// MaxAge is satisfied by a token of which the user was authenticated no longer
// than d ago (RFC 9470 §3, max_age). A token that does not say when is not enough.
// It panics unless d is a positive number of whole seconds, in which a challenge
// counts: an age of 0 could be satisfied by nobody.
func MaxAge(d time.Duration) Requirement {
	if d <= 0 || d%time.Second != 0 {
		panic(fmt.Sprintf("scopes.MaxAge: %v is not a positive number of whole seconds", d))
	}
	return Requirement{op: opMaxAge, beyond: true, extra: &extra{maxAge: d}}
}

// WithDetail is satisfied by a token of which one element of
// authorization_details has the type of d, its identifier if d has one, and all of
// the locations, actions, data types and privileges of d (RFC 9396 §2.2); an
// element that leaves a member out grants nothing by it. All are compared
// exactly. It panics if d has no type or an empty string in a list.
func WithDetail(d Detail) Requirement {
	if d.Type == "" {
		panic("scopes.WithDetail: no type")
	}
	d.Locations, d.Actions = slices.Clone(d.Locations), slices.Clone(d.Actions)
	d.DataTypes, d.Privileges = slices.Clone(d.DataTypes), slices.Clone(d.Privileges)
	for _, list := range d.lists() {
		if slices.Contains(list, "") {
			panic("scopes.WithDetail: an empty string in a list")
		}
	}
	return Requirement{op: opDetail, beyond: true, extra: &extra{detail: d}}
}

func (d *Detail) lists() [4][]string {
	return [4][]string{d.Locations, d.Actions, d.DataTypes, d.Privileges}
}

// covers reports whether d, which was granted, has all that wanted asks for.
func (d *Detail) covers(wanted *Detail) bool {
	if d.Type != wanted.Type || wanted.Identifier != "" && d.Identifier != wanted.Identifier {
		return false
	}
	granted := d.lists()
	for i, list := range wanted.lists() {
		for _, value := range list {
			if !slices.Contains(granted[i], value) {
				return false
			}
		}
	}
	return true
}

// ScopesOnly reports whether r asks for nothing but scopes, so that
// [Requirement.SatisfiedBy] is the whole decision. It costs nothing.
func (r Requirement) ScopesOnly() bool { return !r.beyond }

// SatisfiedByGrant reports whether a token of this grant may do what r guards.
// For requirements of scopes only it is [Requirement.SatisfiedBy]. It does not
// allocate, nor change g.
func (r Requirement) SatisfiedByGrant(g *Grant) bool { return r.satisfied(g) }

// satisfied works on a pointer, so that no term is copied.
func (r *Requirement) satisfied(g *Grant) bool {
	switch r.op {
	case opAuthenticated:
		return true
	case opScope:
		return g.Scopes.Has(r.scope)
	case opACR:
		return slices.Contains(r.extra.acr, g.ACR)
	case opMaxAge:
		return g.youngerThan(r.extra.maxAge)
	case opDetail:
		for i := range g.Details {
			if g.Details[i].covers(&r.extra.detail) {
				return true
			}
		}
	case opAll:
		for i := range r.terms {
			if !r.terms[i].satisfied(g) {
				return false
			}
		}
		return true
	case opAny:
		for i := range r.terms {
			if r.terms[i].satisfied(g) {
				return true
			}
		}
	}
	return false
}

func (g *Grant) youngerThan(d time.Duration) bool {
	if g.AuthTime.IsZero() || g.Now.IsZero() {
		return false
	}
	age := g.Now.Sub(g.AuthTime)
	return age <= d && age >= -futureSkew
}
