// Package chi shows httpmw with the chi router, and with rs/cors outside. It is a
// module of its own, so that the library does not depend on either.
package chi

import (
	"net/http"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/go-chi/chi/v5"
	"github.com/rs/cors"
)

// NewAPI returns an API of orders whose callers are known to auth. Pages from
// origin may call it, and no others.
//
// Authentication is installed once for all routes below the group, with what
// each needs next to it: the token is validated once per request. A router is
// free to have unguarded routes, as "/healthz" is here; what must not be
// forgotten is better on an [httpmw.Mux].
func NewAPI(auth *httpmw.Auth, origin string) http.Handler {
	router := chi.NewRouter()
	router.Use(cors.New(cors.Options{
		AllowedOrigins: []string{origin},
		AllowedMethods: []string{http.MethodGet, http.MethodPost},
		AllowedHeaders: []string{"Authorization"},
		ExposedHeaders: []string{"WWW-Authenticate"},
	}).Handler)
	router.Get("/healthz", health)
	router.Group(func(api chi.Router) {
		api.Use(auth.Require(scopes.Authenticated()))
		api.With(auth.Require(scopes.All("orders:read"))).Get("/orders/{id}", get)
		api.With(auth.Require(scopes.All("orders:write"))).Post("/orders", create)
	})
	return router
}

func health(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("up")) }

func get(w http.ResponseWriter, r *http.Request) {
	token, _ := validator.TokenFrom(r.Context())
	_, _ = w.Write([]byte("order " + chi.URLParam(r, "id") + " for " + token.ClientID()))
}

func create(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }
