package peers

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"

	auth0v2 "github.com/auth0/go-jwt-middleware/v2"
	auth0v2validator "github.com/auth0/go-jwt-middleware/v2/validator"
	auth0v3 "github.com/auth0/go-jwt-middleware/v3"
	auth0v3validator "github.com/auth0/go-jwt-middleware/v3/validator"
	mcp "github.com/modelcontextprotocol/go-sdk/auth"
)

// A Guard puts a handler behind RS256 tokens that grant fixture.Scope.
type Guard struct {
	Name string
	New  func(ctx context.Context, i *fixture.Issuer) (func(http.Handler) http.Handler, error)
}

// Guards returns all for net/http. Libraries that have no middleware get the one
// that people write for them.
func Guards() []Guard {
	guards := []Guard{
		{NewToken, newHTTPMW(validator.CacheConfig{Off: true})},
		{KnownToken, newHTTPMW(validator.CacheConfig{})},
		{"auth0 v2", newAuth0v2Guard},
		{"auth0 v3", newAuth0v3Guard},
		{"MCP go-sdk + golang-jwt", newMCPGuard},
	}
	for _, l := range Libraries() {
		if !slices.ContainsFunc(guards, func(g Guard) bool { return g.Name == l.Name }) {
			guards = append(guards, Guard{l.Name + ", by hand", byHand(l)})
		}
	}
	return guards
}

func newHTTPMW(cache validator.CacheConfig) func(context.Context, *fixture.Issuer) (func(http.Handler) http.Handler, error) {
	return func(ctx context.Context, i *fixture.Issuer) (func(http.Handler) http.Handler, error) {
		v, err := NewValidator(ctx, i, cache, "RS256")
		if err != nil {
			return nil, err
		}
		auth, err := httpmw.New(v, httpmw.Config{})
		if err != nil {
			return nil, err
		}
		return auth.Require(scopes.All(fixture.Scope)), nil
	}
}

// byHand is the middleware that is found in many programs: one header, one
// prefix, one verification. It leaves out the check of the scope and the claims
// in the context.
func byHand(l Library) func(context.Context, *fixture.Issuer) (func(http.Handler) http.Handler, error) {
	return func(ctx context.Context, i *fixture.Issuer) (func(http.Handler) http.Handler, error) {
		verify, err := l.New(ctx, i, "RS256")
		if err != nil {
			return nil, err
		}
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
				if !ok || verify(r.Context(), raw) != nil {
					w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
					http.Error(w, "unauthorized", http.StatusUnauthorized)
					return
				}
				next.ServeHTTP(w, r)
			})
		}, nil
	}
}

func newAuth0v2Guard(_ context.Context, i *fixture.Issuer) (func(http.Handler) http.Handler, error) {
	v, err := newAuth0v2Validator(i, "RS256")
	if err != nil {
		return nil, err
	}
	auth := auth0v2.New(v.ValidateToken)
	return func(next http.Handler) http.Handler {
		return auth.CheckJWT(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			claims := r.Context().Value(auth0v2.ContextKey{}).(*auth0v2validator.ValidatedClaims)
			withScope(claims.CustomClaims.(*Claims).Scope, next, w, r)
		}))
	}, nil
}

func newAuth0v3Guard(_ context.Context, i *fixture.Issuer) (func(http.Handler) http.Handler, error) {
	v, err := newAuth0v3Validator(i, "RS256")
	if err != nil {
		return nil, err
	}
	auth, err := auth0v3.New(auth0v3.WithValidator(v))
	if err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		return auth.CheckJWT(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			claims := auth0v3.MustGetClaims[*auth0v3validator.ValidatedClaims](r.Context())
			withScope(claims.CustomClaims.(*Claims).Scope, next, w, r)
		}))
	}, nil
}

// withScope is the check of the scope that the auth0 middlewares leave to the
// application.
func withScope(granted string, next http.Handler, w http.ResponseWriter, r *http.Request) {
	if !slices.Contains(strings.Split(granted, " "), fixture.Scope) {
		http.Error(w, "insufficient scope", http.StatusForbidden)
		return
	}
	next.ServeHTTP(w, r)
}

// newMCPGuard is the middleware of the Model Context Protocol SDK, which leaves
// the verification to the application: golang-jwt here.
func newMCPGuard(ctx context.Context, i *fixture.Issuer) (func(http.Handler) http.Handler, error) {
	p, err := newJWTParser(ctx, i, "RS256")
	if err != nil {
		return nil, err
	}
	verifier := func(_ context.Context, raw string, _ *http.Request) (*mcp.TokenInfo, error) {
		claims, err := p.parse(raw)
		if err != nil {
			return nil, mcp.ErrInvalidToken
		}
		return &mcp.TokenInfo{
			Scopes:     strings.Split(claims.Scope, " "),
			Expiration: claims.ExpiresAt.Time,
			UserID:     claims.Subject,
		}, nil
	}
	return mcp.RequireBearerToken(verifier, &mcp.RequireBearerTokenOptions{Scopes: []string{fixture.Scope}}), nil
}
