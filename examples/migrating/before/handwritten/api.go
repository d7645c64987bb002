// Package handwritten is an orders API behind middleware of its own, on
// golang-jwt.
package handwritten

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/bearerguard/bearerguard/examples/migrating/before/keyset"
	"github.com/golang-jwt/jwt/v5"
)

// Claims are those of a token.
type Claims struct {
	jwt.RegisteredClaims
	Scope string `json:"scope"`
}

type contextKey struct{}

// NewAPI returns the API.
func NewAPI(issuer, audience string) (http.Handler, error) {
	keys := &keyset.Cache{URL: issuer + ".well-known/jwks.json"}
	auth := func(scope string, next http.HandlerFunc) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			if !ok {
				http.Error(w, "unauthorized", http.StatusUnauthorized)
				return
			}
			claims := &Claims{}
			_, err := jwt.ParseWithClaims(text, claims, keys.Key,
				jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(issuer), jwt.WithAudience(audience))
			if err != nil {
				http.Error(w, "unauthorized", http.StatusUnauthorized)
				return
			}
			if !slices.Contains(strings.Split(claims.Scope, " "), scope) {
				http.Error(w, "insufficient scope", http.StatusForbidden)
				return
			}
			next(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, claims)))
		})
	}

	mux := http.NewServeMux()
	mux.Handle("GET /orders", auth("orders:read", list))
	return mux, nil
}

func list(w http.ResponseWriter, r *http.Request) {
	claims := r.Context().Value(contextKey{}).(*Claims)
	fmt.Fprint(w, "orders for ", claims.Subject)
}
