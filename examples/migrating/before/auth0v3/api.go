// Package auth0v3 is an orders API behind auth0/go-jwt-middleware, version 3.
package auth0v3

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	jwtmiddleware "github.com/auth0/go-jwt-middleware/v3"
	"github.com/auth0/go-jwt-middleware/v3/jwks"
	"github.com/auth0/go-jwt-middleware/v3/validator"
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
	provider, err := jwks.NewCachingProvider(jwks.WithIssuerURL(issuerURL), jwks.WithCacheTTL(5*time.Minute))
	if err != nil {
		return nil, err
	}
	v, err := validator.New(
		validator.WithKeyFunc(provider.KeyFunc),
		validator.WithAlgorithm(validator.RS256),
		validator.WithIssuer(issuer),
		validator.WithAudience(audience),
		validator.WithCustomClaims(func() *CustomClaims { return &CustomClaims{} }),
		validator.WithAllowedClockSkew(30*time.Second),
	)
	if err != nil {
		return nil, err
	}
	auth, err := jwtmiddleware.New(jwtmiddleware.WithValidator(v))
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	mux.Handle("GET /orders", auth.CheckJWT(requireScope("orders:read", http.HandlerFunc(list))))
	return mux, nil
}

func requireScope(scope string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims := jwtmiddleware.MustGetClaims[*validator.ValidatedClaims](r.Context())
		granted := strings.Split(claims.CustomClaims.(*CustomClaims).Scope, " ")
		if !slices.Contains(granted, scope) {
			http.Error(w, "insufficient scope", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func list(w http.ResponseWriter, r *http.Request) {
	claims := jwtmiddleware.MustGetClaims[*validator.ValidatedClaims](r.Context())
	fmt.Fprint(w, "orders for ", claims.RegisteredClaims.Subject)
}
