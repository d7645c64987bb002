package scopes

import (
	"cmp"
	"slices"
)

// A Difference is a route or a method of which two policies do not say the same.
type Difference struct {
	// Binding is the route, such as "GET /orders/{id}", or the method, such as
	// "/pkg.Service/Method", as the first policy that has it writes it.
	Binding string
	// A and B are what the policies say; the zero Rule if one has no rule.
	A, B Rule
}

// String returns the difference on one line.
func (d Difference) String() string {
	return d.Binding + ": " + d.A.String() + " in one, " + d.B.String() + " in the other"
}

// Diff returns what a and b do not agree on, by route and method, first the
// routes, each in byte order: a rule that one has and the other has not, or that
// is public, optional, in shadow or of another requirement in one only.
//
// Requirements are the same if they mean the same: order, duplicates and how All
// and Any are nested do not matter, as long as there are at most 256 ways to
// satisfy one; beyond, how they are nested does. The names of operations and of
// wildcards, and regular expressions in routes where they tell nothing apart, do
// not matter either. Neither policy is nil.
func Diff(a, b *Policy) []Difference { return append(DiffHTTP(a, b), DiffGRPC(a, b)...) }

// DiffHTTP is [Diff] for routes only, for what knows nothing of gRPC, such as an
// OpenAPI document.
func DiffHTTP(a, b *Policy) []Difference { return diff(a.perRoute(), b.perRoute()) }

// DiffGRPC is [Diff] for gRPC methods only, for what knows nothing of HTTP, such
// as options in a proto file.
func DiffGRPC(a, b *Policy) []Difference { return diff(a.perMethod(), b.perMethod()) }

// perRoute groups the entries of HTTP: by method and route without regular
// expressions first, and by what exactly they say within.
func (p *Policy) perRoute() map[string]map[string]*binding {
	groups := make(map[string]map[string]*binding)
	for _, b := range p.bindings {
		if b.route != "" {
			enter(groups, b.verb+" "+b.loose, b.route, b)
		}
	}
	return groups
}

func (p *Policy) perMethod() map[string]map[string]*binding {
	groups := make(map[string]map[string]*binding)
	for _, b := range p.bindings {
		if b.route == "" {
			enter(groups, b.text, "", b)
		}
	}
	return groups
}

func enter(groups map[string]map[string]*binding, group, key string, b *binding) {
	if groups[group] == nil {
		groups[group] = make(map[string]*binding)
	}
	groups[group][key] = b
}

func diff(a, b map[string]map[string]*binding) []Difference {
	var all []Difference
	for group, inA := range a {
		all = append(all, diffGroup(inA, b[group])...)
	}
	for group, inB := range b {
		if a[group] == nil {
			all = append(all, diffGroup(nil, inB)...)
		}
	}
	slices.SortFunc(all, func(d, e Difference) int { return cmp.Compare(d.Binding, e.Binding) })
	return all
}

// diffGroup compares entries that differ in regular expressions at most. Where
// each side has one, these tell nothing apart.
func diffGroup(a, b map[string]*binding) []Difference {
	var all []Difference
	if len(a) == 1 && len(b) == 1 {
		for _, inA := range a {
			for _, inB := range b {
				return appendDifference(nil, inA, inB)
			}
		}
	}
	for key, inA := range a {
		all = appendDifference(all, inA, b[key])
	}
	for key, inB := range b {
		if a[key] == nil {
			all = appendDifference(all, nil, inB)
		}
	}
	return all
}

func appendDifference(all []Difference, a, b *binding) []Difference {
	var d Difference
	if b != nil {
		d.Binding, d.B = b.text, b.rule
	}
	if a != nil {
		d.Binding, d.A = a.text, a.rule
	}
	if a != nil && b != nil && d.A.same(d.B) {
		return all
	}
	return append(all, d)
}

// same reports whether two rules ask for the same.
func (r Rule) same(s Rule) bool {
	return r.Public == s.Public && r.Optional == s.Optional && r.Shadow == s.Shadow && r.Requirement.equivalent(s.Requirement)
}
