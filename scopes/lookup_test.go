package scopes_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/scopes"
)

// named is a policy in which every entry is an operation of its own name.
func named(tb testing.TB, entries ...string) *scopes.Policy {
	tb.Helper()
	var operations []scopes.Operation
	for _, entry := range entries {
		o := scopes.Operation{Name: entry, Requirement: scopes.All("a")}
		if strings.HasPrefix(entry, "/") {
			o.GRPC = []string{entry}
		} else {
			o.HTTP = []string{entry}
		}
		operations = append(operations, o)
	}
	return policy(tb, operations...)
}

func TestHTTP(t *testing.T) {
	p := named(t, "GET /a", "POST /a", "GET /b", "HEAD /b", "* /c", "GET /d", "* /d", "GET /o/{id}", "GET /e/:id/x", "DELETE h.example/o/{id}",
		"GET /s/", "GET /s/{$}", "GET /t/{rest...}", "GET /n/{id:[0-9]+}", "GET /r/{id}", "GET /r/{id:[0-9]+}", "POST /r/{id}",
		"GET /v/v:id", "GET /", "GET /q/{id}:cancel", "GET /static*", `GET /w/\:x`)
	for _, tt := range []struct{ method, route, want string }{
		{"GET", "/a", "GET /a"},
		{"GET", "GET /a", "GET /a"},
		{"GET", "GET \t /a", "GET /a"},
		{"HEAD", "GET /a", "GET /a"},
		{"HEAD", "/a", "GET /a"},
		{"POST", "/a", "POST /a"},
		{"", "GET /a", "GET /a"},
		{"", "/a", ""}, // the method matters
		{"DELETE", "/a", ""},
		{"DELETE", "DELETE /a", ""},
		{"POST", "GET /a", ""}, // no router says this
		{"GET", "POST /a", ""},
		{"get", "/a", ""},
		{"HEAD", "/b", "HEAD /b"},
		{"HEAD", "HEAD /b", "HEAD /b"},
		{"HEAD", "GET /b", "GET /b"}, // it is what net/http matched
		{"GET", "HEAD /b", ""},
		{"GET", "/c", "* /c"},
		{"PURGE", "/c", "* /c"},
		{"", "/c", "* /c"},
		{"GET", "GET /c", "* /c"},
		{"GET", "* /c", ""}, // the method of that name, for net/http
		{"*", "* /c", ""},
		{"GET", " /c", ""},
		{"GET", "/d", "GET /d"},
		{"HEAD", "/d", "GET /d"},
		{"POST", "/d", "* /d"},
		{"", "/d", ""},
		{"", "POST /d", "* /d"},

		{"GET", "/o/{id}", "GET /o/{id}"},
		{"GET", "/o/{order}", "GET /o/{id}"},
		{"GET", "/o/:order", "GET /o/{id}"},
		{"GET", "/o/{order:[0-9]{2}/?}", "GET /o/{id}"},
		{"GET", "/e/{x}/x", "GET /e/:id/x"},
		{"GET", "/o/123", ""},
		{"GET", "/o/{id}/", ""},
		{"GET", "/o/", ""},
		{"GET", "/o/{id...}", ""},
		{"GET", "/o/{$}", ""},
		{"GET", "/O/{id}", ""},
		{"GET", "//o/{id}", ""},
		{"GET", "/x/../o/{id}", ""},
		{"GET", "/o/{id}?x", ""},
		{"GET", "/o/{a:b", ""},
		{"GET", "/o/{order", ""},
		{"GET", "/o/:", ""},
		{"GET", "/o/*", ""},
		{"GET", "/%6f/{id}", ""},
		{"GET", "h.example/o/{id}", ""},
		{"DELETE", "h.example/o/{x}", "DELETE h.example/o/{id}"},
		{"DELETE", "/o/{x}", ""},
		{"DELETE", "H.example/o/{x}", ""},

		{"GET", "/s/", "GET /s/"},
		{"GET", "/s/{$}", "GET /s/{$}"},
		{"GET", "/s/{rest...}", ""},
		{"GET", "/s", ""},
		{"GET", "/t/*", "GET /t/{rest...}"},
		{"GET", "/t/{x...}", "GET /t/{rest...}"},
		{"GET", "/t/", ""},
		{"GET", "/t*", ""},
		{"GET", "/static*", "GET /static*"},
		{"GET", "/static/*", ""},

		{"GET", "/n/{x:[0-9]+}", "GET /n/{id:[0-9]+}"},
		{"GET", "/n/{x:[a-z]+}", ""},
		{"GET", "/n/{id}", ""},
		{"GET", "/n/:id", ""},
		{"GET", "/r/{x:[0-9]+}", "GET /r/{id:[0-9]+}"},
		{"GET", "/r/{x:[a-z]+}", "GET /r/{id}"},
		{"POST", "/r/{x:[0-9]+}", "POST /r/{id}"},
		{"GET", "/r/{x}", "GET /r/{id}"},

		{"GET", "/v/v:id", "GET /v/v:id"},
		{"GET", "/v/v:x", ""},
		{"GET", "/q/{x}:cancel", "GET /q/{id}:cancel"},
		{"GET", "/q/{x}:refund", ""},
		{"GET", "/q/{x}", ""},
		{"GET", `/w/\:x`, `GET /w/\:x`},
		{"GET", "/w/:x", ""},
		{"GET", "/", "GET /"},
		{"GET", "/{x...}", ""},
		{"GET", "/*", ""},
		{"GET", "", ""},
		{"", "", ""},
		{"GET", "GET", ""},
		{"GET", "GET ", ""},
	} {
		r, ok := p.HTTP(tt.method, tt.route)
		if r.Operation != tt.want || ok != (tt.want != "") || r.Requirement.IsZero() == ok {
			t.Errorf("HTTP(%q, %q) = %q, %v, want %q", tt.method, tt.route, r.Operation, ok, tt.want)
		}
	}
}

// Where the method is not known, an entry without the expression must not answer for
// a route of which some methods have entries of their own.
func TestHTTPUnknownMethodWithExpression(t *testing.T) {
	p := named(t, "DELETE /o/{id:[0-9]+}", "* /o/{id}", "* /p/{id}")
	for _, tt := range []struct{ method, route, want string }{
		{"DELETE", "/o/{id:[0-9]+}", "DELETE /o/{id:[0-9]+}"},
		{"GET", "/o/{id:[0-9]+}", "* /o/{id}"},
		{"", "/o/{id:[0-9]+}", ""}, // spelled as in the policy
		{"", "/o/{n:[0-9]+}", ""},  // and otherwise
		{"", "/o/{id:[a-z]+}", "* /o/{id}"},
		{"", "/p/{id:[0-9]+}", "* /p/{id}"},
	} {
		rule, ok := p.HTTP(tt.method, tt.route)
		if rule.Operation != tt.want || ok != (tt.want != "") {
			t.Errorf("HTTP(%q, %q) = %q, %v, want %q", tt.method, tt.route, rule.Operation, ok, tt.want)
		}
	}
}

func TestGRPC(t *testing.T) {
	p := named(t, "/a.B/*", "/a.B/C", "/a.Q/C")
	for name, want := range map[string]string{
		"/a.B/C": "/a.B/C", "/a.B/D": "/a.B/*", "/a.B/c": "/a.B/*", "/a.Q/C": "/a.Q/C",
		"/a.Q/D": "", "/a.B/": "", "/a.B/*": "", "/a.B": "", "/a.b/C": "", "a.B/C": "", "//a.B/C": "", "/a.B//C": "", "/a.B/x/C": "",
		"/a.B/C/": "", "/a.B/C?x": "", "/a.B/%43": "", "/a.B/C ": "", "/a.B/D\x00": "", "": "", "/": "", "C": "",
	} {
		if r, ok := p.GRPC(name); r.Operation != want || ok != (want != "") {
			t.Errorf("GRPC(%q) = %q, %v, want %q", name, r.Operation, ok, want)
		}
	}
}

func TestLookupDoesNotAllocate(t *testing.T) {
	p := named(t, "GET /orders/{id}", "GET /n/{id:[0-9]+}", "/a.B/*", "/a.B/C")
	for name, look := range map[string]func() (scopes.Rule, bool){
		"as written":      func() (scopes.Rule, bool) { return p.HTTP("GET", "/orders/{id}") },
		"with method":     func() (scopes.Rule, bool) { return p.HTTP("GET", "GET /orders/{id}") },
		"other spelling":  func() (scopes.Rule, bool) { return p.HTTP("HEAD", "/orders/:order") },
		"expression":      func() (scopes.Rule, bool) { return p.HTTP("GET", "/orders/{x:[0-9]+}") },
		"gRPC method":     func() (scopes.Rule, bool) { return p.GRPC("/a.B/C") },
		"gRPC service":    func() (scopes.Rule, bool) { return p.GRPC("/a.B/D") },
		"no rule":         func() (scopes.Rule, bool) { _, ok := p.HTTP("GET", "/nothing"); return scopes.Rule{}, !ok },
		"no rule in gRPC": func() (scopes.Rule, bool) { _, ok := p.GRPC("/no/Thing"); return scopes.Rule{}, !ok },
	} {
		if n := testing.AllocsPerRun(100, func() {
			if _, ok := look(); !ok {
				t.Error("not found")
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// sameRoute says, slowly and from the documentation, whether two routes without
// regular expressions are one.
func sameRoute(a, b string) bool {
	plain := func(s string) string {
		s = regexp.MustCompile(`\{[^{}$]*\.\.\.\}$|\*$`).ReplaceAllString(s, "<rest>")
		s = regexp.MustCompile(`\{[^{}$]*\}`).ReplaceAllString(s, "<one>")
		return regexp.MustCompile(`/:[^/]*`).ReplaceAllString(s, "/<one>")
	}
	return plain(a) == plain(b)
}

// serves reports whether a ServeMux takes the patterns together.
func serves(patterns ...string) (ok bool) {
	defer func() { ok = recover() == nil }()
	mux := http.NewServeMux()
	for _, pattern := range patterns {
		mux.Handle(pattern, http.NotFoundHandler())
	}
	return true
}

// One route never gets the rule of another one: not by what the documentation
// says, and not by what net/http says.
func FuzzHTTP(f *testing.F) {
	routes := []string{"/", "/a", "/a/", "/a/{$}", "/a/{x}", "/a/{y}", "/a/:x", "/a/{x...}", "/a/*", "/a*", "/a/{x}/b", "/{x}/a", "/a/b:c", "/a/{x}:c",
		"/a/{x:[0-9]+}", "/a/{x:[^/]{1,2}}", "h.example/a/{x}", "//a", "/a/../b", "/a?b", "/{}", "/{", "/%61", `/a\:b`, "a"}
	for i, a := range routes {
		f.Add(a, routes[(i+1)%len(routes)])
	}
	f.Fuzz(func(t *testing.T, entry, route string) {
		p, err := scopes.NewPolicy(scopes.Operation{Name: "a", Requirement: scopes.Authenticated(), HTTP: []string{"GET " + entry}})
		if err != nil {
			return
		}
		for _, method := range []string{"GET", "HEAD"} {
			if _, ok := p.HTTP(method, entry); !ok {
				t.Fatalf("no rule for %q itself", entry)
			}
		}
		_, ok := p.HTTP("GET", route)
		if withMethod, _ := p.HTTP("GET", "GET "+route); ok != (withMethod.Operation != "") && !strings.ContainsAny(route, " \t") {
			t.Fatalf("%q with %q: the method makes a difference", entry, route)
		}
		if _, other := p.HTTP("POST", route); other {
			t.Fatalf("%q with %q: POST has a rule", entry, route)
		}
		if strings.ContainsAny(route, " \t") || !ok {
			return
		}
		if !strings.Contains(entry+route, "{") || !strings.Contains(entry+route, ":") {
			if !sameRoute(entry, route) {
				t.Fatalf("%q gets the rule of %q", route, entry)
			}
		}
		if strings.Contains(entry+route, "/:") || strings.Contains(entry+route, "*") {
			return // text for net/http
		}
		if serves(entry) && serves(route) && serves(entry, route) {
			t.Fatalf("%q gets the rule of %q, which is another route for net/http", route, entry)
		}
	})
}

func BenchmarkPolicy(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10_000} {
		var entries, routes, others, renamed, methods, services []string
		for i := range n {
			routes = append(routes, fmt.Sprintf("/v1/resource%d/{id}", i))
			others = append(others, fmt.Sprintf("/v1/resource%d/:id", i))
			renamed = append(renamed, fmt.Sprintf("/v1/resource%d/{name}", i))
			entries = append(entries, "GET "+routes[i], fmt.Sprintf("/pkg.Service%d/Method", i), fmt.Sprintf("/pkg.Service%d/*", i))
			methods = append(methods, fmt.Sprintf("/pkg.Service%d/Method", i))
			services = append(services, fmt.Sprintf("/pkg.Service%d/Other", i))
		}
		p := named(b, entries...)
		get := func(route string) (scopes.Rule, bool) { return p.HTTP("GET", route) }
		for _, bb := range []struct {
			name string
			keys []string
			find func(string) (scopes.Rule, bool)
		}{
			{"HTTP", routes, get}, {"HTTP/other", others, get}, {"HTTP/renamed", renamed, get}, {"GRPC/method", methods, p.GRPC}, {"GRPC/service", services, p.GRPC},
		} {
			b.Run(fmt.Sprintf("%s/rules=%d", bb.name, n), func(b *testing.B) {
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					if i++; i >= 10 {
						i = 0
					}
					// Ten of them are in use at a time, spread over the policy.
					if _, ok := bb.find(bb.keys[i*(n/10)]); !ok {
						b.Fatal("not found")
					}
				}
			})
		}
	}
}
