package scopes

import (
	"slices"
	"time"
)

// Shortfall says what a refused client would need.
type Shortfall struct {
	// Needed is every scope of the way into the operation that asks for the
	// fewest new scopes; it is what the client should ask for (RFC 6750 §3).
	Needed []string
	// Missing is the part of Needed that was not granted.
	Missing []string
	// Details tells that authorization_details are missing.
	Details bool
	// ACRValues and MaxAge are all that this way asks of the authentication of
	// the user, if that is not good enough, the preferred class first; otherwise
	// both are zero. They are acr_values and max_age of a challenge (RFC 9470 §3).
	ACRValues []string
	MaxAge    time.Duration
}

// AuthenticationOnly reports whether nothing but another authentication of the
// user is missing, which is insufficient_user_authentication (RFC 9470 §3);
// otherwise it is insufficient_scope (RFC 6750 §3.1).
func (s *Shortfall) AuthenticationOnly() bool {
	return len(s.Missing) == 0 && !s.Details && (len(s.ACRValues) > 0 || s.MaxAge > 0)
}

// Shortfall returns what is needed and what is missing, each without duplicates
// and in order of declaration. Of the alternatives of an [Any] it takes the one
// that misses fewest, and of equals the one declared first. It is zero when
// granted satisfies r, and for a requirement that nothing can satisfy. Of what is
// not about scopes it assumes that nothing was granted (see
// [Requirement.ShortfallOf]).
func (r Requirement) Shortfall(granted Set) Shortfall {
	return r.ShortfallOf(&Grant{Scopes: granted})
}

// ShortfallOf returns what g lacks to satisfy r. Of alternatives it takes the one
// that misses the fewest scopes, of these one that misses no
// authorization_details, then one that needs no other authentication, and of
// equals the one declared first. It is zero when g satisfies r, and for a
// requirement that nothing can satisfy.
func (r Requirement) ShortfallOf(g *Grant) Shortfall {
	if r.SatisfiedByGrant(g) {
		return Shortfall{}
	}
	w := r.way(g)
	if !w.weak {
		w.ACRValues, w.MaxAge = nil, 0
	}
	return w.Shortfall
}

// A way is one way to satisfy a requirement. Its Shortfall says all that is asked
// of the authentication, good enough or not.
type way struct {
	Shortfall
	weak bool // the authentication is not good enough
}

func (r Requirement) way(g *Grant) (w way) {
	switch r.op {
	case opScope:
		w.add(r.scope, g.Scopes)
	case opDetail:
		w.Details = !r.SatisfiedByGrant(g)
	case opACR:
		w.ACRValues, w.weak = slices.Clone(r.extra.acr), !r.SatisfiedByGrant(g)
	case opMaxAge:
		w.MaxAge, w.weak = r.extra.maxAge, !r.SatisfiedByGrant(g)
	case opAll:
		for _, term := range r.terms {
			w.join(term.way(g), g.Scopes)
		}
	case opAny:
		for i, term := range r.terms {
			if other := term.way(g); i == 0 || other.shorter(&w) {
				w = other
			}
		}
	}
	return w
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

// join makes w the way that is w and other.
func (w *way) join(other way, granted Set) {
	for _, scope := range other.Needed {
		w.add(scope, granted)
	}
	w.Details = w.Details || other.Details
	w.weak = w.weak || other.weak
	w.ACRValues = common(w.ACRValues, other.ACRValues)
	if w.MaxAge == 0 || other.MaxAge != 0 && other.MaxAge < w.MaxAge {
		w.MaxAge = other.MaxAge
	}
}

// common returns the values that satisfy both of two demands, of which an empty
// one asks for nothing. A token has one acr only, so demands that have nothing in
// common cannot be met; naming the first tells at least that something is.
func common(a, b []string) []string {
	if len(a) == 0 {
		return b
	}
	both := slices.DeleteFunc(slices.Clone(a), func(v string) bool { return !slices.Contains(b, v) })
	if len(both) == 0 {
		return a
	}
	return both
}

// shorter reports whether w asks for less than other.
func (w *way) shorter(other *way) bool {
	if len(w.Missing) != len(other.Missing) {
		return len(w.Missing) < len(other.Missing)
	}
	if w.Details != other.Details {
		return other.Details
	}
	return other.weak && !w.weak
}
