package main

import (
	"net/http"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// newAPI says for every route what it needs. On this mux there is no way to
// register one without.
func newAPI(auth *httpmw.Auth, store *orders.Store) http.Handler {
	a := api{store}
	mux := auth.NewMux()
	mux.HandleFunc("GET /orders", scopes.All("orders:read"), a.list)
	mux.HandleFunc("GET /orders/{id}", scopes.All("orders:read"), a.get)
	mux.HandleFunc("POST /orders", scopes.All("orders:write"), a.create)
	mux.HandleFunc("DELETE /orders/{id}", scopes.All("orders:admin"), a.delete)
	mux.HandleFunc("GET /orders/events", scopes.All("orders:read"), a.watch)
	mux.HandleFunc("GET /whoami", scopes.Authenticated(), a.whoAmI)
	mux.Public("GET /healthz", http.HandlerFunc(a.health))
	return mux
}

type api struct{ store *orders.Store }

func (a api) list(w http.ResponseWriter, _ *http.Request) {
	rest.Write(w, http.StatusOK, rest.List{Orders: a.store.List()})
}

func (a api) get(w http.ResponseWriter, r *http.Request) {
	order, err := a.store.Get(r.PathValue("id"))
	if err != nil {
		refuse(w, err)
		return
	}
	rest.Write(w, http.StatusOK, order)
}

func (a api) create(w http.ResponseWriter, r *http.Request) {
	item, err := rest.ReadItem(w, r)
	if err != nil {
		refuse(w, err)
		return
	}
	order, err := a.store.Create(item)
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Location", rest.Location(order))
	rest.Write(w, http.StatusCreated, order)
}

func (a api) delete(w http.ResponseWriter, r *http.Request) {
	if err := a.store.Delete(r.PathValue("id")); err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// watch was let in once, for a stream that may be long: it ends with the token.
func (a api) watch(w http.ResponseWriter, r *http.Request) {
	token, _ := validator.TokenFrom(r.Context())
	rest.ServeEvents(w, r, a.store, token.ExpiresAt())
}

// whoAmI always finds a token: its route is guarded.
func (a api) whoAmI(w http.ResponseWriter, r *http.Request) {
	token, _ := validator.TokenFrom(r.Context())
	rest.Write(w, http.StatusOK, rest.NewCaller(token))
}

func (a api) health(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }

func refuse(w http.ResponseWriter, err error) {
	status, body := rest.Refuse(err)
	rest.Write(w, status, body)
}
