package scopes_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
)

func TestDiff(t *testing.T) {
	all, anyOf := scopes.All, scopes.Any
	op := func(name string, r scopes.Requirement, entries ...string) scopes.Operation {
		o := scopes.Operation{Name: name, Requirement: r, Public: r.IsZero()}
		for _, e := range entries {
			if e[0] == '/' {
				o.GRPC = append(o.GRPC, e)
			} else {
				o.HTTP = append(o.HTTP, e)
			}
		}
		return o
	}
	type operations = []scopes.Operation
	optional, shadow := op("a", all("a"), "GET /a"), op("a", all("a"), "GET /a")
	optional.Optional, shadow.Shadow = true, true
	tests := []struct {
		name string
		a, b operations
		want string
	}{
		{"nothing", nil, nil, ""},
		{"the same", operations{op("a", all("a"), "GET /a", "/a.B/C")}, operations{op("a", all("a"), "GET /a", "/a.B/C")}, ""},
		{"other names, other grouping", operations{op("a", all("a"), "GET /a", "/a.B/C")}, operations{op("x", all("a"), "GET /a"), op("y", all("a"), "/a.B/C")}, ""},
		{"other spelling", operations{op("a", all("a"), "GET /a/{id}", "GET /b/{rest...}")}, operations{op("a", all("a"), "GET /a/:x", "GET /b/*")}, ""},
		{"expression", operations{op("a", all("a"), "GET /a/{id}")}, operations{op("a", all("a"), "GET /a/{id:[0-9]+}")}, ""},
		{"expressions tell apart", operations{op("a", all("a"), "GET /a/{id}")}, operations{op("a", all("a"), "GET /a/{id}", "GET /a/{id:[0-9]+}")},
			"GET /a/{id:[0-9]+}: no rule in one, a in the other"},
		{"other expressions", operations{op("a", all("a"), "GET /a/{id:x}", "GET /a/{id:y}")}, operations{op("a", all("a"), "GET /a/{id:y}", "GET /a/{id:z}")},
			"GET /a/{id:x}: a in one, no rule in the other\nGET /a/{id:z}: no rule in one, a in the other"},
		{"missing in b", operations{op("a", all("a"), "GET /a", "/a.B/C")}, nil, "GET /a: a in one, no rule in the other\n/a.B/C: a in one, no rule in the other"},
		{"missing in a", nil, operations{op("a", all("a"), "GET /b", "GET /a", "/a.B/C")}, "GET /a: no rule in one, a in the other\nGET /b: no rule in one, a in the other\n/a.B/C: no rule in one, a in the other"},
		{"other method", operations{op("a", all("a"), "GET /a")}, operations{op("a", all("a"), "* /a")}, "* /a: no rule in one, a in the other\nGET /a: a in one, no rule in the other"},
		{"other host", operations{op("a", all("a"), "GET /a")}, operations{op("a", all("a"), "GET h/a")}, "GET /a: a in one, no rule in the other\nGET h/a: no rule in one, a in the other"},
		{"other requirement", operations{op("a", all("a"), "GET /{x}", "/a.B/*")}, operations{op("a", all("b"), "GET /{y}", "/a.B/*")},
			"GET /{x}: a in one, b in the other\n/a.B/*: a in one, b in the other"},
		{"public", operations{op("a", scopes.Requirement{}, "GET /a")}, operations{op("a", scopes.Authenticated(), "GET /a")}, "GET /a: public in one, authenticated in the other"},
		{"both public", operations{op("a", scopes.Requirement{}, "GET /a")}, operations{op("b", scopes.Requirement{}, "GET /a")}, ""},
		{"optional", operations{optional}, operations{op("a", all("a"), "GET /a")}, "GET /a: a, or no token in one, a in the other"},
		{"shadow", operations{op("a", all("a"), "GET /a")}, operations{shadow}, "GET /a: a in one, a, in shadow in the other"},
		{"order", operations{op("a", all("a", "b").Or(anyOf("c", "d")), "GET /a")}, operations{op("a", anyOf("d", "c").Or(all("b", "a", "b")), "GET /a")}, ""},
		{"nesting", operations{op("a", all("a").And(anyOf("b", "c")), "GET /a")}, operations{op("a", all("c", "a").Or(all("a", "b")), "GET /a")}, ""},
		{"absorbed", operations{op("a", all("a"), "GET /a")}, operations{op("a", all("a").Or(all("a", "b")), "GET /a")}, ""},
		{"authenticated absorbs", operations{op("a", scopes.Authenticated(), "GET /a")}, operations{op("a", scopes.Authenticated().Or(all("b")), "GET /a")}, ""},
		{"authenticated adds nothing", operations{op("a", scopes.Authenticated().And(all("b")), "GET /a")}, operations{op("a", all("b"), "GET /a")}, ""},
		{"any is not all", operations{op("a", all("a", "b"), "GET /a")}, operations{op("a", anyOf("a", "b"), "GET /a")}, "GET /a: a AND b in one, a OR b in the other"},
		{"step-up", operations{op("a", all("a").And(scopes.ACR("x", "y"), scopes.MaxAge(time.Minute)), "GET /a")},
			operations{op("a", scopes.MaxAge(time.Minute).And(scopes.ACR("y", "x"), all("a")), "GET /a")}, ""},
		{"other step-up", operations{op("a", scopes.MaxAge(time.Minute), "GET /a")}, operations{op("a", scopes.MaxAge(time.Hour), "GET /a")},
			"GET /a: max_age(1m0s) in one, max_age(1h0m0s) in the other"},
		{"a scope that looks like step-up", operations{op("a", scopes.ACR("x"), "GET /a")}, operations{op("a", all("acr(x)"), "GET /a")},
			`GET /a: acr(x) in one, "acr(x)" in the other`},
		{"details", operations{op("a", scopes.WithDetail(scopes.Detail{Type: "t", Actions: []string{"a", "b"}}), "GET /a")},
			operations{op("a", scopes.WithDetail(scopes.Detail{Type: "t", Actions: []string{"b", "a", "b"}}), "GET /a")}, ""},
		{"other details", operations{op("a", scopes.WithDetail(scopes.Detail{Type: "t", Actions: []string{"a"}}), "GET /a")},
			operations{op("a", scopes.WithDetail(scopes.Detail{Type: "t", Privileges: []string{"a"}}), "GET /a")},
			`GET /a: authorization_details(type="t" actions=["a"]) in one, authorization_details(type="t" privileges=["a"]) in the other`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var lines, httpLines, grpcLines []string
			a, b := policy(t, tt.a...), policy(t, tt.b...)
			for _, d := range scopes.Diff(a, b) {
				lines = append(lines, d.String())
			}
			for _, d := range scopes.DiffHTTP(a, b) {
				httpLines = append(httpLines, d.String())
			}
			for _, d := range scopes.DiffGRPC(a, b) {
				grpcLines = append(grpcLines, d.String())
			}
			if got := strings.Join(lines, "\n"); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if halves := append(httpLines, grpcLines...); strings.Join(halves, "\n") != tt.want {
				t.Errorf("the halves are\n%s", strings.Join(halves, "\n"))
			}
			for _, line := range httpLines {
				if strings.HasPrefix(line, "/") {
					t.Errorf("of gRPC: %s", line)
				}
			}
			if back := scopes.Diff(b, a); len(back) != len(lines) {
				t.Errorf("the other way round: %v", back)
			}
		})
	}
}

func TestDifferenceRules(t *testing.T) {
	a := policy(t, scopes.Operation{Name: "a", Requirement: scopes.All("a"), HTTP: []string{"GET /a/{id}"}})
	b := policy(t, scopes.Operation{Name: "b", Requirement: scopes.All("b"), HTTP: []string{"GET /a/:id", "GET /b"}})
	got := scopes.Diff(a, b)
	if len(got) != 2 || got[0].Binding != "GET /a/{id}" || got[0].A.Operation != "a" || got[0].B.Operation != "b" || got[1].Binding != "GET /b" || got[1].A.Operation != "" {
		t.Errorf("got %v", got)
	}
}

// The order of preference survives a comparison, which does not look at it.
func TestDiffLeavesRequirementsAlone(t *testing.T) {
	r := scopes.ACR("z", "a")
	p := policy(t, scopes.Operation{Name: "a", Requirement: r, HTTP: []string{"GET /"}})
	if got := scopes.Diff(p, p); len(got) != 0 || r.String() != "acr(z a)" {
		t.Errorf("got %v, and the requirement is %v", got, r)
	}
}

// Two requirements differ exactly if some token satisfies one and not the other.
func TestDiffMeansWhatItSays(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	equal := 0
	for range 3000 {
		a, b := randomTree(random, 3, 4), randomTree(random, 3, 4)
		same := true
		for bits := range 16 {
			granted := bitSet(bits)
			same = same && a.satisfied(granted) == b.satisfied(granted)
		}
		got := scopes.Diff(
			policy(t, scopes.Operation{Name: "a", Requirement: a.requirement(), HTTP: []string{"GET /"}}),
			policy(t, scopes.Operation{Name: "b", Requirement: b.requirement(), HTTP: []string{"GET /"}}))
		if (len(got) == 0) != same {
			t.Fatalf("%v and %v: %v", a.requirement(), b.requirement(), got)
		}
		if same {
			equal++
		}
	}
	if equal < 100 {
		t.Errorf("only %d pairs were equal", equal)
	}
}

// What has too many ways is compared as it is nested, and soon.
func TestDiffOfHugeRequirement(t *testing.T) {
	build := func(last string, reverse bool) *scopes.Policy {
		r := scopes.Any("x0", last)
		for i := range 30 {
			pair := scopes.Any(fmt.Sprint("a", i), fmt.Sprint("b", i))
			if reverse {
				pair = scopes.Any(fmt.Sprint("b", i), fmt.Sprint("a", i))
				r = pair.And(r)
			} else {
				r = r.And(pair)
			}
		}
		return policy(t, scopes.Operation{Name: "a", Requirement: r, HTTP: []string{"GET /"}})
	}
	if got := scopes.Diff(build("y", false), build("y", true)); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if got := scopes.Diff(build("y", false), build("z", true)); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

// bitSet is the set of those of a, b, c, d whose bit is set.
func bitSet(bits int) scopes.Set {
	var values []string
	for i, v := range []string{"a", "b", "c", "d"} {
		if bits>>i&1 == 1 {
			values = append(values, v)
		}
	}
	return scopes.NewSet(values...)
}
