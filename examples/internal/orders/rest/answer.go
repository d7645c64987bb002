package rest

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/validator"
)

// A List is the answer to GET /orders.
type List struct {
	Orders []orders.Order `json:"orders"`
}

// A Caller is the answer to GET /whoami: what the token says of who sent it.
type Caller struct {
	Issuer   string   `json:"issuer"`
	Subject  string   `json:"subject"`
	ClientID string   `json:"client_id"`
	Scopes   []string `json:"scopes"`
}

// NewCaller describes the caller with this token.
func NewCaller(token *validator.Token) Caller {
	return Caller{
		Issuer:   token.Issuer(),
		Subject:  token.Subject(),
		ClientID: token.ClientID(),
		Scopes:   append([]string{}, token.Scopes().Values()...), // never null
	}
}

// Location is where an order is found.
func Location(o orders.Order) string { return "/orders/" + o.ID }

// Refuse returns the answer to an error of [ReadItem] or of a store. Its body has
// the shape that callers know from refusals for their tokens.
func Refuse(err error) (status int, body httpmw.ErrorBody) {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return http.StatusRequestEntityTooLarge, httpmw.ErrorBody{Error: "too_large", Description: "The body is too large."}
	}
	switch {
	case errors.Is(err, orders.ErrNotFound):
		return http.StatusNotFound, httpmw.ErrorBody{Error: "not_found", Description: "There is no such order."}
	case errors.Is(err, orders.ErrItem):
		return http.StatusBadRequest, httpmw.ErrorBody{Error: "invalid_item", Description: "The item must be a text of 1 to 200 characters."}
	case errors.Is(err, orders.ErrFull):
		return http.StatusInsufficientStorage, httpmw.ErrorBody{Error: "full", Description: "There is no room for another order."}
	case errors.Is(err, errMembers):
		return http.StatusBadRequest, httpmw.ErrorBody{Error: "invalid_json", Description: `The body must have the one member "item", a string.`}
	default: // a body that is no JSON, or that broke off
		return http.StatusBadRequest, httpmw.ErrorBody{Error: "invalid_json", Description: "The body must be a JSON object in UTF-8, without duplicate names."}
	}
}

// Write sends a value as JSON.
func Write(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a caller that has gone away
}
