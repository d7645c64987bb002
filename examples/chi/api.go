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

// Policy is what each operation needs.
var Policy = func() *scopes.Policy {
	policy, err := scopes.NewPolicy(
		scopes.Operation{Name: "orders.get", Requirement: scopes.All("orders:read"), HTTP: []string{"GET /orders/{id}"}},
		scopes.Operation{Name: "orders.create", Requirement: scopes.All("orders:write"), HTTP: []string{"POST /orders"}},
		scopes.Operation{Name: "health", Public: true, HTTP: []string{"GET /healthz"}},
	)
	if err != nil {
		panic(err)
	}
	return policy
}()

// NewAPI returns an API of orders whose callers are known to auth, which has the
// Policy. Pages from origin may call it, and no others.
//
// Each route names its operation. A router is free to have routes that name none,
// and these are not guarded: [Check] finds them. What must not be forgotten is
// better on an [httpmw.Mux].
func NewAPI(auth *httpmw.Auth, origin string) chi.Router {
	router := chi.NewRouter()
	router.Use(cors.New(cors.Options{
		AllowedOrigins: []string{origin},
		AllowedMethods: []string{http.MethodGet, http.MethodPost},
		AllowedHeaders: []string{"Authorization"},
		ExposedHeaders: []string{"WWW-Authenticate"},
	}).Handler)
	router.With(auth.Operation("health")).Get("/healthz", health)
	router.With(auth.Operation("orders.get")).Get("/orders/{id}", get)
	router.With(auth.Operation("orders.create")).Post("/orders", create)
	return router
}

// Check holds the routes against the Policy, at start or in a test: every route has
// a rule, every rule a route.
func Check(routes chi.Routes) error {
	surface := scopes.Surface{HTTP: []string{}}
	err := chi.Walk(routes, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		surface.HTTP = append(surface.HTTP, method+" "+route)
		return nil
	})
	if err != nil {
		return err
	}
	return Policy.Check(surface)
}

func health(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("up")) }

func get(w http.ResponseWriter, r *http.Request) {
	token, _ := validator.TokenFrom(r.Context())
	_, _ = w.Write([]byte("order " + chi.URLParam(r, "id") + " for " + token.ClientID()))
}

func create(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }
