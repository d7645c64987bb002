package yaml_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/scopes/yaml"
)

const good = `# What the orders API needs.
operations:
  orders.read:
    requires: orders:read
    http: [GET /orders, "GET /orders/{id}"]
    grpc:
      - /orders.v1.OrderService/ListOrders
      - /orders.v1.OrderService/GetOrder
  orders.delete:
    requires: |
      orders:write AND
      (billing:read OR admin)
    shadow: true
    http: ['DELETE /orders/{id}']
  search:
    requires: authenticated
    optional: true
    public: false
    http: ["* /search"]
  pay:
    requires: "payments:write AND acr(urn:example:gold) AND max_age(5m)"
    http: [POST /payments]
  health:
    public: true
    http: [GET /healthz]
    grpc: [/grpc.health.v1.Health/*]
`

func TestLoad(t *testing.T) {
	got, err := yaml.Load([]byte(good), "policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := []scopes.Operation{
		{Name: "orders.read", Requirement: scopes.All("orders:read"), HTTP: []string{"GET /orders", "GET /orders/{id}"},
			GRPC: []string{"/orders.v1.OrderService/ListOrders", "/orders.v1.OrderService/GetOrder"}},
		{Name: "orders.delete", Requirement: scopes.All("orders:write").And(scopes.Any("billing:read", "admin")), Shadow: true, HTTP: []string{"DELETE /orders/{id}"}},
		{Name: "search", Requirement: scopes.Authenticated(), Optional: true, HTTP: []string{"* /search"}},
		{Name: "pay", Requirement: scopes.All("payments:write").And(scopes.ACR("urn:example:gold"), scopes.MaxAge(5*60e9)), HTTP: []string{"POST /payments"}},
		{Name: "health", Public: true, HTTP: []string{"GET /healthz"}, GRPC: []string{"/grpc.health.v1.Health/*"}},
	}
	policy, err := scopes.NewPolicy(want...)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range scopes.Diff(got, policy) {
		t.Error(d)
	}
	for i, o := range got.Operations() {
		if o.Name != want[i].Name {
			t.Errorf("operation %d is %s, want %s", i, o.Name, want[i].Name)
		}
	}
}

// one is a document with one operation that has these lines.
func one(lines ...string) string {
	return "operations:\n  a:\n    " + strings.Join(lines, "\n    ") + "\n"
}

const (
	requires = "requires: orders:read"
	http     = "http: [GET /orders]"
)

func TestProblems(t *testing.T) {
	tests := []struct {
		name string
		text string
		want []string // parts, one for each line of the error
	}{
		{"empty", "", []string{"p.yaml:"}},
		{"comment only", "# nothing\n", []string{"p.yaml:"}},
		{"null", "null\n", []string{"p.yaml:1:1: policy: expected a mapping"}},
		{"list", "- a\n", []string{"p.yaml:1:1: policy: expected a mapping"}},
		{"text", "a\n", []string{"p.yaml:1:1: policy: expected a mapping"}},
		{"no operations", "{}\n", []string{"p.yaml:1:1: operations: required"}},
		{"operations of nothing", "operations:\n", []string{"p.yaml:1:12: operations: expected a mapping"}},
		{"operations empty", "operations: {}\n", []string{"p.yaml:1:13: operations: empty"}},
		{"operations a list", "operations: [a]\n", []string{"p.yaml:1:13: operations: expected a mapping"}},
		{"unknown key at the top", one(requires, http) + "version: 1\n", []string{`p.yaml:5:1: unknown key "version"`}},
		{"operations in another case", "Operations: {}\n", []string{`p.yaml:1:1: unknown key "Operations"`}},
		{"operations twice", one(requires, http) + "operations: {}\n", []string{`p.yaml:5:1: "operations" is in line 1 already`}},
		{"second document", one(requires, http) + "---\n" + one(requires, http), []string{"p.yaml:"}},
		{"second document, empty", one(requires, http) + "---\n", []string{"p.yaml:"}},
		{"not UTF-8", one(requires, http) + "# \xff\n", []string{"p.yaml: not UTF-8"}},
		{"too large", one(requires, http) + "#" + strings.Repeat("x", yaml.MaxSize), []string{"p.yaml: more than 1048576 bytes"}},
		{"deep", one("http: " + strings.Repeat("[", 64) + strings.Repeat("]", 64)), []string{"p.yaml:3:27: while increasing flow level: exceeded max depth of 16"}},
		{"syntax", one(requires, "http: [GET /orders"), []string{"p.yaml:5:1: "}},
		{"tab", "operations:\n\ta: {}\n", []string{"p.yaml:2:"}},

		{"unknown key", one(requires, http, "scope: a"), []string{`p.yaml:5:5: unknown key "scope"`}},
		{"key in another case", one("Requires: a", http), []string{`p.yaml:3:5: unknown key "Requires"`}},
		{"merge key", one(requires, http, "<<: {shadow: true}"), []string{"p.yaml:5:5: key: expected a text"}},
		{"key twice", one(requires, http, "requires: admin"), []string{`p.yaml:5:5: "requires" is in line 3 already`}},
		{"operation twice", one(requires, http) + "  a:\n    public: true\n", []string{`p.yaml:5:3: "a" is in line 2 already`}},
		{"key in quotes twice", one(requires, http) + "  \"a\":\n    public: true\n", []string{`p.yaml:5:3: "a" is in line 2 already`}},
		{"key a number", "operations:\n  7: {public: true, http: [GET /]}\n", []string{"p.yaml:2:3: key: expected a text: put 7 in quotes"}},
		{"key empty", "operations:\n  \"\": {public: true, http: [GET /]}\n", []string{"p.yaml:2:3: key: empty"}},
		{"key a list", "operations:\n  ? [a]\n  : {public: true, http: [GET /]}\n", []string{"p.yaml:2:5: key: expected one text"}},
		{"operation a text", "operations:\n  a: orders:read\n", []string{"p.yaml:2:6: operation: expected a mapping"}},
		{"operation null", "operations:\n  a:\n", []string{"p.yaml:2:5: operation: expected a mapping"}},

		{"requires a list", one("requires: [a, b]", http), []string{"p.yaml:3:15: requires: expected one text"}},
		{"requires a number", one("requires: 7", http), []string{"p.yaml:3:15: requires: expected a text: put 7 in quotes"}},
		{"requires true", one("requires: true", http), []string{"p.yaml:3:15: requires: expected a text: put true in quotes"}},
		{"requires null", one("requires:", http), []string{"requires: empty"}},
		{"requires null in words", one("requires: null", http), []string{"p.yaml:3:15: requires: empty"}},
		{"requires null as a sign", one("requires: ~", http), []string{"p.yaml:3:15: requires: empty"}},
		{"requires empty", one(`requires: ""`, http), []string{"p.yaml:3:15: requires: empty"}},
		{"requires blank", one(`requires: " "`, http), []string{"p.yaml:3:15: requires: scopes: requirement, at offset 1"}},
		{"requires malformed", one("requires: orders:read AND", http), []string{"p.yaml:3:15: requires: scopes: requirement, at offset 15"}},
		{"requires two scopes", one("requires: a b", http), []string{"p.yaml:3:15: requires: scopes: requirement, at offset 2"}},
		{"requires not a scope", one(`requires: "a\\b"`, http), []string{"p.yaml:3:15: requires: scopes: requirement"}},
		{"requires missing", one(http), []string{"p.yaml:2:3: requires is missing"}},
		{"optional alone", one("optional: true", http), []string{"p.yaml:2:3: requires is missing"}},

		{"public yes", one("public: yes", http), []string{"p.yaml:3:13: public: expected true or false"}},
		{"public True", one("public: True", http), []string{"p.yaml:3:13: public: expected true or false"}},
		{"public in quotes", one(`public: "true"`, http), []string{"p.yaml:3:13: public: expected true or false"}},
		{"public null", one("public:", http), []string{"public: expected true or false"}},
		{"shadow 1", one(requires, "shadow: 1", http), []string{"p.yaml:4:13: shadow: expected true or false"}},
		{"optional a list", one(requires, "optional: []", http), []string{"p.yaml:4:15: optional: expected true or false"}},
		{"public with everything", one("public: true", "optional: true", "shadow: true", requires, http),
			[]string{"p.yaml:4:15: a public operation looks at", "p.yaml:5:13: a public operation refuses", "p.yaml:6:15: a public operation has none"}},

		{"http a text", one(requires, "http: GET /orders"), []string{"p.yaml:4:11: http: expected a list"}},
		{"http a mapping", one(requires, "http: {GET: /orders}"), []string{"p.yaml:4:11: http: expected a list"}},
		{"http null", one(requires, "http:"), []string{"http: expected a list"}},
		{"http empty", one(requires, "http: []"), []string{"p.yaml:4:11: http: empty"}},
		{"http with a number", one(requires, "http: [GET /orders, 7]"), []string{"p.yaml:4:25: http: expected a text"}},
		{"http with nothing", one(requires, "http: [GET /orders, '']"), []string{"p.yaml:4:25: http: empty"}},
		{"http without method", one(requires, "http: [GET /orders, /b]"), []string{`p.yaml:4:25: "/b" has no method`}},
		{"http malformed", one(requires, `http: ["GET /a//b"]`), []string{`p.yaml:4:12: "GET /a//b": malformed path`}},
		{"grpc malformed", one(requires, "grpc: [orders.v1.Service/Get]"), []string{`p.yaml:4:12: "orders.v1.Service/Get" is not`}},
		{"reached nowhere", one(requires), []string{"p.yaml:2:3: reached nowhere"}},
		{"the same route", one(requires, `http: ["GET /orders/{id}", "GET /orders/:order"]`), []string{`p.yaml:4:32: "GET /orders/:order" is the same route as "GET /orders/{id}" of line 4`}},
		{"the same route in another operation", one(requires, http) + "  aa:\n    public: true\n    http: [GET /orders]\n",
			[]string{`p.yaml:7:12: "GET /orders" is the same route as "GET /orders" of line 4`}},
		{"the same method in another operation", one(requires, "grpc: [/s/A]") + "  b:\n    public: true\n    grpc: [/s/*, /s/A]\n", []string{`p.yaml:7:18: "/s/A" is line 4 already`}},
		{"a name that no operation can have", "operations:\n  \"a\\tb\": {public: true, http: [GET /]}\n", []string{"p.yaml:2:3: required: 1 to 128 bytes"}},

		{"anchor", one("requires: &r orders:read", http), []string{"p.yaml:3:15: no anchors"}},
		{"anchor and alias", one(requires, "http: &h [GET /orders]") + "  b:\n    public: true\n    http: *h\n", []string{"p.yaml:4:11: no anchors", "p.yaml:7:11: no aliases"}},
		{"alias as key", one("&k requires: orders:read", http) + "  b: {*k : admin}\n", []string{"p.yaml:3:5: no anchors", "p.yaml:5:7: no aliases"}},
		{"tag", one("requires: !scope orders:read", http), []string{"p.yaml:3:15: no tags"}},
		{"tag of a text", one("requires: !!str 7", http), []string{"p.yaml:3:15: no tags"}},
		{"tag of the root", "!policy\n" + one(requires, http), []string{"no tags"}},
		{"binary", one("requires: !!binary b3JkZXJz", http), []string{"p.yaml:3:15: no tags"}},

		{"everything is told", one("requires: a b", http, "scopes: []") + "  b:\n    requires: c\n    http: [/x]\n", []string{
			"p.yaml:3:15: requires", `p.yaml:5:5: unknown key "scopes"`, `p.yaml:8:12: "/x" has no method`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			policy, err := yaml.Load([]byte(tt.text), "p.yaml")
			if err == nil || policy != nil {
				t.Fatalf("loaded: %v, %v", policy, err)
			}
			lines := strings.Split(err.Error(), "\n")
			if !slices.EqualFunc(lines, tt.want, strings.Contains) {
				t.Errorf("got\n%v\nwant\n%s", err, strings.Join(tt.want, "\n"))
			}
			if !strings.HasPrefix(lines[0], "p.yaml:") {
				t.Errorf("no place: %v", err)
			}
			if _, ok := errors.AsType[*yaml.Error](err); !ok {
				t.Errorf("%T", err)
			}
		})
	}
}

// Aliases of aliases are refused before anything is made of them.
func TestAliasBomb(t *testing.T) {
	text := "operations:\n  a: &a {http: [x, x, x, x, x, x, x, x]}\n"
	for c := 'b'; c <= 'z'; c++ {
		text += "  " + string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+", ", 8) + "]\n"
	}
	_, err := yaml.Load([]byte(text), "p.yaml")
	if err == nil || !strings.Contains(err.Error(), "no anchors") {
		t.Errorf("got %v", err)
	}
}

func TestLoadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	if _, err := yaml.LoadFile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	policy, err := yaml.LoadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if rule, _ := policy.HTTP("GET", "/orders/{id}"); rule.Operation != "orders.read" {
		t.Errorf("got %v", rule)
	}
	if err := os.WriteFile(path, []byte(good+"#"+strings.Repeat("x", yaml.MaxSize)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := yaml.LoadFile(path); err == nil || err.Error() != path+": more than 1048576 bytes" {
		t.Errorf("large: %v", err)
	}
	if _, err := yaml.LoadFile(t.TempDir()); err == nil {
		t.Error("a folder was read")
	}
}
