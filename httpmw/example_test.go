package httpmw_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// newValidator stands for validator.New with the issuer of your tokens, which it
// needs nothing but the URL of. The examples use keys that are at hand.
func newValidator() *validator.Validator {
	v, err := validator.New(validator.Config{
		Issuer:    "https://auth.example.com",
		Audiences: []string{"https://api.example.com"},
		Keys:      adaptertest.Keys(),
	})
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// show sends a request with a token of the given scope, or with none, and prints
// the answer.
func show(handler http.Handler, method, target string, scope ...string) {
	r := httptest.NewRequest(method, target, nil)
	if scope != nil {
		r.Header.Set("Authorization", "Bearer "+adaptertest.Token(scope[0]))
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(strings.TrimSpace(fmt.Sprint(method, " ", target, " -> ", w.Code, " ", w.Body)))
	if challenge := w.Header().Get("WWW-Authenticate"); challenge != "" {
		fmt.Println("  ", challenge)
	}
}

// A protected API on net/http's own mux.
func Example() {
	v := newValidator()
	defer func() { _ = v.Close() }()
	auth, err := httpmw.New(v, httpmw.Config{})
	if err != nil {
		log.Fatal(err)
	}

	mux := auth.NewMux()
	mux.HandleFunc("GET /orders", scopes.All("orders:read"), func(w http.ResponseWriter, r *http.Request) {
		token, _ := validator.TokenFrom(r.Context())
		_, _ = fmt.Fprintf(w, "orders of %s", token.Subject())
	})
	mux.Public("GET /healthz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, "up")
	}))

	show(mux, "GET", "/orders", "orders:read")
	show(mux, "GET", "/orders", "orders:write")
	show(mux, "GET", "/orders")
	show(mux, "GET", "/healthz")
	show(mux, "GET", "/nothing-here")
	for _, route := range mux.Routes() {
		fmt.Println(route.Pattern, "| public:", route.Public, "| needs:", route.Requirement)
	}
	// Output:
	// GET /orders -> 200 orders of worker
	// GET /orders -> 403 {"error":"insufficient_scope","error_description":"The access token lacks a scope that this operation needs."}
	//    Bearer realm="api", error="insufficient_scope", error_description="The access token lacks a scope that this operation needs.", scope="orders:read"
	// GET /orders -> 401 {"error_description":"An access token is required."}
	//    Bearer realm="api"
	// GET /healthz -> 200 up
	// GET /nothing-here -> 401 {"error_description":"An access token is required."}
	//    Bearer realm="api"
	// GET /orders | public: false | needs: orders:read
	// GET /healthz | public: true | needs: no rule
}

// Require is plain middleware, for any router that takes such.
func ExampleAuth_Require() {
	auth, err := httpmw.New(newValidator(), httpmw.Config{Realm: "orders"})
	if err != nil {
		log.Fatal(err)
	}
	create := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
	})
	router := http.NewServeMux() // or chi, gorilla/mux, httprouter …
	router.Handle("POST /orders", auth.Require(scopes.All("orders:write").Or(scopes.All("admin")))(create))

	show(router, "POST", "/orders", "orders:write")
	show(router, "POST", "/orders", "admin")
	show(router, "POST", "/orders")
	// Output:
	// POST /orders -> 201
	// POST /orders -> 201
	// POST /orders -> 401 {"error_description":"An access token is required."}
	//    Bearer realm="orders"
}

// A catalogue that anybody may read, with more in it for known clients.
func ExampleAuth_Optional() {
	auth, err := httpmw.New(newValidator(), httpmw.Config{})
	if err != nil {
		log.Fatal(err)
	}
	catalogue := auth.Optional(scopes.Authenticated())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token, ok := validator.TokenFrom(r.Context()); ok {
			_, _ = fmt.Fprint(w, "prices for ", token.ClientID())
			return
		}
		_, _ = fmt.Fprint(w, "list prices")
	}))
	show(catalogue, "GET", "/catalogue", "")
	show(catalogue, "GET", "/catalogue")
	// Output:
	// GET /catalogue -> 200 prices for worker
	// GET /catalogue -> 200 list prices
}

// An operation whose requirement depends on the request decides for itself.
func ExampleAuth_Check() {
	auth, err := httpmw.New(newValidator(), httpmw.Config{})
	if err != nil {
		log.Fatal(err)
	}
	export := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		need := scopes.All("orders:read")
		if r.FormValue("customers") == "yes" {
			need = need.And(scopes.All("customers:read"))
		}
		token, err := auth.Check(r, need)
		if err != nil {
			auth.Deny(w, r, err)
			return
		}
		_, _ = fmt.Fprint(w, "export for ", token.ClientID())
	})
	show(export, "GET", "/export", "orders:read")
	show(export, "GET", "/export?customers=yes", "orders:read")
	// Output:
	// GET /export -> 200 export for worker
	// GET /export?customers=yes -> 403 {"error":"insufficient_scope","error_description":"The access token lacks a scope that this operation needs."}
	//    Bearer realm="api", error="insufficient_scope", error_description="The access token lacks a scope that this operation needs.", scope="orders:read customers:read"
}

// The body can be another one; status and challenge cannot.
func ExampleConfig_body() {
	auth, err := httpmw.New(newValidator(), httpmw.Config{
		Body: func(_ *http.Request, refusal *validator.Error) (string, []byte) {
			return "application/problem+json", fmt.Appendf(nil, `{"title":%q}`, refusal.Code().Description())
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	show(auth.Require(scopes.All("orders:read"))(http.NotFoundHandler()), "GET", "/orders")
	// Output:
	// GET /orders -> 401 {"title":"An access token is required."}
	//    Bearer realm="api"
}

// allowOrigin is CORS for one origin, as short as it can be. Use a complete
// package, such as rs/cors or jub0bs/cors; the order is the same.
func allowOrigin(origin string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		if r.Header.Get("Origin") != origin {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "WWW-Authenticate")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			w.Header().Set("Access-Control-Allow-Headers", "Authorization")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// CORS goes outside: browsers send a preflight without credentials, and can only
// read a refusal that has the headers of CORS.
func Example_cors() {
	auth, err := httpmw.New(newValidator(), httpmw.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mux := auth.NewMux()
	mux.Handle("GET /orders", scopes.All("orders:read"), http.NotFoundHandler())
	api := allowOrigin("https://app.example.com", mux)

	send := func(handler http.Handler, method string) {
		r := httptest.NewRequest(method, "/orders", nil)
		r.Header.Set("Origin", "https://app.example.com")
		r.Header.Set("Access-Control-Request-Method", "GET")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Printf("%s -> %d, allowed origin %q\n", method, w.Code, w.Header().Get("Access-Control-Allow-Origin"))
	}
	fmt.Println("outside:")
	send(api, "OPTIONS")
	send(api, "GET")

	// Wrong: inside, no preflight ever gets to it.
	inside := auth.Require(scopes.Authenticated())(allowOrigin("https://app.example.com", mux))
	fmt.Println("inside:")
	send(inside, "OPTIONS")
	// Output:
	// outside:
	// OPTIONS -> 204, allowed origin "https://app.example.com"
	// GET -> 401, allowed origin "https://app.example.com"
	// inside:
	// OPTIONS -> 401, allowed origin ""
}

// What goes wrong is told when the program starts, not when the first request
// comes.
func Example_wrongUse() {
	if _, err := httpmw.New(nil, httpmw.Config{Realm: `"api"`, ResourceMetadata: "http://api.example.com/metadata"}); err != nil {
		fmt.Println(err)
	}

	auth, err := httpmw.New(newValidator(), httpmw.Config{})
	if err != nil {
		log.Fatal(err)
	}
	func() {
		defer func() { fmt.Println("panic:", recover()) }()
		var forgotten scopes.Requirement
		auth.NewMux().Handle("GET /orders", forgotten, http.NotFoundHandler())
	}()

	// Wrong: a path prefix in a handler of one's own is a second opinion about
	// what the router will match. Give the rule to the pattern instead.
	guessed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/admin/") {
			auth.Require(scopes.All("admin"))(http.NotFoundHandler()).ServeHTTP(w, r)
			return
		}
		_, _ = fmt.Fprint(w, "let in: ", r.URL.Path)
	})
	show(guessed, "GET", "//admin/users")
	// Output:
	// Authenticator: required: what validates tokens, such as a *validator.Validator
	// Realm: want printable ASCII without quotes and backslashes
	// ResourceMetadata: want an absolute https URL (http to loopback only) without user information, fragment, quotes and backslashes
	// panic: httpmw: Require: the zero Requirement is no rule
	// GET //admin/users -> 200 let in: //admin/users
}

// An adapter to a framework that has neither [http.Handler] nor
// [http.ResponseWriter] extracts, decides and answers in three calls.
func ExampleAuth_Answer() {
	auth, err := httpmw.New(newValidator(), httpmw.Config{})
	if err != nil {
		log.Fatal(err)
	}
	type response struct {
		status int
		header http.Header
		body   any
	}
	guard := func(r *http.Request, route string, need scopes.Requirement, next func(context.Context) response) response {
		rule := scopes.Rule{Operation: httpmw.Operation(r.Method, route), Requirement: need}
		ctx, _, err := auth.Authorize(r.Context(), httpmw.Extract(r, rule))
		if err != nil {
			answer := auth.Answer(err)
			refused := response{answer.Status(), http.Header{}, answer.Body()}
			answer.SetHeader(refused.header)
			return refused
		}
		return next(ctx)
	}
	r := httptest.NewRequest(http.MethodGet, "/orders/7", nil)
	got := guard(r, "/orders/:id", scopes.All("orders:read"), func(context.Context) response { return response{status: 200} })
	fmt.Println(got.status, got.header.Get("WWW-Authenticate"), got.body)
	// Output:
	// 401 Bearer realm="api" { An access token is required.}
}
