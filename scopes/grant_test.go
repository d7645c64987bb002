package scopes_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestACRAndMaxAge(t *testing.T) {
	acr, minute := scopes.ACR("gold", "silver"), scopes.MaxAge(time.Minute)
	ago := func(d time.Duration) scopes.Grant { return scopes.Grant{AuthTime: now.Add(-d), Now: now} }
	tests := []struct {
		name string
		r    scopes.Requirement
		g    scopes.Grant
		want bool
	}{
		{"preferred class", acr, scopes.Grant{ACR: "gold"}, true},
		{"other class", acr, scopes.Grant{ACR: "silver"}, true},
		{"wrong class", acr, scopes.Grant{ACR: "bronze"}, false},
		{"wrong case", acr, scopes.Grant{ACR: "Gold"}, false},
		{"two classes in one", acr, scopes.Grant{ACR: "gold silver"}, false},
		{"no class", acr, scopes.Grant{}, false},
		{"a scope of that name", acr, scopes.Grant{Scopes: scopes.NewSet("gold")}, false},
		{"just now", minute, ago(0), true},
		{"in time", minute, ago(time.Minute), true},
		{"too old", minute, ago(time.Minute + 1), false},
		{"a clock ahead", minute, ago(-10 * time.Minute), true},
		{"a clock far ahead", minute, ago(-10*time.Minute - 1), false},
		{"in another age", minute, scopes.Grant{AuthTime: time.Unix(1<<40, 0), Now: now}, false},
		{"no auth_time", minute, scopes.Grant{Now: now}, false},
		{"no clock", minute, scopes.Grant{AuthTime: now}, false},
		{"nothing", minute, scopes.Grant{}, false},
		{"zero requirement", scopes.Requirement{}, scopes.Grant{ACR: "gold"}, false},
		{"authenticated", scopes.Authenticated(), scopes.Grant{}, true},
		{"scopes", scopes.All("a", "b"), scopes.Grant{Scopes: scopes.NewSet("a", "b")}, true},
		{"a scope missing", scopes.All("a", "b"), scopes.Grant{Scopes: scopes.NewSet("a")}, false},
		{"both", scopes.All("a").And(acr), scopes.Grant{Scopes: scopes.NewSet("a"), ACR: "gold"}, true},
		{"one of both", scopes.All("a").And(acr), scopes.Grant{Scopes: scopes.NewSet("a")}, false},
		{"the other of both", scopes.All("a").And(acr), scopes.Grant{ACR: "gold"}, false},
		{"alternative", scopes.All("a").Or(acr), scopes.Grant{ACR: "gold"}, true},
		{"no alternative", scopes.All("a").Or(acr), scopes.Grant{ACR: "x"}, false},
	}
	for _, tt := range tests {
		if got := tt.r.SatisfiedByGrant(&tt.g); got != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
}

func TestWithDetail(t *testing.T) {
	wanted := scopes.Detail{Type: "payment", Locations: []string{"https://a"}, Actions: []string{"read", "write"}, DataTypes: []string{"x"}, Identifier: "7", Privileges: []string{"p"}}
	granted := func(change func(*scopes.Detail)) []scopes.Detail {
		d := scopes.Detail{Type: "payment", Locations: []string{"https://b", "https://a"}, Actions: []string{"write", "list", "read"},
			DataTypes: []string{"x", "y"}, Identifier: "7", Privileges: []string{"q", "p"}}
		if change != nil {
			change(&d)
		}
		return []scopes.Detail{{Type: "other"}, d}
	}
	tests := []struct {
		name    string
		wanted  scopes.Detail
		granted []scopes.Detail
		want    bool
	}{
		{"more than wanted", wanted, granted(nil), true},
		{"nothing granted", wanted, nil, false},
		{"other type", wanted, granted(func(d *scopes.Detail) { d.Type = "Payment" }), false},
		{"other location", wanted, granted(func(d *scopes.Detail) { d.Locations = []string{"https://b"} }), false},
		{"no location", wanted, granted(func(d *scopes.Detail) { d.Locations = nil }), false},
		{"one action", wanted, granted(func(d *scopes.Detail) { d.Actions = []string{"read"} }), false},
		{"other data type", wanted, granted(func(d *scopes.Detail) { d.DataTypes = []string{"y"} }), false},
		{"other identifier", wanted, granted(func(d *scopes.Detail) { d.Identifier = "8" }), false},
		{"no identifier", wanted, granted(func(d *scopes.Detail) { d.Identifier = "" }), false},
		{"other privilege", wanted, granted(func(d *scopes.Detail) { d.Privileges = []string{"P"} }), false},
		{"members mixed up", scopes.Detail{Type: "t", Actions: []string{"a"}}, []scopes.Detail{{Type: "t", Privileges: []string{"a"}}}, false},
		{"spread over two", scopes.Detail{Type: "t", Actions: []string{"a", "b"}}, []scopes.Detail{{Type: "t", Actions: []string{"a"}}, {Type: "t", Actions: []string{"b"}}}, false},
		{"type only", scopes.Detail{Type: "t"}, []scopes.Detail{{Type: "t", Identifier: "7"}}, true},
	}
	for _, tt := range tests {
		g := scopes.Grant{Details: tt.granted}
		r := scopes.WithDetail(tt.wanted)
		if got := r.SatisfiedByGrant(&g); got != tt.want {
			t.Errorf("%s: got %v", tt.name, got)
		}
		if s := r.ShortfallOf(&g); s.Details == tt.want || s.AuthenticationOnly() {
			t.Errorf("%s: shortfall %+v", tt.name, s)
		}
	}
	want := `authorization_details(type="payment" locations=["https://a"] actions=["read" "write"] datatypes=["x"] privileges=["p"] identifier="7")`
	r := scopes.WithDetail(wanted)
	wanted.Locations[0], wanted.Actions[0], wanted.DataTypes[0], wanted.Privileges[0] = "changed", "changed", "changed", "changed"
	if got := r.String(); got != want {
		t.Errorf("String = %s", got)
	}
}

func TestGrantPanics(t *testing.T) {
	values := []string{"a", "b"}
	r := scopes.ACR(values...)
	values[0] = "x"
	if r.String() != "acr(a b)" {
		t.Errorf("the requirement became %v", r)
	}
	for name, f := range map[string]func(){
		"ACR of nothing":      func() { scopes.ACR() },
		"empty class":         func() { scopes.ACR("a", "") },
		"class with space":    func() { scopes.ACR("a b") },
		"class with quote":    func() { scopes.ACR(`a"`) },
		"class with \\":       func() { scopes.ACR(`a\`) },
		"class not ASCII":     func() { scopes.ACR("ä") },
		"age of zero":         func() { scopes.MaxAge(0) },
		"negative age":        func() { scopes.MaxAge(-time.Second) },
		"half a second":       func() { scopes.MaxAge(1500 * time.Millisecond) },
		"detail without type": func() { scopes.WithDetail(scopes.Detail{Actions: []string{"a"}}) },
		"empty action":        func() { scopes.WithDetail(scopes.Detail{Type: "t", Actions: []string{""}}) },
		"empty privilege":     func() { scopes.WithDetail(scopes.Detail{Type: "t", Privileges: []string{"a", ""}}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestScopesOnly(t *testing.T) {
	beyond := []scopes.Requirement{scopes.ACR("x"), scopes.MaxAge(time.Second), scopes.WithDetail(scopes.Detail{Type: "t"})}
	for _, r := range beyond {
		for name, r := range map[string]scopes.Requirement{"alone": r, "and": scopes.All("a", "b").And(r), "or": r.Or(scopes.All("a")), "deep": scopes.Any("a", "b").And(scopes.All("c").Or(r)), "one": r.And()} {
			if r.ScopesOnly() {
				t.Errorf("%s: %v is said to be of scopes only", name, r)
			}
			if got := r.SatisfiedBy(scopes.NewSet("b", "x")); got {
				t.Errorf("%s: SatisfiedBy is %v", name, got)
			}
		}
	}
	for _, r := range []scopes.Requirement{{}, scopes.Authenticated(), scopes.All("a"), scopes.All("a", "b").Or(scopes.Any("c", "d"))} {
		if !r.ScopesOnly() {
			t.Errorf("%v is said to be more than scopes", r)
		}
	}
	if !scopes.All("a").Or(scopes.ACR("x")).SatisfiedBy(scopes.NewSet("a")) {
		t.Error("scopes are not enough where they are an alternative")
	}
}

func TestShortfallOf(t *testing.T) {
	a, b := scopes.All("a"), scopes.All("b")
	gold, either, bronze := scopes.ACR("gold"), scopes.ACR("silver", "gold"), scopes.ACR("bronze")
	minute, hour := scopes.MaxAge(time.Minute), scopes.MaxAge(time.Hour)
	detail := scopes.WithDetail(scopes.Detail{Type: "t"})
	fresh := scopes.Grant{Scopes: scopes.NewSet("a"), ACR: "gold", AuthTime: now, Now: now, Details: []scopes.Detail{{Type: "t"}}}
	weak := scopes.Grant{Scopes: scopes.NewSet("a"), ACR: "iron", AuthTime: now.Add(-24 * time.Hour), Now: now}
	old := fresh
	old.AuthTime = now.Add(-24 * time.Hour)
	tests := []struct {
		name            string
		r               scopes.Requirement
		g               scopes.Grant
		needed, missing string
		acr             string
		age             time.Duration
		details, only   bool
	}{
		{"satisfied", a.And(gold, minute, detail), fresh, "", "", "", 0, false, false},
		{"class missing", a.And(gold), weak, "a", "", "gold", 0, false, true},
		{"class in order", either, weak, "", "", "silver gold", 0, false, true},
		{"too old", a.And(minute), weak, "a", "", "", time.Minute, false, true},
		{"class and age", gold.And(hour, minute, hour), weak, "", "", "gold", time.Minute, false, true},
		{"the class is good but has to stay so", gold.And(minute), old, "", "", "gold", time.Minute, false, true},
		{"authentication is good, a scope is missing", b.And(gold, minute), fresh, "b", "b", "", 0, false, false},
		{"authentication and a scope", b.And(gold), weak, "b", "b", "gold", 0, false, false},
		{"detail", a.And(detail), weak, "a", "", "", 0, true, false},
		{"detail and class", detail.And(gold), weak, "", "", "gold", 0, true, false},
		{"classes in common", either.And(gold), weak, "", "", "gold", 0, false, true},
		{"no class in common", gold.And(bronze), weak, "", "", "gold", 0, false, true},
		{"rather authenticate than a scope", b.Or(gold), weak, "", "", "gold", 0, false, true},
		{"rather authenticate than a scope, declared first", gold.Or(b), weak, "", "", "gold", 0, false, true},
		{"rather a detail than a scope", b.Or(detail), weak, "", "", "", 0, true, false},
		{"rather authenticate than a detail", detail.Or(gold), weak, "", "", "gold", 0, false, true},
		{"of equal scopes, without authentication", b.And(gold).Or(scopes.All("c")), weak, "c", "c", "", 0, false, false},
		{"of equals the first", gold.Or(minute), weak, "", "", "gold", 0, false, true},
		{"zero", scopes.Requirement{}, weak, "", "", "", 0, false, false},
	}
	for _, tt := range tests {
		s := tt.r.ShortfallOf(&tt.g)
		if strings.Join(s.Needed, " ") != tt.needed || strings.Join(s.Missing, " ") != tt.missing || strings.Join(s.ACRValues, " ") != tt.acr ||
			s.MaxAge != tt.age || s.Details != tt.details || s.AuthenticationOnly() != tt.only {
			t.Errorf("%s: got %+v, authentication only: %v", tt.name, s, s.AuthenticationOnly())
		}
	}
	s := gold.And(a).ShortfallOf(&weak)
	s.ACRValues[0] = "changed"
	if gold.String() != "acr(gold)" {
		t.Errorf("the requirement became %v", gold)
	}
	if s := gold.And(a).Shortfall(scopes.NewSet("a")); !slices.Equal(s.ACRValues, []string{"gold"}) || len(s.Missing) != 0 {
		t.Errorf("by scopes only: %+v", s)
	}
}

// What a shortfall tells is enough, and asks for no scope that is not needed.
func TestShortfallIsEnough(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	steps := 0
	for range 3000 {
		r := randomRequirement(random, 3)
		g := scopes.Grant{Scopes: bitSet(random.IntN(16)), ACR: []string{"", "gold", "silver"}[random.IntN(3)], Now: now}
		if random.IntN(2) == 0 {
			g.AuthTime = now.Add(-time.Duration(random.IntN(100)) * time.Minute)
		}
		s := r.ShortfallOf(&g)
		better := scopes.Grant{Scopes: g.Scopes.Union(scopes.NewSet(s.Missing...)), ACR: g.ACR, AuthTime: g.AuthTime, Now: now}
		if len(s.ACRValues) > 0 {
			better.ACR = s.ACRValues[0]
		}
		if s.MaxAge > 0 {
			better.AuthTime = now.Add(-s.MaxAge)
		}
		if s.Details {
			better.Details = []scopes.Detail{{Type: "t"}}
		}
		if !r.SatisfiedByGrant(&better) {
			t.Fatalf("%v: with %+v it lacks %+v, and still does with that", r, g, s)
		}
		if r.ScopesOnly() && r.SatisfiedBy(g.Scopes) != r.SatisfiedByGrant(&g) {
			t.Fatalf("%v: SatisfiedBy and SatisfiedByGrant disagree", r)
		}
		best := scopes.Grant{Scopes: g.Scopes, ACR: "gold", AuthTime: now, Now: now, Details: []scopes.Detail{{Type: "t"}}}
		if r.SatisfiedByGrant(&best) && len(s.Missing) > 0 {
			t.Fatalf("%v: %+v asks for a scope that it can do without", r, s)
		}
		if s.AuthenticationOnly() {
			steps++
		}
	}
	if steps < 100 {
		t.Errorf("only %d were for step-up", steps)
	}
}

// randomRequirement makes a requirement of every kind of term. Every class list
// has "gold" in it, so that none excludes another.
func randomRequirement(random *rand.Rand, depth int) scopes.Requirement {
	if depth == 0 || random.IntN(4) == 0 {
		switch random.IntN(8) {
		case 0:
			return scopes.ACR("gold")
		case 1:
			return scopes.ACR("silver", "gold")
		case 2:
			return scopes.MaxAge(time.Duration(1+random.IntN(60)) * time.Minute)
		case 3:
			return scopes.WithDetail(scopes.Detail{Type: "t"})
		case 4:
			return scopes.Authenticated()
		}
		return scopes.All(string(rune('a' + random.IntN(4))))
	}
	first, others := randomRequirement(random, depth-1), []scopes.Requirement{}
	for range random.IntN(3) {
		others = append(others, randomRequirement(random, depth-1))
	}
	if random.IntN(2) == 0 {
		return first.And(others...)
	}
	return first.Or(others...)
}

func TestGrantDoesNotAllocate(t *testing.T) {
	r := scopes.All("a").And(scopes.ACR("x", "gold"), scopes.MaxAge(time.Minute), scopes.WithDetail(scopes.Detail{Type: "t", Actions: []string{"read"}}), scopes.Any("b", "c"))
	g := scopes.Grant{Scopes: scopes.NewSet("a", "c"), ACR: "gold", AuthTime: now, Now: now, Details: []scopes.Detail{{Type: "u"}, {Type: "t", Actions: []string{"read"}}}}
	if n := testing.AllocsPerRun(100, func() {
		if !r.SatisfiedByGrant(&g) || r.ScopesOnly() {
			t.Error("not satisfied")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestUses(t *testing.T) {
	all, anyOf := scopes.All, scopes.Any
	for _, tt := range []struct {
		r             scopes.Requirement
		granted, want string
	}{
		{all("b", "a"), "a b c", "b a"},
		{all("a", "b"), "a", ""},
		{anyOf("a", "b"), "b c", "b"},
		{anyOf("a", "b"), "b a", "a"},
		{anyOf("a", "b"), "c", ""},
		{all("a", "b").Or(all("c")), "a c", "c"},
		{all("a", "b").Or(all("c")), "a b c", "a b"},
		{all("a").And(anyOf("b", "c"), all("a")), "a c d", "a c"},
		{anyOf("a", "b").And(all("c")), "a b", ""},
		{scopes.Authenticated(), "a", ""},
		{scopes.Authenticated().Or(all("a")), "a", ""},
		{scopes.Requirement{}, "a", ""},
		{all("a").And(scopes.ACR("x")), "a b", "a"},
		{scopes.ACR("x").Or(all("admin")), "admin", "admin"},
		{scopes.ACR("x").Or(all("admin")), "b", ""},
		{all("a").And(scopes.ACR("x")).Or(all("b").And(scopes.MaxAge(time.Second))), "a b", "a"},
		{all("a", "z").And(scopes.ACR("x")).Or(all("b").And(scopes.MaxAge(time.Second))), "a b", "b"},
		{all("a").And(all("b", "z").And(scopes.ACR("x")).Or(all("c").And(scopes.MaxAge(time.Second)))), "a b c", "a c"},
	} {
		if got := strings.Join(tt.r.Uses(scopes.Granted(tt.granted)), " "); got != tt.want {
			t.Errorf("%v with %q uses %q, want %q", tt.r, tt.granted, got, tt.want)
		}
	}
}

// What is used was granted, is enough, and is nothing where nothing is enough.
func TestUsesIsEnough(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		tree, granted := randomTree(random, 3, 4), bitSet(random.IntN(16))
		r := tree.requirement()
		used := scopes.NewSet(r.Uses(granted)...)
		if granted.Union(used).Len() != granted.Len() {
			t.Fatalf("%v uses %q of %q", r, used, granted)
		}
		if tree.satisfied(granted) && !tree.satisfied(used) || !tree.satisfied(granted) && used.Len() > 0 {
			t.Fatalf("%v with %q uses %q", r, granted, used)
		}
		if r.SatisfiedBy(granted) != tree.satisfied(granted) {
			t.Fatalf("%v and %q: SatisfiedBy is wrong", r, granted)
		}
	}
}
