// Package httpmw guards net/http handlers with OAuth 2.0 access tokens: it takes
// the token from the Authorization header (RFC 6750 §2.1), has it validated, and
// lets the request in or answers it from the error table of package validator.
//
// [Auth.NewMux] is the way in for net/http's own routing: a mux on which no
// route can be registered without saying what it needs. For other routers
// [Auth.Require] is a plain middleware. [Auth.Check] and [Auth.Deny] are the
// decision and the answer as plain calls; [Extract], [Auth.Authorize] and
// [Auth.Answer] are the same for adapters to other frameworks.
//
// With a [scopes.Policy], one place says what each operation needs, and routes are
// bound to it: by [Mux.Bind], or by the name of the operation with [Auth.Operation].
// [Mux.Check] tells at start what does not fit.
//
// # Order of middleware
//
// CORS goes outside: a preflight request carries no credentials (Fetch standard,
// "CORS protocol and credentials"), so the CORS middleware must answer it before
// it gets here, and refusals need its headers as much as other answers do. One that
// does get here is refused, unless [Mux.Preflight] says otherwise. Outside go also
// logging, compression, recovering from panics and limits on request rates.
// Headers that they have set on the response survive a refusal.
//
// # What is not done
//
// Tokens in the query, in a form or in a cookie are never looked for. Nothing
// that the caller sent is repeated in an answer. Panics of handlers pass through
// untouched. A Content-Encoding that is set on the response stays, because
// middleware that compresses on the fly sets it before the handler runs: a
// handler that calls [Auth.Deny] itself must not have set one.
package httpmw

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/fetch"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// DefaultRealm is the realm of challenges where [Config.Realm] is empty.
const DefaultRealm = "api"

// ConfigError is one problem with one field of a configuration. [New] returns
// all problems that it finds, joined (see [errors.Join]).
type ConfigError = configerr.Error

// Config says how refusals look. The zero value is ready to use.
type Config struct {
	_ [0]func() // no unkeyed literals, no ==

	// Realm is the realm of challenges (RFC 9110 §11.5). Empty: [DefaultRealm].
	// It is printable ASCII without quotes and backslashes.
	Realm string

	// ResourceMetadata is the URL of this API's protected resource metadata, for
	// challenges to point at (RFC 9728 §5.1). Empty: challenges do not. It is an
	// absolute https URL without a fragment, or plain http to loopback, which
	// only clients on this machine can follow.
	ResourceMetadata string

	// Resource describes this API. Challenges then point at its metadata, which
	// [Auth.Metadata] serves; it stands in place of ResourceMetadata. Nil: none.
	Resource *Resource

	// Body replaces the body of a refusal; nil keeps the JSON of [ErrorBody]. It
	// returns a media type and the bytes; with an empty media type, or if it
	// panics, the answer has its default body. Status, challenge and all other
	// headers stay as they are. It is called by any number of goroutines. What
	// [validator.Error.Unwrap] returns is private and does not belong in a body.
	Body func(r *http.Request, refusal *validator.Error) (contentType string, body []byte)

	// Policy is what the operations of this API need, for [Mux.Bind] and
	// [Auth.Operation]. Nil: they cannot be used. [New] warns of operations in
	// shadow mode (see [validator.Guard.WarnOfShadow]).
	Policy *scopes.Policy

	// StreamGrace is how long a handler behind [Auth.WhileValid] has to end by
	// itself once its token is not good any more, as a duration. Zero:
	// [DefaultStreamGrace].
	StreamGrace time.Duration
}

// An Auth guards handlers. Only [New] makes one; it is safe for concurrent use.
type Auth struct {
	guard  *validator.Guard
	policy *scopes.Policy // nil: none
	rows   map[validator.Code]*row
	body   func(*http.Request, *validator.Error) (string, []byte)
	grace  time.Duration

	metadata *resourceMetadata // nil: none
	offers   []string          // the challenges for callers without credentials
	instead  string            // that of a scheme that takes the place of "Bearer"; empty: none
}

// New returns an Auth that has a validate tokens. The error joins every problem
// of the configuration, each a [*ConfigError] that names its field.
func New(a validator.Authenticator, config Config) (*Auth, error) {
	var problems configerr.List
	problems.Check(!configerr.IsNil(a), "Authenticator", "required: what validates tokens, such as a *validator.Validator")
	if config.Realm == "" {
		config.Realm = DefaultRealm
	}
	problems.Check(quotable(config.Realm), "Realm", "want printable ASCII without quotes and backslashes")
	if config.ResourceMetadata != "" {
		_, err := fetch.ParseURL(config.ResourceMetadata, true)
		problems.Check(err == nil && quotable(config.ResourceMetadata), "ResourceMetadata",
			"want an absolute https URL (http to loopback only) without user information, fragment, quotes and backslashes")
	}
	problems.Check(config.StreamGrace >= 0, "StreamGrace", "negative")
	guard := validator.NewGuard(a)
	var resource *resourceMetadata
	if config.Resource != nil {
		problems.Check(config.ResourceMetadata == "", "ResourceMetadata", "cannot be combined with Resource")
		resource = newMetadata(config.Resource, config.Policy, guard.Supports(), &problems)
		config.ResourceMetadata = resource.url
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	auth := &Auth{
		guard:    guard,
		metadata: resource,
		policy:   config.Policy,
		body:     config.Body,
		grace:    cmp.Or(config.StreamGrace, DefaultStreamGrace),
	}
	auth.rows = rows(&config, auth.guard.Supports().Schemes)
	auth.offer()
	guard.WarnOfShadow(config.Policy.Shadowed())
	return auth, nil
}

// Authorize decides on a request that [Extract] has described: it is
// [validator.Guard.Authorize] of the one guard behind this Auth. It is for
// adapters; handlers are guarded by a [Mux] or by [Auth.Require].
func (a *Auth) Authorize(ctx context.Context, r validator.Request) (context.Context, *validator.Token, error) {
	return a.guard.Authorize(ctx, r)
}

// errNotRefused is the cause where [Auth.Deny] is called without an error.
var errNotRefused = errors.New("denied without an error")
