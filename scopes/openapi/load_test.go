package openapi_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/scopes/openapi"
)

// schemes are the components of all documents here.
const schemes = `components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        clientCredentials:
          tokenUrl: https://auth.example.com/token
          scopes: {read: Read, write: Write, "a b": Two, admin: All}
        authorizationCode:
          authorizationUrl: https://auth.example.com/authorize
          tokenUrl: https://auth.example.com/token
          scopes: {read: Read, profile: Who}
    alias: {$ref: "#/components/securitySchemes/oauth"}
    oidc: {type: openIdConnect, openIdConnectUrl: https://auth.example.com/.well-known/openid-configuration}
    bearer: {type: http, scheme: Bearer}
    basic: {type: http, scheme: basic}
    key: {type: apiKey, in: header, name: X-Key}
`

// document is a document of version 3.1 with these lines at the top and these
// paths.
func document(top, paths string) string {
	return "openapi: 3.1.0\ninfo: {title: Orders, version: \"1\"}\n" + top + schemes + "paths:\n" + paths
}

// path is one path, with members of its operations.
func path(name string, operations ...string) string {
	text := "  " + name + ":\n"
	for _, o := range operations {
		method, members, _ := strings.Cut(o, " ")
		text += "    " + method + ": {" + members + "}\n"
	}
	return text
}

const id = "parameters: [{name: id, in: path, required: true, schema: {type: string}}]"

// rules are what a policy says, one line each.
func rules(p *scopes.Policy) []string {
	var all []string
	for _, o := range p.Operations() {
		all = append(all, fmt.Sprintf("%s: %s: %v", o.Name, strings.Join(o.HTTP, ", "), o.Rule()))
	}
	return all
}

func TestSecurity(t *testing.T) {
	tests := []struct {
		name     string
		root     string // security of the document; empty: none
		security string // that of the operation; empty: none
		ignore   []string
		want     string
	}{
		{"one scope", "", "[{oauth: [read]}]", nil, "read"},
		{"all of the scopes", "", "[{oauth: [read, write]}]", nil, "read AND write"},
		{"alternatives", "", "[{oauth: [read, write]}, {oauth: [admin]}]", nil, "(read AND write) OR admin"},
		{"together", "", "[{oauth: [read], oidc: [orders], bearer: []}]", nil, "read AND orders"},
		{"no scopes", "", "[{oauth: []}]", nil, "authenticated"},
		{"bearer", "", "[{bearer: []}]", nil, "authenticated"},
		{"openIdConnect", "", "[{oidc: [anything]}]", nil, "anything"},
		{"scope of another flow", "", "[{oauth: [profile]}]", nil, "profile"},
		{"scheme by reference", "", "[{alias: [read]}]", nil, "read"},
		{"public", "", "[]", nil, "public"},
		{"nothing but nothing", "", "[{}]", nil, "public"},
		{"optional", "", "[{oauth: [read]}, {}]", nil, "read, or no token"},
		{"optional first", "", "[{}, {oauth: [read]}]", nil, "read, or no token"},
		{"that of the document", "[{oauth: [read]}]", "", nil, "read"},
		{"own before that of the document", "[{oauth: [read]}]", "[{oauth: [admin]}]", nil, "admin"},
		{"public before that of the document", "[{oauth: [read]}]", "[]", nil, "public"},
		{"document public", "[]", "", nil, "public"},
		{"document public, not the operation", "[]", "[{oauth: [read]}]", nil, "read"},
		{"ignored, together with another", "", "[{oauth: [read], key: []}]", []string{"key"}, "read"},
		{"ignored alternative", "", "[{key: []}, {oauth: [read]}]", []string{"key"}, "read"},
		{"ignored alternatives", "", "[{key: []}, {basic: []}, {key: [], basic: []}, {oauth: [read]}]", []string{"key", "basic"}, "read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			top, members := "", "operationId: op, responses: {}"
			if tt.root != "" {
				top = "security: " + tt.root + "\n"
			}
			if tt.security != "" {
				members += ", security: " + tt.security
			}
			for _, version := range []string{"3.0.3", "3.1.0", "3.2.0"} {
				text := document(top, path("/orders", "get "+strings.Replace(members, "{}", "{default: {description: d}}", 1)))
				policy, err := openapi.Load([]byte(strings.Replace(text, "3.1.0", version, 1)), openapi.Config{IgnoreSchemes: tt.ignore})
				if err != nil {
					t.Fatal(version, err)
				}
				if got := rules(policy); !slices.Equal(got, []string{"op: GET /orders: " + tt.want}) {
					t.Errorf("%s: got %q, want %s", version, got, tt.want)
				}
			}
		})
	}
}

const open = "security: []"

func TestRoutes(t *testing.T) {
	server := func(urls ...string) string {
		var all []string
		for _, u := range urls {
			all = append(all, "{url: \""+u+"\"}")
		}
		return "servers: [" + strings.Join(all, ", ") + "]"
	}
	const sub = "servers: [{url: \"https://{host}/{version}\", variables: {host: {default: h}, version: {default: v7}}}]\n"
	tests := []struct {
		name string
		top  string
		path string
		c    openapi.Config
		want []string
	}{
		{"methods", "", path("/a", "put operationId: p, "+open, "get operationId: g, "+open, "head "+open), openapi.Config{}, []string{"g: GET /a", "HEAD /a: HEAD /a", "p: PUT /a"}},
		{"paths in order", "", path("/b", "get "+open) + path("/a", "get "+open), openapi.Config{}, []string{"GET /a: GET /a", "GET /b: GET /b"}},
		{"parameter", "", path("/a/{id}", "get "+id+", "+open), openapi.Config{}, []string{"GET /a/{id}: GET /a/{id}"}},
		{"parameter within a segment", "", path("/a/{id}.json", "get "+id+", "+open), openapi.Config{}, []string{"GET /a/{id}.json: GET /a/{id}.json"}},
		{"colon within a segment", "", path("/a/{id}:close", "get "+id+", "+open), openapi.Config{}, []string{"GET /a/{id}:close: GET /a/{id}:close"}},
		{"root", "", path("/", "get "+open), openapi.Config{}, []string{"GET /: GET /"}},

		{"server", server("https://api.example.com/v1") + "\n", path("/a", "get "+open), openapi.Config{}, []string{"GET /a: GET /v1/a"}},
		{"server with final slash", server("https://api.example.com/v1/") + "\n", path("/a", "get "+open), openapi.Config{}, []string{"GET /a: GET /v1/a"}},
		{"server without path", server("https://api.example.com") + "\n", path("/a", "get "+open), openapi.Config{}, []string{"GET /a: GET /a"}},
		{"server of the same host", server("/v1") + "\n", path("/a", "get "+open), openapi.Config{}, []string{"GET /a: GET /v1/a"}},
		{"servers that agree", server("https://a/v1", "https://b/v1/") + "\n", path("/a", "get "+open), openapi.Config{}, []string{"GET /a: GET /v1/a"}},
		{"server with variables", sub, path("/a", "get "+open), openapi.Config{}, []string{"GET /a: GET /v7/a"}},
		{"server of the path", server("https://a/v1") + "\n", path("/a", "get "+open) + "    " + server("/v2") + "\n", openapi.Config{}, []string{"GET /a: GET /v2/a"}},
		{"server of the operation", server("https://a/v1") + "\n", path("/a", "get "+server("/v3")+", "+open) + "    " + server("/v2") + "\n", openapi.Config{}, []string{"GET /a: GET /v3/a"}},
		{"base path", server("https://a/v1", "https://b/v2") + "\n", path("/a", "get "+open), openapi.Config{BasePath: "/api/"}, []string{"GET /a: GET /api/a"}},
		{"no base path", server("https://a/v1") + "\n", path("/a", "get "+open), openapi.Config{BasePath: "/"}, []string{"GET /a: GET /a"}},
		{"webhooks and callbacks are not routes", "webhooks: {paid: {post: {}}}\n", path("/a", "get "+open+", callbacks: {done: {\"{$request.query.url}\": {post: {}}}}"), openapi.Config{}, []string{"GET /a: GET /a"}},
		{"path by reference, with a remark", "", path("/a", "get "+open) + "  /b: {$ref: \"#/paths/~1a\", summary: s, description: d, x-y: z, parameters: []}\n", openapi.Config{}, []string{"GET /a: GET /a", "GET /b: GET /b"}},
		{"path by reference", "", path("/a", "get "+open) + "  /b: {$ref: \"#/paths/~1a\"}\n", openapi.Config{}, []string{"GET /a: GET /a", "GET /b: GET /b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			policy, err := openapi.Load([]byte(document(tt.top, tt.path)), tt.c)
			if err != nil {
				t.Fatal(err)
			}
			got := rules(policy)
			for i := range got {
				got[i] = strings.TrimSuffix(got[i], ": public")
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	policy, err := openapi.Load([]byte(`{"openapi": "3.0.3", "info": {"title": "t", "version": "1"},
		"components": {"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}}},
		"paths": {"/a": {"get": {"operationId": "op", "security": [{"b": []}], "responses": {"200": {"description": "ok"}}}}}}`), openapi.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if got := rules(policy); !slices.Equal(got, []string{"op: GET /a: authenticated"}) {
		t.Errorf("got %q", got)
	}
}

func TestProblems(t *testing.T) {
	get := func(security string) string { return path("/a", "get security: "+security) }
	tests := []struct {
		name string
		text string
		c    openapi.Config
		want []string // parts, one for each line of the error
	}{
		{"no security", document("", path("/a", "get summary: s", "put "+open)), openapi.Config{}, []string{"GET /a: no security"}},
		{"security of nothing", document("security:\n", path("/a", "get security: ")), openapi.Config{}, []string{"GET /a: no security"}},
		{"misspelled security", document("security: []\n", path("/a", "get securty: [{oauth: [admin]}]")), openapi.Config{}, []string{"securty"}},
		{"security in another case", document("security: []\n", path("/a", "get Security: [{oauth: [admin]}]")), openapi.Config{}, []string{"Security"}},
		{"misspelled at the top", document("secuirty: []\n", get("[]")), openapi.Config{}, []string{"secuirty"}},
		{"security twice", document("", get("[{oauth: [admin]}], security: []")), openapi.Config{}, []string{"document: ", "\"security\" already defined"}},
		{"security twice in JSON", `{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": {"security": [{"b": []}], "security": []}}},
			"components": {"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}}}}`, openapi.Config{}, []string{"document: "}},
		{"second document", document("", get("[]")) + "---\n" + document("", get("[{oauth: [admin]}]")), openapi.Config{}, []string{"document: more than one document"}},
		{"path twice", document("", get("[{oauth: [admin]}]")+get("[]")), openapi.Config{}, []string{"document: ", "\"/a\" already defined"}},
		{"null in the list", document("", get("[{oauth: [admin]}, null]")), openapi.Config{}, []string{"GET /a: security: null in the list"}},
		{"null for scopes", document("", get("[{oauth: null}]")), openapi.Config{}, []string{`GET /a: security scheme "oauth": null`}},
		{"unknown scheme", document("", get("[{other: []}]")), openapi.Config{}, []string{`other`}},
		{"unknown scheme, which may be an address in 3.2", strings.Replace(document("", get("[{other: []}]")), "3.1.0", "3.2.0", 1), openapi.Config{}, []string{`GET /a: security scheme "other": not in the components`}},
		{"undeclared scope", document("", get("[{oauth: [read, delete]}]")), openapi.Config{}, []string{`GET /a: security scheme "oauth": scope "delete" is declared in none`}},
		{"undeclared scope by reference", document("", get("[{alias: [delete]}]")), openapi.Config{}, []string{`GET /a: security scheme "alias": scope "delete" is declared in none`}},
		{"two scopes in one", document("", get("[{oauth: [\"a b\"]}]")), openapi.Config{}, []string{`GET /a: security scheme "oauth": "a b" is not a scope-token`}},
		{"empty scope", document("", get("[{oidc: [\"\"]}]")), openapi.Config{}, []string{`GET /a: security scheme "oidc": "" is not a scope-token`}},
		{"roles", document("", get("[{bearer: [admin]}]")), openapi.Config{}, []string{`GET /a: security scheme "bearer": http has no scopes`}},
		{"apiKey", document("", get("[{key: []}]")), openapi.Config{}, []string{`GET /a: security scheme "key": a policy cannot ask for apiKey`}},
		{"apiKey as an alternative", document("", get("[{oauth: [read]}, {key: []}]")), openapi.Config{}, []string{`GET /a: security scheme "key": a policy cannot ask for apiKey`}},
		{"basic together", document("", get("[{oauth: [read], basic: []}]")), openapi.Config{}, []string{`GET /a: security scheme "basic": a policy cannot ask for http basic`}},
		{"nothing but ignored", document("", get("[{key: []}]")), openapi.Config{IgnoreSchemes: []string{"key"}}, []string{"GET /a: security: nothing but schemes that are ignored"}},
		{"ignored or nothing", document("", get("[{key: []}, {}]")), openapi.Config{IgnoreSchemes: []string{"key"}}, []string{"GET /a: security: nothing but schemes that are ignored"}},
		{"ignoring what is not there", document("", get("[]")), openapi.Config{IgnoreSchemes: []string{"key", "keys"}}, []string{`IgnoreSchemes[1]: the document has no security scheme "keys"`}},
		{"base path without slash", document("", get("[]")), openapi.Config{BasePath: "v1"}, []string{"BasePath: starts with a slash"}},

		{"operationId twice", document("", path("/a", "get operationId: x, "+open, "put operationId: x, "+open)), openapi.Config{}, []string{`"x"`}},
		{"operationId of a derived name", document("", path("/a", "get operationId: \"PUT /a\", "+open, "put "+open)), openapi.Config{}, []string{`PUT /a: GET /a has the operationId "PUT /a" already`}},
		{"operationId no name", document("", path("/a", "get operationId: \"a\\tb\", "+open)), openapi.Config{}, []string{"GET /a, operationId: required: 1 to 128 bytes"}},
		{"servers that differ", document("servers: [{url: /v1}, {url: /v2}]\n", get("[]")), openapi.Config{}, []string{`GET /a: its servers have different paths, "/v1" and "/v2"; set BasePath`}},
		{"server without meaning", document("servers: [{url: v1}]\n", get("[]")), openapi.Config{}, []string{`GET /a: server "v1" has no path that can be told`}},
		{"star", document("", path("/a/*", "get "+open)), openapi.Config{}, []string{`GET /a/*: "*" is text`}},
		{"colon", document("", path("/a/:batch", "get "+open)), openapi.Config{}, []string{`GET /a/:batch: ":" at the start`}},
		{"parameter for the rest", document("", path("/a/{id...}", "get "+strings.Replace(id, "id", "id...", 1)+", "+open)), openapi.Config{}, []string{"GET /a/{id...}: a parameter is {name}"}},
		{"parameter with an expression", document("", path("\"/a/{id:[0-9]+}\"", "get "+id+", "+open)), openapi.Config{}, []string{"GET /a/{id:[0-9]+}: a parameter is {name}"}},
		{"dots", document("", path("/a/../b", "get "+open)), openapi.Config{}, []string{`GET /a/../b: "GET /a/../b": malformed path`}},
		{"query", document("", path("\"/a?b=c\"", "get "+open)), openapi.Config{}, []string{"GET /a?b=c"}},
		{"operation beside a reference", document("", get("[{oauth: [admin]}]")+"  /b: {$ref: \"#/paths/~1a\", get: {"+open+"}}\n"), openapi.Config{}, []string{"/b: operations or servers beside $ref"}},
		{"servers beside a reference", document("", get("[{oauth: [admin]}]")+"  /b: {$ref: \"#/paths/~1a\", servers: [{url: /v1}]}\n"), openapi.Config{}, []string{"/b: operations or servers beside $ref"}},
		{"no operations", document("", "  /a: {}\n"), openapi.Config{}, []string{"paths: no operations"}},
		{"no paths", "openapi: 3.1.0\ninfo: {title: t, version: \"1\"}\n" + schemes, openapi.Config{}, []string{"paths: no operations"}},

		{"empty", "", openapi.Config{}, []string{"document: "}},
		{"null", "null", openapi.Config{}, []string{"document: "}},
		{"list", "[]", openapi.Config{}, []string{"document: "}},
		{"list in YAML", "- a", openapi.Config{}, []string{"document: "}},
		{"syntax", "openapi: [", openapi.Config{}, []string{"document: "}},
		{"Swagger", "swagger: \"2.0\"\ninfo: {title: t, version: \"1\"}\npaths: {}\n", openapi.Config{}, []string{"openapi: version"}},
		{"version 4", strings.Replace(document("", get("[]")), "3.1.0", "4.0.0", 1), openapi.Config{}, []string{"openapi: version"}},
		{"too large", document("", get("[]")) + "#" + strings.Repeat("x", openapi.MaxSize), openapi.Config{}, []string{"document: more than 8388608 bytes"}},

		{"everything is told", document("", path("/a", "get summary: s", "put security: [{key: []}, {oauth: [x]}]")), openapi.Config{BasePath: "v1"},
			[]string{"BasePath", "GET /a: no security", `PUT /a: security scheme "key"`, `PUT /a: security scheme "oauth": scope "x"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			policy, err := openapi.Load([]byte(tt.text), tt.c)
			if err == nil || policy != nil {
				t.Fatalf("loaded: %v, %v", policy, err)
			}
			lines := strings.Split(err.Error(), "\n")
			if !slices.EqualFunc(lines, tt.want, strings.Contains) {
				t.Errorf("got\n%v\nwant\n%s", err, strings.Join(tt.want, "\n"))
			}
			if _, ok := errors.AsType[*openapi.ConfigError](err); !ok {
				t.Errorf("%T", err)
			}
		})
	}
}

// Aliases of aliases do not grow without bounds.
func TestAliasBomb(t *testing.T) {
	text := "openapi: 3.1.0\ninfo: {title: t, version: \"1\"}\npaths: {}\nx-a: &a [x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'z'; c++ {
		text += "x-" + string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+", ", 8) + "]\n"
	}
	if _, err := openapi.Load([]byte(text), openapi.Config{}); err == nil || !strings.Contains(err.Error(), "excessive aliasing") {
		t.Errorf("got %v", err)
	}
}

// What a document refers to is not read, neither from files nor from the network.
func TestExternalReferences(t *testing.T) {
	file := filepath.Join(t.TempDir(), "path.yaml")
	if err := os.WriteFile(file, []byte("get: {security: []}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := document("", path("/a", "get "+open)+"  /b: {$ref: \""+file+"\"}\n")
	policy, err := openapi.Load([]byte(text), openapi.Config{})
	if err == nil {
		t.Fatalf("loaded: %v", rules(policy))
	}
	if !strings.Contains(err.Error(), "disallowed external reference") {
		t.Error(err)
	}
	document := filepath.Join(filepath.Dir(file), "openapi.yaml")
	if err := os.WriteFile(document, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if policy, err := openapi.LoadFile(document, openapi.Config{}); err == nil {
		t.Fatalf("loaded from a file: %v", rules(policy))
	}
}

func TestLoadFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "openapi.yaml")
	if _, err := openapi.LoadFile(name, openapi.Config{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	text := document("", path("/a", "get "+open))
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	policy, err := openapi.LoadFile(name, openapi.Config{BasePath: "/v1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := rules(policy); !slices.Equal(got, []string{"GET /a: GET /v1/a: public"}) {
		t.Errorf("got %q", got)
	}
	if err := os.WriteFile(name, []byte(text+"#"+strings.Repeat("x", openapi.MaxSize)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openapi.LoadFile(name, openapi.Config{}); err == nil || err.Error() != "document: more than 8388608 bytes" {
		t.Errorf("large: %v", err)
	}
}
