package httpmw_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// handlerNamed answers with its name, the pattern and the wildcard {id}.
func handlerNamed(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s|%s|%s", name, r.Pattern, r.PathValue("id"))
	})
}

func newMux(auth *httpmw.Auth) *httpmw.Mux {
	mux := auth.NewMux()
	mux.Handle("GET /orders", scopes.All("read"), handlerNamed("list"))
	mux.HandleFunc("POST /orders", scopes.All("write"), handlerNamed("create").ServeHTTP)
	mux.Handle("GET /orders/{id}", scopes.All("read"), handlerNamed("get"))
	mux.Handle("/admin/", scopes.All("admin"), handlerNamed("admin"))
	mux.Public("GET /healthz", handlerNamed("health"))
	mux.Public("/docs/", handlerNamed("docs"))
	mux.Public("admin.example.com/orders", handlerNamed("host"))
	mux.Optional("GET /catalogue", scopes.All("read"), handlerNamed("catalogue"))
	return mux
}

func TestMux(t *testing.T) {
	mux := newMux(newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{}))
	read := adaptertest.Bearer("read")
	tests := []struct {
		method, target, authorization string
		status                        int
		body                          string
	}{
		{"GET", "/orders", "", 401, "required"},
		{"GET", "/orders", read, 200, "list|GET /orders|"},
		{"GET", "/orders?a=b", read, 200, "list"},
		{"HEAD", "/orders", "", 401, ""},
		{"HEAD", "/orders", read, 200, "list"}, // the recorder keeps what a server drops
		{"HEAD", "/orders", adaptertest.Bearer("write"), 403, ""},
		{"POST", "/orders", read, 403, "insufficient_scope"},
		{"POST", "/orders", adaptertest.Bearer("write"), 200, "create"},
		{"GET", "/orders/7", read, 200, "get|GET /orders/{id}|7"},
		{"GET", "/orders/7", "", 401, "required"},

		// An encoded slash is part of a segment, not a separator.
		{"GET", "/orders/a%2Fb", read, 200, "get|GET /orders/{id}|a/b"},
		{"GET", "/orders%2F7", read, 404, "not found"},
		{"GET", "/orders%2F7", "", 401, "required"},
		{"GET", "/admin%2Fx", read, 404, "not found"},
		{"GET", "/docs%2F..%2Fadmin%2F", "", 401, "required"},

		{"GET", "/admin/x", read, 403, "insufficient_scope"},
		{"GET", "/admin/", read, 403, "insufficient_scope"},
		{"GET", "/admin/x", adaptertest.Bearer("admin"), 200, "admin"},

		{"GET", "/healthz", "", 200, "health"},
		{"GET", "/healthz", "Bearer x", 200, "health"},
		{"GET", "/docs/a", "", 200, "docs"},
		{"GET", "/catalogue", "", 200, "catalogue"},
		{"GET", "/catalogue", read, 200, "catalogue"},
		{"GET", "/catalogue", "Bearer x", 401, "invalid_token"},
		{"GET", "/catalogue", adaptertest.Bearer(""), 403, "insufficient_scope"},

		// The host is part of the pattern.
		{"GET", "http://admin.example.com/orders", "", 200, "host"},
		{"GET", "http://admin.example.com:8080/orders", "", 200, "host"},
		{"GET", "http://other.example.com/orders", "", 401, "required"},

		// What the ServeMux would answer by itself is for known callers only.
		{"GET", "/none", "", 401, "required"},
		{"GET", "/none", "Bearer x", 401, "invalid_token"},
		{"GET", "/none", read, 404, "not found"},
		{"DELETE", "/orders", "", 401, "required"},
		{"DELETE", "/orders", read, 405, "Not Allowed"},
		{"POST", "/healthz", "", 401, "required"},
		{"POST", "/healthz", read, 405, "Not Allowed"},
		{"OPTIONS", "/orders", "", 401, "required"},
		{"OPTIONS", "/orders", read, 405, "Not Allowed"},
		{"GET", "/admin", "", 401, "required"},
		{"GET", "/admin", read, 307, ""},
		{"GET", "/docs", "", 401, "required"},
		{"GET", "/docs", read, 307, ""},
		{"GET", "//orders", "", 401, "required"},
		{"GET", "//orders", read, 307, ""},
		{"GET", "/docs/../admin/", "", 401, "required"},
		{"GET", "/docs/../admin/", read, 307, ""},
		{"GET", "/healthz/../orders", "", 401, "required"},
		{"CONNECT", "/admin", "", 401, "required"},
		{"CONNECT", "/admin", read, 307, ""},
		{"CONNECT", "/orders", "", 401, "required"},
		{"CONNECT", "/admin/../orders", "", 401, "required"},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.target, func(t *testing.T) {
			r := httptest.NewRequest(test.method, test.target, nil)
			var authorization []string
			if test.authorization != "" {
				authorization = []string{test.authorization}
			}
			w := do(mux, r, authorization...)
			want(t, w, test.status, test.body)
			if test.method == "HEAD" && test.status >= 400 && w.Body.Len() > 0 {
				t.Errorf("body %q", w.Body)
			}
			if test.status < 300 || test.status == 401 || test.status == 403 {
				if w.Header().Get("Allow")+w.Header().Get("Location") != "" {
					t.Errorf("the answer tells about routes: %v", w.Header())
				}
			}
			if test.status == 405 && w.Header().Get("Allow") == "" {
				t.Error("405 without Allow")
			}
		})
	}
}

func TestEmptyMux(t *testing.T) {
	mux := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{}).NewMux()
	want(t, get(mux, "/"), 401, "required")
	want(t, get(mux, "/", adaptertest.Bearer("")), 404, "not found")
	if len(mux.Routes()) != 0 {
		t.Errorf("routes %v", mux.Routes())
	}
}

// Request targets that a client of net/http does not send.
func TestMuxRequestTargets(t *testing.T) {
	mux := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{}).NewMux()
	mux.Public("/", handlerNamed("public"))
	server := httptest.NewUnstartedServer(mux)
	server.Config.DisableGeneralOptionsHandler = true // or "OPTIONS *" does not come through
	server.Start()
	t.Cleanup(server.Close)
	credentials := "Authorization: " + adaptertest.Bearer("") + "\r\n"
	tests := []struct {
		start, header string
		status        int
	}{
		{"OPTIONS *", "", 401},
		{"OPTIONS *", credentials, 400},
		{"CONNECT *", "", 401},
		{"CONNECT *", credentials, 400},
		{"CONNECT api.example.com:443", "", 401}, // it has no path that a pattern could match
		{"GET http://api.example.com/a", "", 200},
		{"GET /a", "", 200},
		{"GET /./a", "", 401},
	}
	for _, test := range tests {
		t.Run(test.start, func(t *testing.T) {
			response := raw(t, server.Listener.Addr().String(), test.start+" HTTP/1.1\r\nHost: x\r\n"+test.header+"Connection: close\r\n\r\n")
			if response.StatusCode != test.status {
				t.Errorf("%d, want %d", response.StatusCode, test.status)
			}
		})
	}
}

// ServeMux refuses "*" by what stood in the request line, also where middleware
// outside has changed the URL since.
func TestMuxRewrittenTarget(t *testing.T) {
	mux := newMux(newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{}))
	r := httptest.NewRequest(http.MethodGet, "/healthz", nil)
	r.RequestURI = "*"
	want(t, do(mux, r), 401, "required")
	want(t, do(mux, r, adaptertest.Bearer("")), 400, "")
}

// raw sends bytes and reads the answer.
func raw(t *testing.T, address, request string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	// A server may refuse a request before it has read all of it.
	go func() { _, _ = conn.Write([]byte(request)) }()
	method, _, _ := strings.Cut(request, " ")
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func TestRoutes(t *testing.T) {
	mux := newMux(newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{}))
	var got []string
	for _, route := range mux.Routes() {
		got = append(got, fmt.Sprintf("%s: %v public=%v optional=%v", route.Pattern, route.Requirement, route.Public, route.Optional))
	}
	want := []string{
		"GET /orders: read public=false optional=false",
		"POST /orders: write public=false optional=false",
		"GET /orders/{id}: read public=false optional=false",
		"/admin/: admin public=false optional=false",
		"GET /healthz: no rule public=true optional=false",
		"/docs/: no rule public=true optional=false",
		"admin.example.com/orders: no rule public=true optional=false",
		"GET /catalogue: read public=false optional=true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("routes %q\nwant   %q", got, want)
	}
	mux.Routes()[0].Public = true
	if mux.Routes()[0].Public {
		t.Error("the caller's slice is the mux's own")
	}
}

// Operations in logs and hooks are patterns, never what the caller wrote.
func TestOperations(t *testing.T) {
	var got []string
	auth := newAuth(t, adaptertest.NewValidator(func(c *validator.Config) {
		c.OnDecision = func(_ context.Context, d validator.Decision) { got = append(got, d.Operation) }
	}), httpmw.Config{})
	mux := newMux(auth)
	outer := http.NewServeMux()
	outer.Handle("/v1/", http.StripPrefix("/v1", mux))

	get(mux, "/orders/7", adaptertest.Bearer("read"))
	get(mux, "/orders/7")
	get(mux, "/admin/x")
	get(mux, "/secret")
	do(mux, httptest.NewRequest("BREW", "/secret", nil))
	get(auth.Require(scopes.All("read"))(tell), "/secret")
	get(outer, "/v1/orders/7")
	get(outer, "/v1/secret")
	want := []string{
		"GET /orders/{id}", "GET /orders/{id}", "GET /admin/", "GET (unrouted)", "_OTHER (unrouted)",
		"GET (unrouted)", "GET /orders/{id}", "GET (unrouted)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("operations %q\nwant       %q", got, want)
	}
}
