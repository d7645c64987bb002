package scopes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/scopes"
)

func TestRequirement(t *testing.T) {
	all, anyOf := scopes.All, scopes.Any
	tests := []struct {
		name            string
		requirement     scopes.Requirement
		granted         string
		ok              bool
		needed, missing string
		text            string
	}{
		{"one, granted", all("a"), "b a", true, "", "", "a"},
		{"one, missing", all("a"), "b", false, "a", "a", "a"},
		{"one, other case", all("a"), "A", false, "a", "a", "a"},
		{"all, granted", all("a", "b"), "a b c", true, "", "", "a AND b"},
		{"all, one missing", all("a", "b"), "a", false, "a b", "b", "a AND b"},
		{"all, none granted", all("b", "a"), "", false, "b a", "b a", "b AND a"},
		{"any, granted", anyOf("a", "b"), "b", true, "", "", "a OR b"},
		{"any, tie goes to the first", anyOf("a", "b"), "c", false, "a", "a", "a OR b"},
		{"any of all, fewest missing", all("a", "b").Or(all("c", "d", "e")), "c d", false, "c d e", "e", "(a AND b) OR (c AND d AND e)"},
		{"any of all, tie goes to the first", all("a", "b").Or(all("c", "d")), "b c", false, "a b", "a", "(a AND b) OR (c AND d)"},
		{"all of any", anyOf("a", "b").And(anyOf("c", "d")), "b", false, "b c", "c", "(a OR b) AND (c OR d)"},
		{"all of any, granted", anyOf("a", "b").And(anyOf("c", "d")), "b d", true, "", "", "(a OR b) AND (c OR d)"},
		{"and is flat", all("a").And(all("b", "c"), all("d")), "a b c", false, "a b c d", "d", "a AND b AND c AND d"},
		{"or is flat", anyOf("a").Or(anyOf("b", "c")), "c", true, "", "", "a OR b OR c"},
		{"overlap is said once", all("a", "b").And(all("b", "c")), "", false, "a b c", "a b c", "a AND b AND b AND c"},
		{"authenticated", scopes.Authenticated(), "", true, "", "", "authenticated"},
		{"authenticated and", scopes.Authenticated().And(all("a")), "", false, "a", "a", "authenticated AND a"},
		{"zero value", scopes.Requirement{}, "a b c", false, "", "", "no rule"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			granted := scopes.Granted(tt.granted)
			if got := tt.requirement.SatisfiedBy(granted); got != tt.ok {
				t.Errorf("SatisfiedBy(%q) = %v", tt.granted, got)
			}
			s := tt.requirement.Shortfall(granted)
			if got := strings.Join(s.Needed, " "); got != tt.needed {
				t.Errorf("needed %q, want %q", got, tt.needed)
			}
			if got := strings.Join(s.Missing, " "); got != tt.missing {
				t.Errorf("missing %q, want %q", got, tt.missing)
			}
			if got := tt.requirement.String(); got != tt.text {
				t.Errorf("String = %q, want %q", got, tt.text)
			}
		})
	}
}

func TestRequirementScopes(t *testing.T) {
	r := scopes.All("a", "b").Or(scopes.All("c", "a"))
	if got := r.Scopes(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("Scopes = %q", got)
	}
	if got := scopes.Authenticated().Scopes(); len(got) != 0 {
		t.Errorf("Scopes of Authenticated = %q", got)
	}
	if !(scopes.Requirement{}).IsZero() || scopes.Authenticated().IsZero() || scopes.All("a").IsZero() {
		t.Error("IsZero is wrong")
	}
}

func TestRequirementPanics(t *testing.T) {
	tests := map[string]func(){
		"All of nothing":  func() { scopes.All() },
		"Any of nothing":  func() { scopes.Any() },
		"empty scope":     func() { scopes.All("") },
		"two in one":      func() { scopes.All("a b") },
		"quote":           func() { scopes.Any(`a"b`) },
		"backslash":       func() { scopes.All(`a\b`) },
		"non-ASCII":       func() { scopes.All("ä") },
		"control":         func() { scopes.All("a\n") },
		"And with a zero": func() { scopes.All("a").And(scopes.Requirement{}) },
		"Or with a zero":  func() { scopes.All("a").Or(scopes.Requirement{}) },
		"zero and":        func() { scopes.Requirement{}.And(scopes.All("a")) },
		"zero or":         func() { scopes.Requirement{}.Or(scopes.Authenticated()) },
	}
	for name, f := range tests {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func TestSatisfiedByDoesNotAllocate(t *testing.T) {
	r := scopes.All("a", "b").Or(scopes.Any("c", "d"))
	granted := scopes.Granted("x y z d")
	if n := testing.AllocsPerRun(100, func() {
		if !r.SatisfiedBy(granted) {
			t.Error("not satisfied")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSatisfiedBy(b *testing.B) {
	r := scopes.All("orders:read", "orders:write")
	granted := scopes.Granted("openid orders:read orders:write profile")
	b.ReportAllocs()
	for b.Loop() {
		if !r.SatisfiedBy(granted) {
			b.Fatal("not satisfied")
		}
	}
}
