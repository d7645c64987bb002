package scopes

import (
	"slices"
	"strings"
)

// maxWays bounds the ways to satisfy a requirement that are written out.
const maxWays = 256

// equivalent reports whether r and s are satisfied by the same grants. Without a
// NOT, the shortest ways to satisfy a requirement are the same sets for every
// requirement that means the same.
func (r Requirement) equivalent(s Requirement) bool {
	a, okA := r.ways()
	b, okB := s.ways()
	if !okA || !okB {
		return okA == okB && r.sorted() == s.sorted()
	}
	return slices.EqualFunc(a, b, slices.Equal)
}

// ways returns the shortest sets of terms that satisfy r, in a fixed order. It is
// not ok if that takes more than maxWays.
func (r Requirement) ways() (_ [][]string, ok bool) {
	switch r.op {
	case opNone:
		return nil, true
	case opAuthenticated:
		return [][]string{nil}, true
	case opAll:
		product := [][]string{nil}
		for _, term := range r.terms {
			ways, ok := term.ways()
			if !ok || len(product)*len(ways) > 4*maxWays {
				return nil, false
			}
			var next [][]string
			for _, a := range product {
				for _, b := range ways {
					next = append(next, union(a, b))
				}
			}
			if product = shortest(next); len(product) > maxWays {
				return nil, false
			}
		}
		return product, true
	case opAny:
		var sum [][]string
		for _, term := range r.terms {
			ways, ok := term.ways()
			if !ok {
				return nil, false
			}
			if sum = append(sum, ways...); len(sum) > maxWays {
				return nil, false
			}
		}
		return shortest(sum), true
	}
	return [][]string{{r.leaf()}}, true
}

// leaf tells terms apart that are neither All nor Any. Values of an [ACR] in
// another order are another preference, but ask for the same.
func (r Requirement) leaf() string {
	switch r.op {
	case opACR:
		acr := slices.Clone(r.extra.acr)
		slices.Sort(acr)
		return ACR(slices.Compact(acr)...).String()
	case opDetail:
		d := r.extra.detail
		d.Locations, d.Actions = union(d.Locations, nil), union(d.Actions, nil)
		d.DataTypes, d.Privileges = union(d.DataTypes, nil), union(d.Privileges, nil)
		return d.String()
	}
	return r.String()
}

// union returns the values of two sets, sorted.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// shortest sorts the ways and drops those that ask for more than another does.
func shortest(ways [][]string) [][]string {
	slices.SortFunc(ways, func(a, b []string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return slices.Compare(a, b)
	})
	var kept [][]string
	for _, way := range ways {
		if !slices.ContainsFunc(kept, func(k []string) bool { return contains(way, k) }) {
			kept = append(kept, way)
		}
	}
	return kept
}

// contains reports whether all of the sorted part are in the sorted whole.
func contains(whole, part []string) bool {
	for _, v := range part {
		if _, found := slices.BinarySearch(whole, v); !found {
			return false
		}
	}
	return true
}

// sorted is what r says with its terms in a fixed order, for comparing what has
// too many ways.
func (r Requirement) sorted() string {
	if len(r.terms) == 0 {
		return r.leaf()
	}
	parts := make([]string, len(r.terms))
	for i, term := range r.terms {
		parts[i] = "(" + term.sorted() + ")"
	}
	slices.Sort(parts)
	word := " AND "
	if r.op == opAny {
		word = " OR "
	}
	return strings.Join(slices.Compact(parts), word)
}
