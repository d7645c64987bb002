package httpmw_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

func newPolicy(t testing.TB, operations ...scopes.Operation) *scopes.Policy {
	t.Helper()
	policy, err := scopes.NewPolicy(operations...)
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// shop is a policy with a rule of every kind.
func shop(t testing.TB) *scopes.Policy {
	return newPolicy(t,
		scopes.Operation{Name: "list", Requirement: scopes.All("read"), HTTP: []string{"GET /orders"}, GRPC: []string{"/shop.Orders/List"}},
		scopes.Operation{Name: "get", Requirement: scopes.All("read"), HTTP: []string{"GET /orders/{id}"}},
		scopes.Operation{Name: "basket", Requirement: scopes.All("basket"), HTTP: []string{"GET /basket", "PUT /basket"}},
		scopes.Operation{Name: "empty", Requirement: scopes.All("write"), HTTP: []string{"DELETE /basket"}},
		scopes.Operation{Name: "terms", Public: true, HTTP: []string{"GET /terms", "OPTIONS /basket"}},
		scopes.Operation{Name: "admin", Requirement: scopes.All("admin"), HTTP: []string{"* /admin/{rest...}"}},
		scopes.Operation{Name: "catalogue", Requirement: scopes.All("read"), Optional: true, HTTP: []string{"GET /catalogue"}},
		scopes.Operation{Name: "new", Requirement: scopes.All("rare"), Shadow: true, HTTP: []string{"GET /new"}},
		scopes.Operation{Name: "gold", Requirement: scopes.ACR("gold"), Shadow: true, HTTP: []string{"GET /gold"}},
	)
}

func newShop(auth *httpmw.Auth) *httpmw.Mux {
	mux := auth.NewMux()
	mux.BindFunc("GET /orders", handlerNamed("list").ServeHTTP)
	mux.Bind("GET /orders/{order}", handlerNamed("get")) // the name of a wildcard is its own business
	mux.Bind("/basket", handlerNamed("basket"))          // three rules, by method
	mux.Bind("GET /terms", handlerNamed("terms"))
	mux.Bind("/admin/{path...}", handlerNamed("admin"))
	mux.Bind("GET /catalogue", handlerNamed("catalogue"))
	mux.Bind("GET /new", handlerNamed("new"))
	mux.Bind("GET /gold", handlerNamed("gold"))
	return mux
}

func TestBind(t *testing.T) {
	mux := newShop(newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Policy: shop(t)}))
	read, basket := adaptertest.Bearer("read"), adaptertest.Bearer("basket")
	tests := []struct {
		method, target, authorization string
		status                        int
		body                          string
	}{
		{"GET", "/orders", read, 200, "list|GET /orders|"},
		{"HEAD", "/orders", read, 200, ""},
		{"GET", "/orders", basket, 403, "insufficient_scope"},
		{"GET", "/orders", "", 401, "required"},
		{"GET", "/orders/7", read, 200, "get|"},
		{"GET", "/orders/7", basket, 403, "insufficient_scope"},

		{"GET", "/basket", basket, 200, "basket"},
		{"HEAD", "/basket", basket, 200, ""},
		{"PUT", "/basket", basket, 200, "basket"},
		{"DELETE", "/basket", basket, 403, "insufficient_scope"},
		{"DELETE", "/basket", adaptertest.Bearer("write"), 200, "basket"},
		{"GET", "/basket", adaptertest.Bearer("write"), 403, "insufficient_scope"},
		{"OPTIONS", "/basket", "", 200, "basket"}, // public
		{"PATCH", "/basket", "", 401, "required"},
		{"PATCH", "/basket", basket, 403, "not allowed"}, // no rule
		{"BREW", "/basket", basket, 403, "not allowed"},
		{"get", "/basket", basket, 403, "not allowed"},

		{"GET", "/terms", "", 200, "terms"},
		{"GET", "/terms", "Bearer x", 200, "terms"},
		{"DELETE", "/admin/a/b", read, 403, "insufficient_scope"},
		{"BREW", "/admin/a/b", adaptertest.Bearer("admin"), 200, "admin"},
		{"GET", "/catalogue", "", 200, "catalogue"},
		{"GET", "/catalogue", "Bearer x", 401, "invalid_token"},
		{"GET", "/catalogue", basket, 403, "insufficient_scope"},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.target, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, test.target, nil)
			r.Method = test.method
			var authorization []string
			if test.authorization != "" {
				authorization = []string{test.authorization}
			}
			want(t, do(mux, r, authorization...), test.status, test.body)
		})
	}
}

func TestBindPanics(t *testing.T) {
	mux := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Policy: shop(t)}).NewMux()
	ok := handlerNamed("")
	for name, test := range map[string]struct {
		f    func()
		want string
	}{
		"no rule":          {func() { mux.Bind("GET /secret", ok) }, `GET /secret has no rule; add: {Name: "…", Requirement: scopes.All("…"), HTTP: []string{"GET /secret"}},`},
		"all methods":      {func() { mux.Bind("/secret", ok) }, `HTTP: []string{"* /secret"}`},
		"other method":     {func() { mux.Bind("POST /orders", ok) }, `"POST /orders"`},
		"other slash":      {func() { mux.Bind("GET /orders/", ok) }, `"GET /orders/"`},
		"other host":       {func() { mux.Bind("GET a.example/orders", ok) }, `"GET a.example/orders"`},
		"nil handler":      {func() { mux.Bind("GET /orders", nil) }, "nil handler"},
		"nil function":     {func() { mux.BindFunc("GET /orders", nil) }, "nil handler"},
		"malformed":        {func() { mux.Bind("GET /orders/{", ok) }, "has no rule"},
		"no policy":        {func() { newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{}).NewMux().Bind("GET /orders", ok) }, "no Config.Policy"},
		"nil preflight":    {func() { mux.Preflight(nil) }, "nil handler"},
		"operation":        {func() { newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Policy: shop(t)}).Operation("lists") }, `no operation "lists"; add: {Name: "lists"`},
		"operation policy": {func() { newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{}).Operation("list") }, "no Config.Policy"},
		"operation nil": {func() {
			newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Policy: shop(t)}).Operation("terms")(nil)
		}, "nil handler"},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, test.want) || !strings.HasPrefix(got, "httpmw: ") {
					t.Errorf("%s: panic %q, want %q", name, got, test.want)
				}
			}()
			test.f()
		}()
	}
	if len(mux.Routes()) > 0 {
		t.Errorf("registered all the same: %v", mux.Routes())
	}
}

func TestOperationByName(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Policy: shop(t)})
	for name, test := range map[string]struct {
		authorization []string
		status        int
	}{
		"list":      {[]string{adaptertest.Bearer("read")}, 200},
		"basket":    {[]string{adaptertest.Bearer("read")}, 403},
		"admin":     {nil, 401},
		"terms":     {[]string{"Bearer x"}, 200},
		"catalogue": {nil, 200},
		"new":       {[]string{adaptertest.Bearer("")}, 200},
	} {
		if w := get(auth.Operation(name)(tell), "/", test.authorization...); w.Code != test.status {
			t.Errorf("%s: %d, want %d", name, w.Code, test.status)
		}
	}
}

// observed is a validator that tells the operations of its decisions.
func observed(operations *[]string) *validator.Validator {
	return adaptertest.NewValidator(func(c *validator.Config) {
		c.OnDecision = func(_ context.Context, d validator.Decision) { *operations = append(*operations, d.Operation) }
	})
}

// The names of operations are what logs, hooks and counters see.
func TestOperationNames(t *testing.T) {
	var got []string
	auth := newAuth(t, observed(&got), httpmw.Config{Policy: shop(t)})
	mux := newShop(auth)
	mux.Handle("GET /own", scopes.All("read"), tell)
	read := adaptertest.Bearer("read")
	for _, target := range []string{"/orders", "/orders/7", "/basket", "/admin/x", "/own", "/none"} {
		get(mux, target, read)
	}
	do(mux, httptest.NewRequest("PATCH", "/basket", nil), read)
	get(auth.Operation("empty")(tell), "/", read)
	if want := []string{"list", "get", "basket", "admin", "GET /own", "GET (unrouted)", "PATCH /basket", "empty"}; !slices.Equal(got, want) {
		t.Errorf("operations %q, want %q", got, want)
	}
}

func TestMuxCheck(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Policy: shop(t)})
	if err := newShop(auth).Check(); err != nil {
		t.Errorf("complete: %v", err)
	}
	for name, test := range map[string]struct {
		change func(*httpmw.Mux)
		want   []string // parts of the message
	}{
		"more":              {func(m *httpmw.Mux) { m.Handle("GET /secret", scopes.All("read"), tell) }, []string{`GET /secret has no rule; add: {Name: "…"`}},
		"public around":     {func(m *httpmw.Mux) { m.Public("GET /secret", tell) }, []string{"GET /secret has no rule"}},
		"all methods":       {func(m *httpmw.Mux) { m.Public("/orders", tell) }, []string{"/orders has one rule for all methods, and the policy tells them apart"}},
		"too much":          {func(m *httpmw.Mux) { m.Handle("HEAD /orders", scopes.All("read", "x"), tell) }, []string{`HEAD /orders has the rule "read AND x", and the policy says "read"`}},
		"too little":        {func(m *httpmw.Mux) { m.Handle("HEAD /orders", scopes.Authenticated(), tell) }, []string{`"authenticated"`}},
		"public":            {func(m *httpmw.Mux) { m.Public("HEAD /orders", tell) }, []string{`"public"`, `"read"`}},
		"optional":          {func(m *httpmw.Mux) { m.Optional("HEAD /orders", scopes.All("read"), tell) }, []string{"or no token"}},
		"not in shadow":     {func(m *httpmw.Mux) { m.Handle("HEAD /new", scopes.All("rare"), tell) }, []string{"in shadow"}},
		"the same":          {func(m *httpmw.Mux) { m.Handle("HEAD /orders", scopes.All("read", "read"), tell) }, nil},
		"the same, all":     {func(m *httpmw.Mux) { m.Handle("GET /admin/{a...}", scopes.All("admin"), tell) }, nil},
		"two at once":       {func(m *httpmw.Mux) { m.Public("HEAD /orders", tell); m.Public("/x", tell) }, []string{"HEAD /orders has", "/x has no rule"}},
		"bound by own name": {func(m *httpmw.Mux) { m.Bind("HEAD /orders", tell) }, nil},
	} {
		mux := newShop(auth)
		test.change(mux)
		err := mux.Check()
		if (err == nil) != (test.want == nil) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, part := range test.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v\nwant %q", name, err, part)
			}
		}
	}

	err := auth.NewMux().Check()
	coverage, ok := errors.AsType[*scopes.CoverageError](err)
	if !ok || len(coverage.Gaps) != 11 || coverage.Gaps[0].Kind != scopes.GapNoRoute {
		t.Errorf("nothing registered: %v", err)
	}
	if newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{}).NewMux().Check() == nil {
		t.Error("without a policy")
	}
}

func TestRoutesOfPolicy(t *testing.T) {
	mux := newShop(newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Policy: shop(t)}))
	routes := map[string]httpmw.Route{}
	for _, r := range mux.Routes() {
		routes[r.Pattern] = r
	}
	if r := routes["GET /new"]; !r.Bound || !r.Shadow || r.Operation != "new" || r.Requirement.String() != "rare" || r.Public {
		t.Errorf("%+v", r)
	}
	if r := routes["/basket"]; !r.Bound || r.Operation != "" || r.Public || !r.Requirement.IsZero() {
		t.Errorf("%+v", r)
	}
	if r := routes["GET /terms"]; !r.Public {
		t.Errorf("%+v", r)
	}
	if r := routes["GET /catalogue"]; !r.Optional {
		t.Errorf("%+v", r)
	}
	if got := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{}).NewMux().Patterns(); got == nil || len(got) > 0 {
		t.Errorf("patterns of an empty mux: %#v", got)
	}
}

// Shadow mode lets pass what only lacks scopes, and says so; everything else is
// refused as always.
func TestShadow(t *testing.T) {
	var log bytes.Buffer
	var mu sync.Mutex
	v := adaptertest.NewValidator(func(c *validator.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&locked{&mu, &log}, nil))
	})
	auth := newAuth(t, v, httpmw.Config{Policy: shop(t)})
	if started := log.String(); !strings.Contains(started, "level=WARN") || !strings.Contains(started, `operations="[new gold]"`) {
		t.Errorf("at the start: %s", started)
	}
	mux := newShop(auth)
	weak := adaptertest.Bearer("read")
	want(t, get(mux, "/new", weak), 200, "new")
	want(t, get(mux, "/new", weak), 200, "new")
	want(t, get(mux, "/new", adaptertest.Bearer("rare")), 200, "new")
	want(t, get(mux, "/new"), 401, "required")
	want(t, get(mux, "/new", "Bearer x"), 401, "invalid_token")
	want(t, get(mux, "/new", "Bearer"), 400, "invalid_request")
	want(t, get(mux, "/orders", adaptertest.Bearer("")), 403, "insufficient_scope")
	want(t, do(mux, httptest.NewRequest("POST", "/new", nil), weak), 405, "")
	// Another authentication of the user is asked for in shadow mode, too.
	want(t, get(mux, "/gold", weak), 401, "insufficient_user_authentication")

	if got, want := auth.ShadowCounts(), map[string]uint64{"new": 2}; !maps.Equal(got, want) {
		t.Errorf("counts %v, want %v", got, want)
	}
	if n := strings.Count(log.String(), `level=WARN msg="request authorized in shadow mode: it would be refused" operation=new code=INSUFFICIENT_SCOPE`); n != 2 {
		t.Errorf("%d warnings in %s", n, log.String())
	}
}

// locked is a buffer for several goroutines.
type locked struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// A preflight is answered on purpose or refused, and never reaches a route.
func TestPreflight(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Policy: shop(t)})
	plain, with := newShop(auth), newShop(auth)
	with.Preflight(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	preflight := map[string][]string{"Origin": {"https://app.example.com"}, "Access-Control-Request-Method": {"GET"}}
	tests := []struct {
		method, target  string
		header          map[string][]string
		plain, answered int
	}{
		{"OPTIONS", "/orders", preflight, 401, 204},
		{"OPTIONS", "/none", preflight, 401, 204},
		{"OPTIONS", "/basket", preflight, 200, 204}, // a public route for OPTIONS
		{"OPTIONS", "//orders", preflight, 401, 204},
		{"OPTIONS", "/orders", nil, 401, 401},
		{"OPTIONS", "/orders", map[string][]string{"Origin": {"https://app.example.com"}}, 401, 401},
		{"OPTIONS", "/orders", map[string][]string{"Access-Control-Request-Method": {"GET"}}, 401, 401},
		{"OPTIONS", "/orders", map[string][]string{"Origin": {""}, "Access-Control-Request-Method": {"GET"}}, 401, 401},
		{"OPTIONS", "/orders", map[string][]string{"Origin": {"a", "b"}, "Access-Control-Request-Method": {"GET"}}, 401, 401},
		{"GET", "/orders", preflight, 401, 401},
		{"options", "/orders", preflight, 401, 401},
		{"POST", "/orders", preflight, 401, 401},
	}
	for _, test := range tests {
		for mux, status := range map[*httpmw.Mux]int{plain: test.plain, with: test.answered} {
			r := httptest.NewRequest(http.MethodGet, test.target, nil)
			r.Method = test.method
			maps.Copy(r.Header, test.header)
			if w := do(mux, r); w.Code != status {
				t.Errorf("%s %s %v: %d, want %d", test.method, test.target, test.header, w.Code, status)
			}
		}
	}
	r := httptest.NewRequest(http.MethodOptions, "/", nil)
	r.RequestURI, r.URL.Path = "*", "*"
	maps.Copy(r.Header, preflight)
	want(t, do(with, r), 401, "required")
}
