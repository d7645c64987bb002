package scopes_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/scopes"
)

// problems returns what joined errors say, one each.
func problems(err error) []string {
	var all []string
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, e.Error())
		}
	}
	return all
}

func policy(tb testing.TB, operations ...scopes.Operation) *scopes.Policy {
	tb.Helper()
	p, err := scopes.NewPolicy(operations...)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestNewPolicyProblems(t *testing.T) {
	read := scopes.All("orders:read")
	http := func(entries ...string) scopes.Operation {
		return scopes.Operation{Name: "a", Requirement: read, HTTP: entries}
	}
	grpc := func(entries ...string) scopes.Operation {
		return scopes.Operation{Name: "a", Requirement: read, GRPC: entries}
	}
	tests := []struct {
		name       string
		operations []scopes.Operation
		want       []string // parts, one for each problem in order
	}{
		{"no name", []scopes.Operation{{Requirement: read, HTTP: []string{"GET /"}}}, []string{"Operations[0].Name: required"}},
		{"space around a name", []scopes.Operation{{Name: "a ", Requirement: read, HTTP: []string{"GET /"}}}, []string{"Operations[0].Name: required"}},
		{"line break in a name", []scopes.Operation{{Name: "a\nb", Requirement: read, HTTP: []string{"GET /"}}}, []string{"Operations[0].Name: required"}},
		{"name not UTF-8", []scopes.Operation{{Name: "a\xff", Requirement: read, HTTP: []string{"GET /"}}}, []string{"Operations[0].Name: required"}},
		{"long name", []scopes.Operation{{Name: strings.Repeat("a", 129), Requirement: read, HTTP: []string{"GET /"}}}, []string{"Operations[0].Name: required"}},
		{"name twice", []scopes.Operation{http("GET /a"), http("GET /b")}, []string{`Operations["a"].Name: operations 0 and 1 have this name`}},
		{"zero requirement", []scopes.Operation{{Name: "a", HTTP: []string{"GET /"}}}, []string{`Operations["a"].Requirement: required`}},
		{"optional without requirement", []scopes.Operation{{Name: "a", Optional: true, HTTP: []string{"GET /"}}}, []string{`Operations["a"].Requirement: required`}},
		{"public with everything", []scopes.Operation{{Name: "a", Public: true, Optional: true, Shadow: true, Requirement: read, HTTP: []string{"GET /"}}},
			[]string{`Operations["a"].Requirement: a public`, `Operations["a"].Optional: a public`, `Operations["a"].Shadow: a public`}},
		{"reached nowhere", []scopes.Operation{http()}, []string{`Operations["a"]: reached nowhere`}},
		{"several operations", []scopes.Operation{http("x"), {Name: "b", GRPC: []string{"y"}}},
			[]string{`Operations["a"].HTTP[0]`, `Operations["b"].Requirement`, `Operations["b"].GRPC[0]`}},

		{"no method", []scopes.Operation{http("/orders")}, []string{`Operations["a"].HTTP[0]: "/orders" has no method: write "GET /orders" for one, or "* /orders"`}},
		{"lower-case method", []scopes.Operation{http("get /orders")}, []string{`"get /orders": a method is upper-case`}},
		{"empty method", []scopes.Operation{http(" /orders")}, []string{`a method is upper-case`}},
		{"two spaces", []scopes.Operation{http("GET  /orders")}, []string{"one space"}},
		{"tab", []scopes.Operation{http("GET\t/orders")}, []string{"has no method"}},
		{"space at the end", []scopes.Operation{http("GET /orders ")}, []string{"one space"}},
		{"control", []scopes.Operation{http("GET /orders\x00")}, []string{"one space"}},
		{"not UTF-8", []scopes.Operation{http("GET /\xff")}, []string{"not UTF-8"}},
		{"no slash", []scopes.Operation{http("GET orders")}, []string{"no path"}},
		{"no path", []scopes.Operation{http("GET ")}, []string{"no path"}},
		{"wildcard host", []scopes.Operation{http("GET {host}/x")}, []string{"not a host"}},
		{"host not ASCII", []scopes.Operation{http("GET ä.example/x")}, []string{"not a host"}},
		{"query", []scopes.Operation{http("GET /x?y=1")}, []string{"malformed path"}},
		{"fragment", []scopes.Operation{http("GET /x#y")}, []string{"malformed path"}},
		{"empty segment", []scopes.Operation{http("GET //x")}, []string{"malformed path"}},
		{"empty segment within", []scopes.Operation{http("GET /a//x")}, []string{"malformed path"}},
		{"dot", []scopes.Operation{http("GET /a/./x")}, []string{"malformed path"}},
		{"dots", []scopes.Operation{http("GET /a/..")}, []string{"malformed path"}},
		{"open brace", []scopes.Operation{http("GET /{a", "GET /{order", "GET /{a:{b}")}, []string{"malformed path", "malformed path", "malformed path"}},
		{"closing brace", []scopes.Operation{http("GET /a}")}, []string{"malformed path"}},
		{"empty wildcard", []scopes.Operation{http("GET /{}")}, []string{"malformed path"}},
		{"wildcard of dots", []scopes.Operation{http("GET /{...}")}, []string{"malformed path"}},
		{"wildcard name", []scopes.Operation{http("GET /{a b}", "GET /{0}", "GET /{a/b}")}, []string{"one space", "malformed path", "malformed path"}},
		{"empty expression", []scopes.Operation{http("GET /{a:}")}, []string{"malformed path"}},
		{"expression without name", []scopes.Operation{http("GET /{:a}")}, []string{"malformed path"}},
		{"{$} within", []scopes.Operation{http("GET /{$}/a", "GET /a{$}")}, []string{"malformed path", "malformed path"}},
		{"{a...} within", []scopes.Operation{http("GET /{a...}/a", "GET /a{b...}")}, []string{"malformed path", "malformed path"}},
		{"star within", []scopes.Operation{http("GET /*/a")}, []string{"malformed path"}},
		{"colon without name", []scopes.Operation{http("GET /:", "GET /:/a", "GET /:a:b")}, []string{"malformed path", "malformed path", "malformed path"}},

		{"same route twice", []scopes.Operation{http("GET /a", "GET /a")}, []string{`HTTP[1]: "GET /a" is the same route as "GET /a" of Operations["a"].HTTP[0]`}},
		{"other wildcard name", []scopes.Operation{http("GET /a/{id}", "GET /a/{x}")}, []string{"is the same route as"}},
		{"Echo's wildcard", []scopes.Operation{http("GET /a/{id}", "GET /a/:id")}, []string{"is the same route as"}},
		{"the rest", []scopes.Operation{http("GET /a/{rest...}", "GET /a/*")}, []string{"is the same route as"}},
		{"same expression", []scopes.Operation{http("GET /{id:[0-9]+}", "GET /{x:[0-9]+}")}, []string{"is the same route as"}},
		{"all methods twice", []scopes.Operation{http("* /a/{id}", "* /a/{x}")}, []string{"is the same route as"}},
		{"across operations", []scopes.Operation{http("GET a.example/{x}"), {Name: "b", Requirement: read, HTTP: []string{"GET a.example/:x"}}},
			[]string{`Operations["b"].HTTP[0]: "GET a.example/:x" is the same route as "GET a.example/{x}" of Operations["a"].HTTP[0]`}},

		{"gRPC forms", []scopes.Operation{grpc("a.B/C", "/a.B", "/C", "//C", "/a.B/", "/a.B/*x", "/a/b/C", "/a.B/C?", "/ä/C", "*", "")},
			slices.Repeat([]string{`is not "/pkg.Service/Method" or`}, 11)},
		{"gRPC method twice", []scopes.Operation{grpc("/a.B/C", "/a.B/C")}, []string{`GRPC[1]: "/a.B/C" is Operations["a"].GRPC[0] already`}},
		{"gRPC service twice", []scopes.Operation{grpc("/a.B/*", "/a.B/*")}, []string{`GRPC[1]: "/a.B/*" is Operations["a"].GRPC[0] already`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := scopes.NewPolicy(tt.operations...)
			got := problems(err)
			if p != nil || len(got) != len(tt.want) {
				t.Fatalf("got %d problems, want %d:\n%v", len(got), len(tt.want), err)
			}
			for i, part := range tt.want {
				if !strings.Contains(got[i], part) {
					t.Errorf("problem %d is %q, want %q in it", i, got[i], part)
				}
			}
			var problem *scopes.ConfigError
			if !errors.As(err, &problem) || !strings.HasPrefix(problem.Field, "Operations[") {
				t.Errorf("%v is no ConfigError with a field", err)
			}
		})
	}
}

// What looks alike and is not the same.
func TestNewPolicyAccepts(t *testing.T) {
	p := policy(t, scopes.Operation{
		Name:        "größe of Ω",
		Requirement: scopes.Authenticated(),
		HTTP: []string{
			"GET /a", "HEAD /a", "* /a", "GET /a/", "GET /a/{$}", "GET /a/{x}", "GET /a/*", "GET /a/{x}/",
			"GET h.example/a", "GET h.example:8080/a", "GET [::1]/a", "VERSION-CONTROL /a",
			"GET /o/{id}", "GET /o/{id:[0-9]+}", "GET /o/{id:[a-z]{2,3}}", "GET /o/{id}:cancel", "GET /o/{id}.json", "GET /o/v:x", "GET /o/v:y",
			"GET /static*", "GET /.well-known/x", "GET /...", "GET /caf\u00e9", "GET /%2e", `GET /a\:b`, "GET /x/{order-id}", "GET /y/:order.id",
		},
		GRPC: []string{"/a.B/*", "/a.B/C", "/a.b/C", "/B/C-d_e"},
	})
	if o := p.Operations()[0]; len(o.HTTP) != 27 || len(o.GRPC) != 4 {
		t.Errorf("%d routes, %d methods", len(o.HTTP), len(o.GRPC))
	}
	for _, entry := range p.Operations()[0].HTTP {
		method, route, _ := strings.Cut(entry, " ")
		if _, ok := p.HTTP(strings.TrimPrefix(method, "*"), route); !ok && method != "*" {
			t.Errorf("no rule for %q", entry)
		}
	}
}

func TestPolicyIsImmutable(t *testing.T) {
	routes := []string{"GET /a"}
	p := policy(t, scopes.Operation{Name: "a", Requirement: scopes.All("b", "a"), HTTP: routes},
		scopes.Operation{Name: "p", Public: true, GRPC: []string{"/a.B/C"}},
		scopes.Operation{Name: "c", Requirement: scopes.Any("c", "a"), Optional: true, Shadow: true, HTTP: []string{"GET /c"}})
	routes[0] = "GET /b"
	p.Operations()[0].HTTP[0] = "GET /b"
	p.Operations()[0].Name = "b"
	if o, ok := p.Operation("a"); !ok || o.HTTP[0] != "GET /a" {
		t.Errorf("the operation became %v", o)
	} else {
		o.HTTP[0] = "GET /b"
	}
	if o, _ := p.Operation("a"); o.HTTP[0] != "GET /a" || o.Rule().Operation != "a" || o.Rule().Requirement.String() != "b AND a" {
		t.Errorf("the operation became %v", o)
	}
	if o, ok := p.Operation("b"); ok || o.Name != "" {
		t.Errorf("there is an operation b: %v", o)
	}
	if got := p.Scopes(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("Scopes = %q", got)
	}
	for name, want := range map[string]string{"a": "b AND a", "p": "public", "c": "c OR a, or no token, in shadow"} {
		if o, _ := p.Operation(name); o.Rule().String() != want {
			t.Errorf("%s is %q, want %q", name, o.Rule(), want)
		}
	}
}

func TestZeroPolicyAllowsNothing(t *testing.T) {
	var p scopes.Policy
	if r, ok := p.HTTP("GET", "/"); ok || r.Public || r.Requirement.SatisfiedBy(scopes.NewSet("a")) || r.String() != "no rule" {
		t.Errorf("HTTP: %v", r)
	}
	if r, ok := p.GRPC("/a.B/C"); ok || r.Public {
		t.Errorf("GRPC: %v", r)
	}
}

func TestShadowed(t *testing.T) {
	operation := func(name string, shadow bool) scopes.Operation {
		return scopes.Operation{Name: name, Requirement: scopes.All("a"), Shadow: shadow, HTTP: []string{"GET /" + name}}
	}
	p := policy(t, operation("new", true), operation("old", false), operation("gold", true))
	if got := p.Shadowed(); !slices.Equal(got, []string{"new", "gold"}) {
		t.Errorf("in shadow: %q", got)
	}
	if got := (*scopes.Policy)(nil).Shadowed(); got != nil {
		t.Errorf("without a policy: %q", got)
	}
}
