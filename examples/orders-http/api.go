package main

import (
	"net/http"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/validator"
)

// newAPI binds every route to the rule that the policy has for it. On this mux
// there is no way to register one without, and Check tells what the policy has and
// the mux has not.
func newAPI(auth *httpmw.Auth, store *orders.Store) (*httpmw.Mux, error) {
	a := api{store}
	mux := auth.NewMux()
	mux.BindFunc("GET /orders", a.list)
	mux.BindFunc("GET /orders/{id}", a.get)
	mux.BindFunc("POST /orders", a.create)
	mux.BindFunc("DELETE /orders/{id}", a.delete)
	mux.Bind("GET /orders/events", auth.WhileValid(http.HandlerFunc(a.watch)))
	mux.BindFunc("GET /whoami", a.whoAmI)
	mux.BindFunc("GET /healthz", a.health)
	return mux, mux.Check()
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

// watch was let in once, for a stream that may be long. The context of the request
// ends with the token.
func (a api) watch(w http.ResponseWriter, r *http.Request) {
	rest.ServeEvents(w, r, a.store)
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
