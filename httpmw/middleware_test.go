package httpmw_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

func TestRequire(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{})
	handler := auth.Require(scopes.All("a"))(tell)
	want(t, get(handler, "/", adaptertest.Bearer("a b")), 200, "worker")
	want(t, get(handler, "/", adaptertest.Bearer("b")), 403, "insufficient_scope")
	want(t, get(handler, "/"), 401, "required")
	want(t, get(auth.Require(scopes.Authenticated())(tell), "/", adaptertest.Bearer("")), 200, "worker")
}

// RFC 6750 §2.2 and §2.3, and cookies: not looked at.
func TestTokensElsewhere(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{})
	handler := auth.Require(scopes.Authenticated())(tell)
	token := adaptertest.Token("")
	query := httptest.NewRequest(http.MethodGet, "/?access_token="+token, nil)
	form := httptest.NewRequest(http.MethodPost, "/", nil)
	form.PostForm = map[string][]string{"access_token": {token}}
	cookie := httptest.NewRequest(http.MethodGet, "/", nil)
	cookie.AddCookie(&http.Cookie{Name: "access_token", Value: token})
	proxy := httptest.NewRequest(http.MethodGet, "/", nil)
	proxy.Header.Set("Proxy-Authorization", "Bearer "+token)
	for _, r := range []*http.Request{query, form, cookie, proxy} {
		want(t, do(handler, r), 401, "required")
	}
}

func TestOptional(t *testing.T) {
	handler := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{}).Optional(scopes.All("a"))(tell)
	tests := []struct {
		authorization []string
		status        int
		body          string
	}{
		{nil, 200, "nobody"},
		{[]string{adaptertest.Bearer("a")}, 200, "worker"},
		{[]string{adaptertest.Bearer("b")}, 403, "insufficient_scope"},
		{[]string{"Bearer x"}, 401, "invalid_token"},
		{[]string{"Basic eA=="}, 401, "required"},
		{[]string{""}, 400, "invalid_request"},
	}
	for _, test := range tests {
		want(t, get(handler, "/", test.authorization...), test.status, test.body)
	}
}

func TestCheck(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", adaptertest.Bearer("a"))

	token, err := auth.Check(r, scopes.All("a"))
	if err != nil || token.ClientID() != "worker" {
		t.Errorf("Check: %v, %v", token, err)
	}
	for requirement, code := range map[string]validator.Code{"b": validator.CodeInsufficientScope, "": validator.CodeOperationNotAllowed} {
		var needed scopes.Requirement
		if requirement != "" {
			needed = scopes.All(requirement)
		}
		token, err := auth.Check(r, needed)
		refusal, ok := errors.AsType[*validator.Error](err)
		if token != nil || !ok || refusal.Code() != code {
			t.Errorf("Check for %q: %v, %v; want %v", requirement, token, err, code)
		}
	}
}

func TestDenyWithOtherErrors(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{})
	missing := validator.NewError(validator.CodeCredentialsMissing, nil)
	tests := map[string]struct {
		err    error
		status int
	}{
		"foreign":        {errors.New("PRIVATE"), 500},
		"nil":            {nil, 500},
		"typed nil":      {(*validator.Error)(nil), 500},
		"wrapped":        {fmt.Errorf("PRIVATE: %w", missing), 401},
		"code of no row": {validator.NewError(validator.Code(250), nil), 500},
		"zero error":     {new(validator.Error), 500},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			auth.Deny(w, httptest.NewRequest(http.MethodGet, "/", nil), test.err)
			body := `{"error_description":"Internal error."}` + "\n"
			if test.status == 401 {
				body = `{"error_description":"An access token is required."}` + "\n"
			}
			if w.Code != test.status || w.Body.String() != body {
				t.Errorf("%d %q, want %d %q", w.Code, w.Body, test.status, body)
			}
		})
	}
}

func TestBodyHook(t *testing.T) {
	const problem = "application/problem+json"
	hooks := map[string]struct {
		hook        func(*http.Request, *validator.Error) (string, []byte)
		contentType string
		body        string
	}{
		"replaces": {func(r *http.Request, refusal *validator.Error) (string, []byte) {
			r.Header.Set("WWW-Authenticate", "Basic")
			return problem, []byte(r.URL.Path + " " + refusal.Code().String())
		}, problem, "/x TOKEN_MALFORMED"},
		"has nothing to say": {func(*http.Request, *validator.Error) (string, []byte) { return "", []byte("x") },
			"application/json", `{"error":"invalid_token","error_description":"The access token is not a compact JWS."}` + "\n"},
		"panics": {func(*http.Request, *validator.Error) (string, []byte) { panic(http.ErrAbortHandler) },
			"application/json", `{"error":"invalid_token","error_description":"The access token is not a compact JWS."}` + "\n"},
	}
	for name, test := range hooks {
		t.Run(name, func(t *testing.T) {
			auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Body: test.hook})
			w := get(auth.Require(scopes.Authenticated())(tell), "/x", "Bearer x")
			if w.Code != 401 || w.Body.String() != test.body || w.Header().Get("Content-Type") != test.contentType {
				t.Errorf("%d %s %q", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			if got := w.Header().Values("WWW-Authenticate"); len(got) != 1 || got[0] != `Bearer realm="api", error="invalid_token", error_description="The access token is not a compact JWS."` {
				t.Errorf("challenge %q", got)
			}
		})
	}
}

func TestHeadersSetBefore(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{})
	guarded := auth.Require(scopes.All("a"))(tell)
	outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Access-Control-Allow-Origin": "https://app.example.com", "Vary": "Origin", "X-Request-Id": "1",
			"Content-Length": "3", "ETag": `"1"`, "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT", "Content-Type": "text/html",
			"Cache-Control": "public, max-age=60", "WWW-Authenticate": "Basic", "Retry-After": "9",
		} {
			w.Header().Set(name, value)
		}
		w.Header().Add("WWW-Authenticate", "Digest")
		// Spellings that net/http does not use itself.
		w.Header()["WWW-Authenticate"] = []string{"Negotiate"}
		w.Header()["cache-control"] = []string{"public"}
		w.Header()["EXPIRES"] = []string{"Thu, 01 Jan 2099 00:00:00 GMT"}
		guarded.ServeHTTP(w, r)
	})
	url, client := serve(t, "HTTP/1.1", outer)
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || string(body) != `{"error_description":"An access token is required."}`+"\n" {
		t.Errorf("body %q, %v", body, err)
	}
	for name, value := range map[string]string{
		"Access-Control-Allow-Origin": "https://app.example.com", "Vary": "Origin", "X-Request-Id": "1",
		"Expires": "", "ETag": "", "Last-Modified": "", "Content-Type": "application/json", "X-Content-Type-Options": "nosniff",
		"Cache-Control": "no-store", "WWW-Authenticate": `Bearer realm="api"`, "Retry-After": "",
	} {
		if got := response.Header.Values(name); len(got) > 1 || response.Header.Get(name) != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	// Where the table has no challenge, nobody else's gets through either.
	w := httptest.NewRecorder()
	w.Header().Set("WWW-Authenticate", "Basic")
	auth.Deny(w, httptest.NewRequest(http.MethodGet, "/", nil), validator.NewError(validator.CodeOperationNotAllowed, nil))
	if got := w.Header().Values("WWW-Authenticate"); len(got) != 0 {
		t.Errorf("challenge %q, want none", got)
	}
}

// Middleware that compresses on the fly, as it is commonly written: the
// encoding must still be true of what goes over the wire.
func TestCompressionOutside(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{})
	guarded := auth.Require(scopes.All("a"))(tell)
	url, client := serve(t, "HTTP/1.1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer func() { _ = z.Close() }()
		guarded.ServeHTTP(gzipWriter{w, z}, r)
	}))
	response, err := client.Get(url) // decodes gzip
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != `{"error_description":"An access token is required."}`+"\n" {
		t.Errorf("body %q, %v", body, err)
	}
}

type gzipWriter struct {
	http.ResponseWriter
	z *gzip.Writer
}

func (w gzipWriter) Write(b []byte) (int, error) { return w.z.Write(b) }

// The handler gets the very writer of the server, so that it can flush, hijack
// and whatever else a writer can.
func TestWriterIsNotWrapped(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{})
	mux := auth.NewMux()
	var got http.ResponseWriter
	keep := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { got = w })
	mux.Handle("/orders", scopes.All("a"), auth.Require(scopes.All("a"))(auth.Optional(scopes.All("a"))(keep)))
	if w := get(mux, "/orders", adaptertest.Bearer("a")); got != http.ResponseWriter(w) {
		t.Errorf("the handler got a %T", got)
	}
}

// A handler's panic is the server's, whatever its value.
func TestPanicOfHandlerPasses(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{})
	handler := auth.Require(scopes.All("a"))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("recovered %v", p)
		}
	}()
	get(handler, "/", adaptertest.Bearer("a"))
}

func TestWiringPanics(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{})
	need := scopes.All("a")
	mux := auth.NewMux()
	mux.Public("GET /public", tell)
	wirings := map[string]func(){
		"Require zero":         func() { auth.Require(scopes.Requirement{}) },
		"Optional zero":        func() { auth.Optional(scopes.Requirement{}) },
		"Require nil":          func() { auth.Require(need)(nil) },
		"Require nil function": func() { auth.Require(need)(http.HandlerFunc(nil)) },
		"Handle zero":          func() { mux.Handle("/a", scopes.Requirement{}, tell) },
		"Handle nil":           func() { mux.Handle("/b", need, nil) },
		"HandleFunc nil":       func() { mux.HandleFunc("/c", need, nil) },
		"Optional route zero":  func() { mux.Optional("/d", scopes.Requirement{}, tell) },
		"Optional route nil":   func() { mux.Optional("/e", need, nil) },
		"Public nil":           func() { mux.Public("/f", nil) },
		"Public nil function":  func() { mux.Public("/g", http.HandlerFunc(nil)) },
		"pattern twice":        func() { mux.Handle("GET /public", need, tell) },
		"bad pattern":          func() { mux.Handle("GET", need, tell) },
		"no pattern":           func() { mux.Public("", tell) },
	}
	for name, wire := range wirings {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			wire()
		})
	}
	if routes := mux.Routes(); len(routes) != 1 {
		t.Errorf("a failed registration left a route: %v", routes)
	}
}

// counter counts validations.
type counter struct {
	validator.Authenticator
	n atomic.Int32
}

func (c *counter) Validate(ctx context.Context, credential validator.Credential) (*validator.Token, error) {
	c.n.Add(1)
	return c.Authenticator.Validate(ctx, credential)
}

func TestNestedRequireValidatesOnce(t *testing.T) {
	a := &counter{Authenticator: adaptertest.NewValidator(nil)}
	auth := newAuth(t, a, httpmw.Config{})
	mux := auth.NewMux()
	mux.Handle("/orders", scopes.All("b"), tell)
	handler := auth.Require(scopes.All("a"))(mux)

	want(t, get(handler, "/orders", adaptertest.Bearer("a b")), 200, "worker")
	if n := a.n.Load(); n != 1 {
		t.Errorf("%d validations, want 1", n)
	}
	want(t, get(handler, "/orders", adaptertest.Bearer("a")), 403, "insufficient_scope")
	want(t, get(handler, "/none", adaptertest.Bearer("a")), 404, "not found")
	if n := a.n.Load(); n != 3 {
		t.Errorf("%d validations, want 3", n)
	}
}
