package adaptertest

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
)

// guarded are the operations of the API under attack, by the one scope that each
// needs; the empty scope is public. No two have the same.
var guarded = map[string][]string{
	"":       {"GET /public", "GET /public/files/{rest...}"},
	"list":   {"GET /orders"},
	"get":    {"GET /orders/{id}"},
	"create": {"POST /orders"},
	"delete": {"DELETE /orders/{id}"},
	"admin":  {"GET /admin/{rest...}", "POST /admin/{rest...}"},
	"host":   {"GET admin.example.com/orders"},
}

// A Bypass is an attempt to get a request to a handler past its rule.
type Bypass struct {
	mu      sync.Mutex
	reached []string
}

// Policy returns the rules of the API under attack.
func (*Bypass) Policy() *scopes.Policy {
	var operations []scopes.Operation
	for scope, routes := range guarded {
		o := scopes.Operation{Name: "scope:" + scope, Public: scope == "", HTTP: routes}
		if !o.Public {
			o.Requirement = scopes.All(scope)
		}
		operations = append(operations, o)
	}
	policy, err := scopes.NewPolicy(operations...)
	if err != nil {
		panic(err)
	}
	return policy
}

// Routes calls register for each route with the function that its handler calls.
func (b *Bypass) Routes(register func(route string, reached func())) {
	for scope, routes := range guarded {
		for _, route := range routes {
			register(route, func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.reached = append(b.reached, scope)
			})
		}
	}
}

func (b *Bypass) take() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.reached
	b.reached = nil
	return taken
}

// targets are request targets that a server, a proxy or a router may take for
// another path than the one that is written there.
func targets() []string {
	all := []string{"*", "/", "", "x", "/none", "http://x", "http://admin.example.com/orders", "x:80", "/" + strings.Repeat("a/", 4096)}
	for _, path := range []string{"/orders", "/orders/7", "/admin/x", "/admin/", "/public", "/public/files/a"} {
		last := path[strings.LastIndex(path, "/")+1:]
		all = append(all,
			path, path+"/", path+"//", "/"+path, "//"+path, "/."+path, path+"/.", path+"/..", path+"/../"+last,
			"/public/.."+path, "/public/../.."+path, "/public/%2e%2e"+path, "/public/%2E%2E"+path, "/public/.%2e"+path,
			"/public/files/../.."+path, "/public/files/%2e%2e/%2e%2e"+path, "/public/files/..%2f..%2f"+path[1:], "/public/files/%2e%2e%2f%2e%2e%2f"+path[1:],
			"/public/%252e%252e"+path, "/public/..;"+path, "/public;/.."+path, "/public/..%5c"+path[1:], "/public\\.."+path, "/public/files/%c0%ae%c0%ae"+path,
			"/public%2f.."+path, "/public?/../"+path, "/public#"+path, "/public%3f"+path, "/public%00"+path, "/public%0a"+path, "/public%20"+path,
			strings.ToUpper(path), "/"+strings.ToUpper(path[1:2])+path[2:], "/%"+fmt.Sprintf("%02x", path[1])+path[2:], "/"+strings.ReplaceAll(path[1:], "/", "%2f"),
			"/%2f"+path[1:], "%2f"+path[1:], "\\"+path[1:], path+";a=b", path+"%3ba=b", path+"%00", path+"%00.json", path+"%0d%0a", path+"%20", path+".json", path+"?a=/public", path+"#a",
			path+"/%2e", path+"/%2e%2e", path+"/x/..", path+"/%2e%2e/"+last, path+"%2f", path+"%252f", path+"%5c", path+"\\",
			"http://x"+path, "https://x"+path, "http://admin.example.com"+path, "http://user@x"+path, "//admin.example.com"+path, "http:///"+path[1:], "x"+path,
			"/\u2025"+path, "/\uff0e\uff0e"+path, path+"\u200b", strings.Replace(path, "s", "\u017f", 1),
		)
	}
	return all
}

// headers are fields by which some servers and frameworks change their minds about
// method, path and host. Each is sent with some of the targets.
var headers = []string{
	"", "", "",
	"X-HTTP-Method-Override: GET\r\nX-HTTP-Method: GET\r\nX-Method-Override: GET\r\n",
	"X-HTTP-Method-Override: POST\r\n",
	"X-HTTP-Method-Override: DELETE\r\n",
	"X-Original-URL: /public\r\nX-Rewrite-URL: /public\r\n",
	"X-Original-URL: /admin/x\r\nX-Rewrite-URL: /admin/x\r\n",
	"X-Forwarded-Host: admin.example.com\r\nX-Forwarded-Prefix: /public\r\nForwarded: host=admin.example.com\r\n",
	"Origin: https://app.example.com\r\nAccess-Control-Request-Method: GET\r\n",
	"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
}

var methods = []string{"GET", "HEAD", "POST", "DELETE", "OPTIONS"}

var oddMethods = []string{"CONNECT", "PUT", "PATCH", "TRACE", "PROPFIND", "BREW", "get", "Get", "GET\t", "", "*", "echo_route_not_found", "GET,POST"}

// requests are the attempts, with %s where the credential's header field stands.
func requests() []string {
	const more = "%sContent-Length: 0\r\nConnection: close\r\n\r\n"
	var all []string
	add := func(method, target, version, host string) {
		target = strings.ReplaceAll(target, "%", "%%")
		all = append(all, method+" "+target+" "+version+"\r\n"+host+headers[len(all)%len(headers)]+more)
	}
	hosts := []string{"Host: x\r\n", "Host: x\r\n", "Host: admin.example.com\r\n", "Host: ADMIN.example.com:80\r\n"}
	for i, target := range targets() {
		for j, method := range methods {
			add(method, target, "HTTP/1.1", hosts[(i+j)%len(hosts)])
		}
		add(oddMethods[i%len(oddMethods)], target, "HTTP/1.1", hosts[i%len(hosts)])
	}
	for _, path := range []string{"/orders", "/orders/7", "/admin/x", "/public"} {
		for _, method := range oddMethods {
			add(method, path, "HTTP/1.1", "Host: x\r\n")
		}
		for _, version := range []string{"HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "http/1.1", ""} {
			add("GET", path, version, "Host: x\r\n")
			add("GET", path, version, "")
		}
		for _, host := range []string{"", "Host:\r\n", "Host: admin.example.com.\r\n", "Host: admin.example.com/orders\r\n", "Host: x\r\nHost: admin.example.com\r\n", "Host: x@admin.example.com\r\n"} {
			add("GET", path, "HTTP/1.1", host)
		}
	}
	return append(all, smuggled()...)
}

// smuggled are two requests in one connection, of which a server may see one, or
// see the second with the credential of the first.
func smuggled() []string {
	const inner = "GET /admin/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(inner), inner)
	var all []string
	for _, head := range []string{
		"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding : chunked\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "Content-Length: 0\r\n", "Content-Length: 0\r\nContent-Length: 5\r\n", "Content-Length: +0\r\n", " Content-Length: 0\r\n",
	} {
		for _, start := range []string{"POST /orders", "GET /public", "GET /orders"} {
			all = append(all, start+" HTTP/1.1\r\nHost: x\r\n%s"+head+"\r\n"+chunked, start+" HTTP/1.1\r\nHost: x\r\n%s"+head+"\r\n0\r\n\r\n"+inner)
		}
	}
	return all
}

// Run sends the attempts to a server with these routes, each without a token and
// with tokens for one operation, and fails the test if a handler is reached that
// this token does not let in. So that it tells something, every handler has to be
// reached by somebody. With a step of more than 1, only one attempt in so many is sent.
func (b *Bypass) Run(t *testing.T, address string, step int) {
	t.Helper()
	credentials := map[string]string{"": ""}
	for scope := range guarded {
		if scope != "" {
			credentials[scope] = "Authorization: " + Bearer(scope) + "\r\n"
		}
	}
	seen := map[string]int{}
	attempts := requests()
	for i, request := range attempts {
		if i%step != 0 {
			continue
		}
		for scope, credential := range credentials {
			raw := fmt.Sprintf(request, credential)
			deliver(t, address, raw, true)
			for _, reached := range b.take() {
				if seen[reached]++; reached != "" && reached != scope {
					line, _, _ := strings.Cut(raw, "\r\n")
					t.Errorf("the handler for %q was reached with a token for %q by %q", reached, scope, line)
				}
			}
		}
	}
	for scope := range guarded {
		// The plain way in, so that a refusal above is not that of a server which refuses everything.
		method, target, _ := strings.Cut(guarded[scope][0], " ")
		host, path, _ := strings.Cut(target, "/")
		path = strings.NewReplacer("{id}", "7", "{rest...}", "x").Replace(path)
		if host == "" {
			host = "x"
		}
		deliver(t, address, method+" /"+path+" HTTP/1.1\r\nHost: "+host+"\r\n"+credentials[scope]+"Content-Length: 0\r\nConnection: close\r\n\r\n", false)
		if got := b.take(); !slices.Equal(got, []string{scope}) {
			t.Errorf("the handler for %q was not reached: %q", scope, got)
		}
		if seen[scope] == 0 && step == 1 {
			t.Errorf("no attempt reached the handler for %q", scope)
		}
	}
	t.Logf("%d attempts, reached: %v", len(attempts), seen)
}

// deliver sends bytes and reads whatever comes back, until the server has done
// with the connection. If this is all, the server is told, so that it does not wait
// for the rest of what is no whole request. A whole one it may then give up, because
// the client seems to have left.
func deliver(t *testing.T, address, raw string, all bool) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(conn, raw) // the server may have refused it already
	if all {
		_ = conn.(*net.TCPConn).CloseWrite()
	}
	_, err = io.Copy(io.Discard, conn)
	if e, ok := err.(net.Error); ok && e.Timeout() {
		t.Errorf("no end: %.100q", raw)
	}
}
