package validator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/scopes"
)

// A Request is what an adapter knows about a request when it asks a [Guard].
type Request struct {
	_ [0]func()

	// Operation names what is asked for, as the router or the RPC framework
	// matched it: a route pattern or a full method. It is for logs and hooks.
	Operation string
	// Requirement is what the operation needs. The zero Requirement is an
	// operation without a rule: it is refused, also where Optional is set.
	Requirement scopes.Requirement
	// Optional lets a request without any credential in. A credential that is
	// there must still be good.
	Optional bool
	// Shadow lets a request pass that only lacks scopes or authorization_details,
	// and reports what would have been refused. Whoever sends it must be
	// authenticated all the same, and as well as Requirement says.
	Shadow bool

	// Authorization is every value of the Authorization header field or of the
	// "authorization" metadata.
	Authorization []string

	// Info goes into the [Credential].
	Info RequestInfo
}

const redactedRequest = "request(redacted)"

// Format prints a constant, whatever the verb: the request has the credential.
func (Request) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedRequest) }

// LogValue logs a constant.
func (Request) LogValue() slog.Value { return slog.StringValue(redactedRequest) }

// MarshalText marshals a constant.
func (Request) MarshalText() ([]byte, error) { return []byte(redactedRequest), nil }

// A Guard is the decision that all adapters share: it extracts the credential,
// has it validated, holds the token against the requirement and reports what
// came of it. It is safe for concurrent use.
type Guard struct {
	authenticator Authenticator
	comparable    bool     // the authenticator can be told from another one
	observer      Observer // nil if nobody listens
	support       Support
	// The authenticator itself refuses everything that is not a b64token, before it
	// does anything with it, so that one that it knows need not be looked through.
	refusesOthers bool
	shadowed      shadowCounts
}

// NewGuard returns a Guard in front of a. If a is an [Observer] too, it learns
// of every decision. If a has a method Supports, as [Validator] has, the schemes that
// it returns now are accepted beside "Bearer".
func NewGuard(a Authenticator) *Guard {
	g := &Guard{authenticator: a, comparable: a != nil && reflect.ValueOf(a).Comparable()}
	g.observer, _ = a.(Observer)
	if v, ok := a.(*Validator); ok && v != nil {
		g.refusesOthers = v.config.Introspector == nil // a compact JWS has fewer characters
		if v.config.Logger == nil && v.config.OnDecision == nil {
			g.observer = nil
		}
	}
	if s, ok := a.(interface{ Supports() Support }); ok && !configerr.IsNil(a) {
		g.support = s.Supports()
	}
	return g
}

// Supports returns what the authenticator tells about itself, zero if it does not. It
// must not be modified.
func (g *Guard) Supports() Support { return g.support }

// Authorize decides on a request. If the request may pass, the returned context
// carries the token for [TokenFrom]; the token is nil only where authentication
// is optional and there was no credential. Otherwise the error is an [*Error].
// A panic of the authenticator or a hook is an error of [CodeInternal].
//
// A request that this Guard, or another one of the same authenticator, has already
// let in, as ctx tells, is not validated again, unless its token has expired or was
// revoked since, only held against the requirement. So a proof that was used for
// this request is not taken for a replay.
func (g *Guard) Authorize(ctx context.Context, r Request) (authorized context.Context, token *Token, err error) {
	defer func() {
		if p := recover(); p != nil {
			refusal := NewError(CodeInternal, newPanicError(p))
			authorized, token, err = ctx, nil, refusal
			defer func() { _ = recover() }() // it may be the hook that panics
			_ = g.refuse(ctx, &r, nil, refusal)
		}
	}()
	authorized, granted, refusal := g.authenticate(ctx, &r)
	if refusal != nil {
		if r.Optional && !r.Requirement.IsZero() && len(r.Authorization) == 0 {
			g.observe(ctx, &r, nil, nil, false)
			return ctx, nil, nil
		}
		return ctx, nil, g.refuse(ctx, &r, nil, refusal)
	}
	lacking := authorize(granted.token, r.Requirement)
	if lacking != nil {
		if r.Shadow && lacking.code == CodeInsufficientScope {
			lacking = cmp.Or(lackingBesides(granted.token, r.Requirement), lacking)
		}
		lacking.scheme, lacking.nonce = granted.scheme, granted.nonce
		if !r.Shadow || lacking.code != CodeInsufficientScope {
			return ctx, nil, g.refuse(ctx, &r, granted.token, lacking)
		}
		g.shadowed.add(r.Operation)
	}
	g.observe(ctx, &r, granted.token, lacking, lacking != nil)
	return authorized, granted.token, nil
}

// authenticate is the first half of the decision: who is it? The context that
// comes back has the answer.
func (g *Guard) authenticate(ctx context.Context, r *Request) (context.Context, *authentication, *Error) {
	received, raw, refusal := g.parseAuthorization(r.Authorization)
	scheme := g.canonical(received)
	if refusal != nil {
		refusal.scheme = scheme
		return nil, nil, refusal
	}
	if a := authenticationFrom(ctx); a != nil && a.authorization == r.Authorization[0] && g.asks(a.guard) {
		if refusal := a.token.again(ctx); refusal != nil {
			return nil, nil, refusal.judgedBy(a.token.judge).in(scheme, nil)
		}
		return ctx, a, nil
	}
	c := Credential{Scheme: received, Token: raw, Info: r.Info}
	if scheme != bearer {
		c.Reply = new(Reply)
	}
	token, err := g.authenticator.Validate(ctx, c)
	if err != nil {
		if g.refusesOthers && !isB64Token(raw) {
			err = NewError(CodeMalformedCredentials, errNotBearer)
		}
		return nil, nil, asError(err).in(scheme, c.Reply)
	}
	if token == nil {
		return nil, nil, NewError(CodeInternal, errNoToken)
	}
	a := &authentication{Context: ctx, token: token, guard: g, authorization: r.Authorization[0], scheme: scheme}
	if c.Reply != nil {
		a.nonce = c.Reply.DPoPNonce
	}
	return a, a, nil
}

// asks reports whether g has the same authenticator as the other guard.
func (g *Guard) asks(other *Guard) bool {
	return g == other || g.comparable && other.comparable && g.authenticator == other.authenticator
}

// authorize is the second half: is it enough?
func authorize(token *Token, requirement scopes.Requirement) *Error {
	if requirement.IsZero() {
		return NewError(CodeOperationNotAllowed, errNoRule)
	}
	if requirement.SatisfiedBy(token.scopes) {
		return nil
	}
	if requirement.ScopesOnly() {
		return insufficient(requirement.Shortfall(token.scopes))
	}
	grant := token.grant()
	if requirement.SatisfiedByGrant(&grant) {
		return nil
	}
	return insufficient(requirement.ShortfallOf(&grant))
}

// lackingBesides returns what would be missing still if the token had every scope:
// another authentication of the user, which is never in shadow; nil: nothing.
func lackingBesides(token *Token, requirement scopes.Requirement) *Error {
	grant := token.grant()
	grant.Scopes = grant.Scopes.Union(scopes.NewSet(requirement.Scopes()...))
	missing := requirement.ShortfallOf(&grant)
	missing.Details = false // in shadow as scopes are
	if missing.AuthenticationOnly() {
		return insufficient(missing)
	}
	return nil
}

// insufficient says what is missing. Only if nothing but the user's authentication
// does, another one helps (RFC 9470 §3).
func insufficient(s scopes.Shortfall) *Error {
	if s.AuthenticationOnly() {
		refusal := NewError(CodeInsufficientUserAuthentication, nil)
		if refusal.acrValues = s.ACRValues; s.MaxAge > 0 {
			refusal.maxAge = s.MaxAge
		}
		return refusal
	}
	refusal := NewError(CodeInsufficientScope, nil)
	refusal.needed, refusal.missing = s.Needed, s.Missing
	return refusal
}

func (g *Guard) refuse(ctx context.Context, r *Request, token *Token, refusal *Error) error {
	g.observe(ctx, r, token, refusal, false)
	return refusal
}

// observe tells what came of a request, if anybody listens. The token is nil if none
// was verified, the refusal if the request was let in.
func (g *Guard) observe(ctx context.Context, r *Request, token *Token, refusal *Error, shadow bool) {
	if g.observer == nil {
		return
	}
	d := Decision{Operation: r.Operation, Requirement: r.Requirement, Token: token, Err: refusal, Shadow: shadow}
	switch {
	case token != nil:
		d.Issuer, d.ClientID, d.judge = token.issuer, token.clientID, token.judge
	case refusal != nil:
		d.judge = refusal.judge
	}
	g.observer.Observe(ctx, d)
}

var (
	errNoToken = errors.New("the authenticator returned neither a token nor an error")
	errNoRule  = errors.New("no rule for this operation")
)
