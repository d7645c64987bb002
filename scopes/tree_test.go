package scopes_test

import (
	"math/rand/v2"
	"slices"

	"github.com/bearerguard/bearerguard/scopes"
)

// A tree is a requirement of scopes in another, naive form, to compare with.
type tree struct {
	word  string // "AND", "OR", "authenticated" or a scope
	terms []tree
}

// randomTree makes a tree of at most this depth over the first n of a, b, c, d.
func randomTree(random *rand.Rand, depth, n int) tree {
	kind := random.IntN(8)
	if depth == 0 || kind < 3 {
		return tree{word: string(rune('a' + random.IntN(n)))}
	}
	if kind == 3 && random.IntN(3) == 0 {
		return tree{word: "authenticated"}
	}
	t := tree{word: []string{"AND", "OR"}[random.IntN(2)]}
	for range 1 + random.IntN(3) {
		t.terms = append(t.terms, randomTree(random, depth-1, n))
	}
	return t
}

func (t tree) satisfied(granted scopes.Set) bool {
	hit := func(term tree) bool { return term.satisfied(granted) }
	miss := func(term tree) bool { return !term.satisfied(granted) }
	switch t.word {
	case "AND":
		return !slices.ContainsFunc(t.terms, miss)
	case "OR":
		return slices.ContainsFunc(t.terms, hit)
	case "authenticated":
		return true
	}
	return slices.Contains(granted.Values(), t.word)
}

func (t tree) requirement() scopes.Requirement {
	var terms []scopes.Requirement
	for _, term := range t.terms {
		terms = append(terms, term.requirement())
	}
	switch t.word {
	case "AND":
		return terms[0].And(terms[1:]...)
	case "OR":
		return terms[0].Or(terms[1:]...)
	case "authenticated":
		return scopes.Authenticated()
	}
	return scopes.All(t.word)
}
