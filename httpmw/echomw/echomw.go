// Package echomw guards Echo v4 routes with OAuth 2.0 access tokens. It decides
// and answers as package httpmw does, of which it is a thin adapter.
//
// # With a policy
//
// [Auth.NewRouter] is the way in: routes that are registered on a [Router] take
// their rules from [Config.Policy], and everything else is refused. [Router.Check]
// tells at start what does not fit.
//
// # Where to install middleware
//
// On a route or a group, [Auth.Require] guards what is registered there. With
// [echo.Echo.Use] it also runs for requests that no route matches: then
// [echo.Context.Path] is empty and there is no rule, so they are refused, with
// 401 without a valid token and with 403 otherwise. The same goes for
// [echo.Echo.Pre], which runs before routing: there nothing is ever let in. What
// Echo answers for a route that exists with other methods (405), and for paths
// inside of a group with middleware (404), needs what the middleware requires.
//
// CORS middleware goes outside: before this one in [echo.Echo.Use].
//
// # Refusals
//
// A refusal is returned as an [*echo.HTTPError] whose Message is an
// [httpmw.ErrorBody] and whose Internal is the [*validator.Error]. Echo's own
// error handler makes the same JSON of it that httpmw writes; a custom
// [echo.HTTPErrorHandler] owns the body, but neither status nor challenge: they
// are set again just before [echo.Response] is written. A refusal is final for
// its response, also if some other middleware swallows the error. Only a handler
// that writes nothing at all gets past that, because then net/http answers 200
// with an empty body and the challenge.
package echomw

import (
	"time"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/labstack/echo/v4"
)

// ConfigError is one problem with one field of a configuration. [New] returns
// all problems that it finds, joined (see [errors.Join]).
type ConfigError = httpmw.ConfigError

// Config says how refusals look and what is not guarded. The zero value is ready
// to use. There is no hook for the body: that is what Echo's HTTPErrorHandler is
// for.
type Config struct {
	_ [0]func() // no unkeyed literals, no ==

	// Realm is that of [httpmw.Config].
	Realm string

	// ResourceMetadata is that of [httpmw.Config].
	ResourceMetadata string

	// Resource is that of [httpmw.Config]. [Auth.Metadata] serves its metadata.
	Resource *httpmw.Resource

	// Policy is what the operations of this API need, for [Router] and
	// [Auth.Operation]. Nil: they cannot be used. [New] warns of operations in
	// shadow mode (see [validator.Guard.WarnOfShadow]).
	Policy *scopes.Policy

	// StreamGrace is that of [httpmw.Config].
	StreamGrace time.Duration

	// Skipper returns true for requests that are not guarded at all: their
	// credentials are not looked at. Nil: every request is guarded. A Skipper of
	// Echo's package middleware fits.
	Skipper func(c echo.Context) bool
}

// An Auth guards Echo handlers. Only [New] makes one; it is safe for concurrent
// use.
type Auth struct {
	http *httpmw.Auth
	skip func(c echo.Context) bool
}

// New returns an Auth that has a validate tokens. The error joins every problem
// of the configuration, each a [*ConfigError] that names its field.
func New(a validator.Authenticator, config Config) (*Auth, error) {
	auth, err := httpmw.New(a, httpmw.Config{
		Realm: config.Realm, ResourceMetadata: config.ResourceMetadata, Resource: config.Resource, Policy: config.Policy, StreamGrace: config.StreamGrace,
	})
	if err != nil {
		return nil, err
	}
	if config.Skipper == nil {
		config.Skipper = func(echo.Context) bool { return false }
	}
	return &Auth{http: auth, skip: config.Skipper}, nil
}

// Require returns middleware that lets a request in only with a valid token that
// satisfies requirement; [scopes.Authenticated] asks for a valid token and
// nothing more. The handler finds the token with [TokenFrom]. Inside another
// Require of the same Auth the token is not validated again.
//
// Require panics if requirement is the zero value, a mistake in wiring.
func (a *Auth) Require(requirement scopes.Requirement) echo.MiddlewareFunc {
	return a.middleware("Require", requirement, false)
}

// Optional is [Auth.Require], except that a request without any Authorization
// header is let in too, as anonymous: [TokenFrom] then finds no token.
// Credentials that are there but not good enough are refused, and so is a
// request that no route matches.
func (a *Auth) Optional(requirement scopes.Requirement) echo.MiddlewareFunc {
	return a.middleware("Optional", requirement, true)
}

func (a *Auth) middleware(caller string, requirement scopes.Requirement, optional bool) echo.MiddlewareFunc {
	if requirement.IsZero() {
		panic("echomw: " + caller + ": the zero Requirement is no rule")
	}
	rule := scopes.Rule{Requirement: requirement, Optional: optional}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			// The rule is that of a matched route: without one the requirement is
			// zero, which nothing satisfies.
			if c.Path() == "" {
				return a.serve(c, scopes.Rule{}, next)
			}
			return a.serve(c, rule, next)
		}
	}
}

// serve lets a request through to next if the rule does. The zero rule refuses.
func (a *Auth) serve(c echo.Context, rule scopes.Rule, next echo.HandlerFunc) error {
	if a.skip(c) {
		return next(c)
	}
	request := httpmw.Extract(c.Request(), rule)
	if rule.Operation == "" {
		request.Operation = httpmw.Operation(request.Info.Method(), c.Path())
	}
	ctx, _, err := a.http.Authorize(c.Request().Context(), request)
	if err != nil {
		return refuse(c, a.http.Answer(err))
	}
	if nonce := validator.DPoPNonceFrom(ctx); nonce != "" {
		c.Response().Header().Set("Dpop-Nonce", nonce) // RFC 9449 §8.2
		c.Response().Header().Set("Cache-Control", "no-store")
	}
	c.SetRequest(c.Request().WithContext(ctx))
	return next(c)
}

// refuse returns the answer as an error, and holds on to its status and header
// for whoever writes the response.
func refuse(c echo.Context, answer httpmw.Answer) error {
	response := c.Response()
	answer.SetHeader(response.Header())
	response.Before(func() {
		response.Status = answer.Status()
		answer.SetHeader(response.Header())
	})
	return &echo.HTTPError{Code: answer.Status(), Message: answer.Body(), Internal: answer.Refusal()}
}

// TokenFrom returns the verified token of the request, and whether there is one:
// not where authentication was skipped, and not for an anonymous request where
// it is optional. [validator.TokenFrom] finds the same in the context of the
// request.
func TokenFrom(c echo.Context) (*validator.Token, bool) {
	return validator.TokenFrom(c.Request().Context())
}
