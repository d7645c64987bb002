// Command minimal is the protected API of the README, whole.
package main

import (
	"fmt"
	"log"
	"log/slog"
	"net/http"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

func main() {
	v, err := validator.New(validator.Config{
		Issuer:    "https://auth.example.com",          // letter by letter as in iss, with or without a slash at the end
		Audiences: []string{"https://api.example.com"}, // this API, as in aud
		Logger:    slog.Default(),                      // says why a request was refused
	})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := httpmw.New(v, httpmw.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mux := auth.NewMux()
	mux.HandleFunc("GET /orders", scopes.All("orders:read"), func(w http.ResponseWriter, r *http.Request) {
		token, _ := validator.TokenFrom(r.Context())
		fmt.Fprintln(w, "orders for", token.ClientID())
	})
	log.Fatal(http.ListenAndServe("localhost:8080", mux))
}
