// Package nethttp is the orders API behind bearerguard.
package nethttp

import (
	"fmt"
	"net/http"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// NewAPI returns the API, and what closes it.
func NewAPI(issuer, audience string) (http.Handler, func() error, error) {
	v, err := validator.New(validator.Config{
		Issuer:     issuer,
		Audiences:  []string{audience},
		Algorithms: []string{"RS256"},
	})
	if err != nil {
		return nil, nil, err
	}
	auth, err := httpmw.New(v, httpmw.Config{})
	if err != nil {
		return nil, nil, err
	}

	mux := auth.NewMux()
	mux.HandleFunc("GET /orders", scopes.All("orders:read"), list)
	return mux, v.Close, nil
}

func list(w http.ResponseWriter, r *http.Request) {
	token, _ := validator.TokenFrom(r.Context())
	fmt.Fprint(w, "orders for ", token.Subject())
}
