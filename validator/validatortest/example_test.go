package validatortest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// newAPI is the API of these examples. That it takes an Authenticator, and does
// not make one itself, is all that testing asks of it.
func newAPI(a validator.Authenticator) http.Handler {
	auth, err := httpmw.New(a, httpmw.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mux := auth.NewMux()
	mux.HandleFunc("GET /orders", scopes.All("orders:read"), listOrders)
	return mux
}

func listOrders(w http.ResponseWriter, r *http.Request) {
	token, _ := validator.TokenFrom(r.Context())
	_, _ = fmt.Fprintf(w, "orders of %s", token.Subject())
}

// send sends a request with a token to the API.
func send(api http.Handler, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

// A whole API with an issuer behind it. In a test, validatortest.Start(t, …) stands
// in the place of New and Close.
func Example() {
	issuer, err := validatortest.New(validatortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer issuer.Close()
	api := newAPI(issuer.Validator())

	for _, scope := range []string{"orders:read", "orders:write"} {
		answer := send(api, issuer.Mint(validatortest.Client("billing").Scope(scope)))
		fmt.Println(scope, "->", answer.Code)
	}
	// Output:
	// orders:read -> 200
	// orders:write -> 403
}

// What must be refused, against one's own API. Each token would pass but for the
// one thing that its name tells.
func ExampleIssuer_Hostile() {
	issuer, err := validatortest.New(validatortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer issuer.Close()
	api := newAPI(issuer.Validator())

	refused := 0
	for _, hostile := range issuer.Hostile(validatortest.Client("billing").Scope("orders:read")) {
		if status := send(api, hostile.Token).Code; status != hostile.Want.HTTPStatus() {
			fmt.Println(hostile.Name, "->", status)
			continue
		}
		refused++
	}
	fmt.Println("all refused:", refused > 30)
	// Output: all refused: true
}

// An outage: what is known goes on, what is not known cannot be judged.
func ExampleIssuer_Fail() {
	issuer, err := validatortest.New(validatortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer issuer.Close()
	running, starting := newAPI(issuer.Validator()), newAPI(issuer.Validator())
	token := issuer.Mint(validatortest.Client("billing").Scope("orders:read"))
	fmt.Println("before:", send(running, token).Code)

	issuer.Fail(validatortest.ServerError)
	fmt.Println("a running API:", send(running, token).Code)
	fmt.Println("one that starts now:", send(starting, token).Code)
	// Output:
	// before: 200
	// a running API: 200
	// one that starts now: 503
}

// A rotation in its three steps. A new key works at its first use.
func ExampleIssuer_Publish() {
	issuer, err := validatortest.New(validatortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer issuer.Close()
	api := newAPI(issuer.Validator())
	claims := validatortest.Client("billing").Scope("orders:read")

	old := issuer.SigningKey()
	before := issuer.Mint(claims)
	fmt.Println("old key:", send(api, before).Code)

	next := issuer.Publish()
	issuer.Switch(next)
	fmt.Println("new key:", send(api, issuer.Mint(claims)).Code)
	fmt.Println("old key, still published:", send(api, before).Code)

	issuer.Retire(old)
	restarted := newAPI(issuer.Validator())
	fmt.Println("old key, retired:", send(restarted, before).Code)
	// Output:
	// old key: 200
	// new key: 200
	// old key, still published: 200
	// old key, retired: 401
}

// A handler without the middleware in front of it.
func ExampleWithToken() {
	r := httptest.NewRequest("GET", "/orders", nil)
	w := httptest.NewRecorder()
	ctx := validatortest.WithToken(r.Context(), validatortest.User("alice", "webapp").Scope("orders:read"))
	listOrders(w, r.WithContext(ctx))
	fmt.Println(w.Body)
	// Output: orders of alice
}

// A clock makes a token old without waiting for it.
func ExampleClock() {
	clock := validatortest.NewClock(time.Now())
	issuer, err := validatortest.New(validatortest.Config{Clock: clock})
	if err != nil {
		log.Fatal(err)
	}
	defer issuer.Close()
	v := issuer.Validator()
	credential := validator.Credential{Scheme: "Bearer", Token: issuer.Mint(validatortest.Claims{}.ExpiresIn(time.Minute))}
	for range 2 {
		_, err := v.Validate(context.Background(), credential)
		fmt.Println(err)
		clock.Advance(2 * time.Minute)
	}
	// Output:
	// <nil>
	// TOKEN_EXPIRED: The access token has expired.
}
