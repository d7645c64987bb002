// Package auth0v2 is an orders API behind auth0/go-jwt-middleware, version 2.
package auth0v2

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	jwtmiddleware "github.com/auth0/go-jwt-middleware/v2"
	"github.com/auth0/go-jwt-middleware/v2/jwks"
	"github.com/auth0/go-jwt-middleware/v2/validator"
)

// CustomClaims are the claims that the middleware does not know.
type CustomClaims struct {
	Scope string `json:"scope"`
}

// Validate has nothing to add.
func (*CustomClaims) Validate(context.Context) error { return nil }

// NewAPI returns the API.
func NewAPI(issuer, audience string) (http.Handler, error) {
	issuerURL, err := url.Parse(issuer)
	if err != nil {
		return nil, err
	}
	provider := jwks.NewCachingProvider(issuerURL, 5*time.Minute)
	v, err := validator.New(provider.KeyFunc, validator.RS256, issuer, []string{audience},
		validator.WithCustomClaims(func() validator.CustomClaims { return &CustomClaims{} }),
		validator.WithAllowedClockSkew(30*time.Second),
	)
	if err != nil {
		return nil, err
	}
	auth := jwtmiddleware.New(v.ValidateToken)

	mux := http.NewServeMux()
	mux.Handle("GET /orders", auth.CheckJWT(requireScope("orders:read", http.HandlerFunc(list))))
	return mux, nil
}

func requireScope(scope string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims := r.Context().Value(jwtmiddleware.ContextKey{}).(*validator.ValidatedClaims)
		granted := strings.Split(claims.CustomClaims.(*CustomClaims).Scope, " ")
		if !slices.Contains(granted, scope) {
			http.Error(w, "insufficient scope", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func list(w http.ResponseWriter, r *http.Request) {
	claims := r.Context().Value(jwtmiddleware.ContextKey{}).(*validator.ValidatedClaims)
	fmt.Fprint(w, "orders for ", claims.RegisteredClaims.Subject)
}
