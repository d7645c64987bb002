package scopes_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
)

func TestParseRequirement(t *testing.T) {
	for text, want := range map[string]string{
		"a":                             "a",
		" a\n\t":                        "a",
		"orders:read":                   "orders:read",
		"a AND b":                       "a AND b",
		"a  AND\nb":                     "a AND b",
		"a OR b OR c":                   "a OR b OR c",
		"a AND (b OR c)":                "a AND (b OR c)",
		"(a AND b)":                     "a AND b",
		"((a))":                         "a",
		"(a AND b) AND c":               "a AND b AND c",
		"(a OR b)AND(c OR d)":           "(a OR b) AND (c OR d)",
		"authenticated":                 "authenticated",
		"authenticated OR a":            "authenticated OR a",
		`"authenticated"`:               `"authenticated"`,
		`"AND" OR "OR"`:                 `"AND" OR "OR"`,
		`"a"`:                           "a",
		`"f(x)" AND a`:                  `"f(x)" AND a`,
		"and AND or":                    "and AND or",
		"acr AND max_age":               "acr AND max_age",
		"acr(x)":                        "acr(x)",
		"acr ( x  y )":                  "acr(x y)",
		`acr("f(x)" AND)`:               `acr("f(x)" AND)`,
		"max_age(300s)":                 "max_age(5m0s)",
		`max_age("1h")`:                 "max_age(1h0m0s)",
		"a AND (acr(x) OR max_age(1s))": "a AND (acr(x) OR max_age(1s))",
		strings.Repeat("(", 16) + "a" + strings.Repeat(")", 16): "a",
		strings.Repeat("a", 4096):                               strings.Repeat("a", 4096),
		"a,b":                                                   "a,b",
	} {
		r, err := scopes.ParseRequirement(text)
		if err != nil || r.String() != want {
			t.Errorf("%.60q is %.60q, %v, want %.60q", text, r, err, want)
		}
	}
}

func TestParseRequirementErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "offset 0: expected a scope",
		"  ":                              "offset 2: expected a scope",
		"AND":                             "offset 0: expected a scope",
		"a AND":                           "offset 5: expected a scope",
		"OR a":                            "offset 0: expected a scope",
		"a AND AND b":                     "offset 6: expected a scope",
		"a b":                             "offset 2: expected AND, OR or the end",
		"a and b":                         "offset 2: expected AND, OR or the end",
		"a AND b OR c":                    "offset 8: AND and OR are mixed",
		"(a OR b AND c)":                  "offset 8: AND and OR are mixed",
		"(a":                              "offset 2: expected a closing parenthesis",
		"(a b)":                           "offset 3: expected a closing parenthesis",
		"a)":                              "offset 1: expected AND, OR or the end",
		"()":                              "offset 1: expected a scope",
		"ä":                               "not a scope-token",
		`a\b`:                             "not a scope-token",
		`a"b`:                             "not a scope-token",
		`"a`:                              "not a scope-token",
		`""`:                              "not a scope-token",
		`"a b"`:                           "not a scope-token",
		`"a"b`:                            "offset 3: expected AND",
		"a\x00":                           "not a scope-token",
		"a\u00a0AND\u00a0b":               "not a scope-token",
		"no(x)":                           "offset 2: expected AND, OR or the end; only acr and max_age",
		`"acr"(x)`:                        "only acr and max_age",
		"authenticated(x)":                "offset 13: expected AND",
		"acr()":                           "acr: no value",
		"acr(x":                           "offset 5: acr: expected a value",
		"acr((x))":                        "offset 4: acr: expected a value",
		"acr(ä)":                          "acr: expected a value",
		"max_age()":                       "max_age: no value",
		"max_age(0s)":                     "max_age: expected one positive duration",
		"max_age(-1s)":                    "max_age: expected one positive duration",
		"max_age(1500ms)":                 "max_age: expected one positive duration",
		"max_age(5)":                      "max_age: expected one positive duration",
		"max_age(1s 2s)":                  "max_age: expected one positive duration",
		"max_age(300h300h":                "max_age: expected a value",
		"no rule":                         "expected AND",
		`authorization_details(type="t")`: "only acr and max_age",
		strings.Repeat("(", 17) + "a" + strings.Repeat(")", 17): "offset 16: more than 16 parentheses",
		strings.Repeat("a", 4097):                               "more than 4096 bytes",
	} {
		r, err := scopes.ParseRequirement(text)
		if err == nil || !strings.Contains(err.Error(), want) || !r.IsZero() {
			t.Errorf("%.60q is %v, %v, want %q", text, r, err, want)
		}
	}
}

// What String writes is read back as the same.
func TestParseRequirementReadsString(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 3000 {
		r := randomRequirement(random, 3)
		if strings.Contains(r.String(), "authorization_details") {
			continue
		}
		parsed, err := scopes.ParseRequirement(r.String())
		if err != nil || parsed.String() != r.String() {
			t.Fatalf("%v is read as %v, %v", r, parsed, err)
		}
	}
	for _, r := range []scopes.Requirement{scopes.All("AND", "OR", "authenticated", "acr", "max_age", "(", ")", "acr(x)", "'"), scopes.ACR("AND", "a)", "(").And(scopes.MaxAge(2562047 * time.Hour))} {
		if parsed, err := scopes.ParseRequirement(r.String()); err != nil || parsed.String() != r.String() {
			t.Errorf("%v is read as %v, %v", r, parsed, err)
		}
	}
}

func FuzzParseRequirement(f *testing.F) {
	for _, s := range []string{"a", "a AND (b OR c)", "authenticated", `"AND" OR "f(x)"`, "acr(x y) AND max_age(5m)", "((a))", "a AND b OR c", "acr(", `"`, "max_age(1ns)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := scopes.ParseRequirement(text)
		if err != nil {
			if !r.IsZero() {
				t.Fatalf("%q: %v and an error", text, r)
			}
			return
		}
		again, err := scopes.ParseRequirement(r.String())
		if err != nil && len(r.String()) <= 4096 || err == nil && again.String() != r.String() {
			t.Fatalf("%q is %v, and that is %v, %v", text, r, again, err)
		}
		// Read in another way: a scope is a word, or stands in quotes.
		for _, scope := range r.Scopes() {
			if !strings.Contains(text, scope) {
				t.Fatalf("%q has no scope %q", text, scope)
			}
		}
		full := scopes.Grant{Scopes: scopes.NewSet(r.Scopes()...), Now: now, AuthTime: now}
		if r.ScopesOnly() && !r.SatisfiedByGrant(&full) {
			t.Fatalf("%q is not satisfied by all of its scopes", text)
		}
		if r.SatisfiedBy(scopes.Set{}) && !strings.Contains(text, "authenticated") {
			t.Fatalf("%q is satisfied by nothing", text)
		}
	})
}
