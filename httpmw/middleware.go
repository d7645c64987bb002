package httpmw

import (
	"net/http"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// Require returns middleware that lets a request in only with a valid token that
// satisfies requirement; [scopes.Authenticated] asks for a valid token and
// nothing more. The handler finds the token with [validator.TokenFrom], and gets
// the response writer as it is. Inside another Require of the same Auth the
// token is not validated again.
//
// Require panics if requirement is the zero value, and the middleware if its
// handler is nil, as [http.ServeMux.Handle] does: both are mistakes in wiring.
func (a *Auth) Require(requirement scopes.Requirement) func(http.Handler) http.Handler {
	return a.middleware("Require", requirement, false)
}

// Optional is [Auth.Require], except that a request without any Authorization
// header is let in too, as anonymous: [validator.TokenFrom] then finds no token.
// Credentials that are there but not good enough are refused.
func (a *Auth) Optional(requirement scopes.Requirement) func(http.Handler) http.Handler {
	return a.middleware("Optional", requirement, true)
}

func (a *Auth) middleware(caller string, requirement scopes.Requirement, optional bool) func(http.Handler) http.Handler {
	if requirement.IsZero() {
		panic("httpmw: " + caller + ": the zero Requirement is no rule")
	}
	return func(next http.Handler) http.Handler {
		if isNil(next) {
			panic("httpmw: " + caller + ": nil handler")
		}
		return &guarded{auth: a, rule: scopes.Rule{Requirement: requirement, Optional: optional}, next: next}
	}
}

// isNil reports whether h is no handler, also as a nil function.
func isNil(h http.Handler) bool {
	f, ok := h.(http.HandlerFunc)
	return h == nil || ok && f == nil
}

// Check is the decision of [Auth.Require] as a plain call, for operations whose
// requirement is known only inside a handler. The error is an
// [*validator.Error], to be answered with [Auth.Deny]. The zero requirement is
// refused.
func (a *Auth) Check(r *http.Request, requirement scopes.Requirement) (*validator.Token, error) {
	_, token, err := a.Authorize(r.Context(), Extract(r, scopes.Rule{Requirement: requirement}))
	return token, err
}

// guarded is a handler with a rule. The rule is not public.
type guarded struct {
	auth *Auth
	rule scopes.Rule
	next http.Handler
}

func (g *guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.auth.serve(w, r, g.rule, g.next)
}

// serve lets a request through to next if the rule does. The zero rule refuses.
func (a *Auth) serve(w http.ResponseWriter, r *http.Request, rule scopes.Rule, next http.Handler) {
	ctx, _, err := a.Authorize(r.Context(), Extract(r, rule))
	if err != nil {
		a.Deny(w, r, err)
		return
	}
	if nonce := validator.DPoPNonceFrom(ctx); nonce != "" {
		w.Header().Set("Dpop-Nonce", nonce) // RFC 9449 §8.2
		w.Header().Set("Cache-Control", "no-store")
	}
	next.ServeHTTP(w, r.WithContext(ctx))
}
