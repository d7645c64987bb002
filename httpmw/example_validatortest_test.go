package httpmw_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// ordersAPI is what is tested: it takes its Authenticator from outside.
func ordersAPI(a validator.Authenticator) http.Handler {
	auth, err := httpmw.New(a, httpmw.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mux := auth.NewMux()
	mux.HandleFunc("GET /orders", scopes.All("orders:read"), func(w http.ResponseWriter, r *http.Request) {
		token, _ := validator.TokenFrom(r.Context())
		_, _ = fmt.Fprint(w, "orders of ", token.Subject())
	})
	return mux
}

// A test of a protected API. The issuer, its keys and the tokens are real, and all
// in memory. In a test, validatortest.Start(t, …) needs neither the error nor Close.
func Example_test() {
	issuer, err := validatortest.New(validatortest.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer issuer.Close()
	server := httptest.NewServer(ordersAPI(issuer.Validator())) // the one line
	defer server.Close()

	for _, token := range []string{
		issuer.Mint(validatortest.Client("billing").Scope("orders:read")),
		issuer.Mint(validatortest.Client("billing").Scope("orders:write")),
		issuer.Mint(validatortest.Client("billing").Scope("orders:read").Audience("https://other.example.com")),
	} {
		request, err := http.NewRequest("GET", server.URL+"/orders", nil)
		if err != nil {
			log.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := server.Client().Do(request)
		if err != nil {
			log.Fatal(err)
		}
		_ = response.Body.Close()
		fmt.Println(response.Status)
	}
	// Output:
	// 200 OK
	// 403 Forbidden
	// 401 Unauthorized
}
