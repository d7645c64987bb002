package scopes

import (
	"errors"
	"iter"
	"slices"
	"strings"
)

// A Set is the scope values that a token was granted, in no particular order
// (RFC 6749 §3.3). It is immutable and safe for concurrent use. The zero value
// is the empty set.
type Set struct {
	values []string // sorted, no duplicates
}

// ErrMalformed is returned by [Parse] for a string that is not a scope.
var ErrMalformed = errors.New("scopes: not a scope: want scope-token *( SP scope-token )")

// Parse reads a scope as RFC 6749 §3.3 writes it: one or more values separated
// by exactly one space. It is for scopes that people write, in configuration for
// example; what a token was granted goes through [Granted], which does not fail.
func Parse(scope string) (Set, error) {
	values := strings.Split(scope, " ")
	for _, v := range values {
		if !isToken(v) {
			return Set{}, ErrMalformed
		}
	}
	return newSet(values), nil
}

// Granted returns the set of the values in scope, separated by U+0020 and
// nothing else. It accepts any string: a value outside the grammar of RFC 6749
// §3.3 stays in the set but never satisfies anything, because no [Requirement]
// can ask for it.
func Granted(scope string) Set {
	if scope == "" {
		return Set{}
	}
	return newSet(strings.Split(scope, " "))
}

// NewSet returns the set of values, each taken whole: a value with a space in it
// is one that no requirement asks for, not two.
func NewSet(values ...string) Set { return newSet(slices.Clone(values)) }

// newSet takes over the slice. An empty value means nothing and is left out.
func newSet(values []string) Set {
	values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
	slices.Sort(values)
	if values = slices.Compact(values); len(values) < cap(values)/2 {
		return Set{values: slices.Clip(slices.Clone(values))} // of what was left out much memory would stay
	}
	return Set{values: slices.Clip(values)}
}

// Has reports whether value is in the set.
func (s Set) Has(value string) bool {
	// Tokens carry a handful of scopes, where looking at each is fastest; the
	// search bounds the time for a token that carries thousands.
	if len(s.values) <= 8 {
		return slices.Contains(s.values, value)
	}
	_, found := slices.BinarySearch(s.values, value)
	return found
}

// Len returns the number of values in the set.
func (s Set) Len() int { return len(s.values) }

// All returns the values in byte order. It does not allocate.
func (s Set) All() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, value := range s.values {
			if !yield(value) {
				return
			}
		}
	}
}

// Values returns the values in byte order. The slice is the caller's own.
func (s Set) Values() []string { return slices.Clone(s.values) }

// Union returns the set of the values that are in s or in t.
func (s Set) Union(t Set) Set {
	switch {
	case len(s.values) == 0:
		return t
	case len(t.values) == 0:
		return s
	}
	return newSet(slices.Concat(s.values, t.values))
}

// String returns the values separated by a space, in byte order.
func (s Set) String() string { return strings.Join(s.values, " ") }

// isToken reports whether v is a scope-token (RFC 6749 §3.3): one or more of
// %x21 / %x23-5B / %x5D-7E.
func isToken(v string) bool {
	for i := range len(v) {
		if c := v[i]; c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return v != ""
}
