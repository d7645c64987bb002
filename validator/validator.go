// Package validator turns the credential on a request into a verified,
// immutable [Token], or into an [Error] from one documented table.
//
// A [Validator] serves one issuer. Adapters (httpmw, echomw, grpcmw) put it in
// front of handlers; [Guard] is what they share, for adapters of your own.
package validator

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

var errUnknownKey = errors.New("no key of this issuer fits the token's kid and alg")

// A Validator verifies the access tokens of one issuer. It is safe for any
// number of goroutines.
type Validator struct {
	config      Config // normalized
	clock       Clock
	scopeClaims []scopeClaim
	configured  lengths  // of the names of the claims that config maps to something
	schemes     []Scheme // beside "Bearer"
	keys        jwks.Source
	current     func(context.Context, time.Time) (*jwks.Set, error) // keys.Current, by a clock that was just read
	closeKeys   func() error
	retiring    retiring
	cache       *cache // nil: off
	lastHeader  atomic.Pointer[knownHeader]
	lastSet     atomic.Pointer[generation] // never nil
}

// New returns a Validator. It does no I/O: keys are fetched when the first token
// needs them, or by [Validator.Ready]. The error joins every problem of the
// configuration, each a [*ConfigError] that names its field.
func New(config Config) (*Validator, error) {
	c, problems := config.normalize()
	keys, closeKeys, err := c.keySource()
	if config.Issuer == "" && config.JWKSURL == "" {
		err = nil // it has been said already
	}
	if err := errors.Join(problems, err); err != nil {
		return nil, err
	}
	v := &Validator{config: c, clock: c.Clock, schemes: schemesOf(c.Bindings), keys: keys, closeKeys: closeKeys, retiring: newRetiring(&c), cache: newCache(c.Cache)}
	v.lastSet.Store(&generation{})
	v.current = currentAt(keys, c.Keys == nil)
	for _, entry := range c.ScopeClaims {
		claim, _ := compileScopeClaim(entry)
		v.scopeClaims = append(v.scopeClaims, claim)
	}
	v.configured = c.configured(v.scopeClaims)
	return v, nil
}

// Validate verifies an access token and returns it, or an [*Error]. It waits for
// the network only when no keys were fetched yet, when the token names a key that
// is not among them, or where something that it was configured with does, never
// longer than ctx allows.
func (v *Validator) Validate(ctx context.Context, c Credential) (token *Token, err error) {
	defer recovered(&token, &err)
	if refusal := receive(ctx, c, v.schemes); refusal != nil {
		return nil, refusal
	}
	token, refusal := v.authenticate(ctx, c, nil)
	if refusal != nil {
		return nil, refusal
	}
	return token, nil
}

// receive checks what needs neither configuration nor a look into the token.
func receive(ctx context.Context, c Credential, schemes []Scheme) *Error {
	if err := ctx.Err(); err != nil {
		return interrupted(err)
	}
	if err := checkScheme(c, schemes); err != nil {
		return err
	}
	return checkSize(c.Token)
}

// authenticate decides on a credential: first on the token, of which much can be
// remembered, then on what is this request's own. The token's digest may be nil, if
// it is not known yet.
func (v *Validator) authenticate(ctx context.Context, c Credential, d *digest) (_ *Token, refusal *Error) {
	defer func() {
		if p := recover(); p != nil { // here, where the caller knows whose it is
			refusal = NewError(CodeInternal, newPanicError(p))
		}
	}()
	token, audience, err := v.verified(ctx, c.Token, d)
	if err != nil {
		return nil, err
	}
	if err := v.admit(ctx, c, token); err != nil {
		return nil, err
	}
	v.retiring.used(audience, v.clock)
	return token, nil
}

// verified returns the token, whatever it takes to verify it, and the audience on
// its way out that it depends on, if there is one.
func (v *Validator) verified(ctx context.Context, raw string, d *digest) (*Token, *retiringName, *Error) {
	if v.introspects(raw) {
		return v.introspected(ctx, raw)
	}
	return v.remembered(ctx, raw, d)
}

// admit is what is decided anew on every request.
func (v *Validator) admit(ctx context.Context, c Credential, t *Token) *Error {
	if err := v.checkRevocation(ctx, t); err != nil {
		return err
	}
	if err := v.checkBindings(ctx, c, t); err != nil {
		return err
	}
	return v.checkOwn(ctx, t)
}

// judge is the pipeline. What the claims alone refuse is refused before a key is
// looked for and the signature is computed; nothing is accepted before.
func (v *Validator) judge(ctx context.Context, raw string) (verdict, *Error) {
	scratch := scratches.Get().(*[]byte)
	defer scratches.Put(scratch)
	known := v.lastHeader.Load()
	jws, err := parseCompact(raw, scratch, known)
	if err != nil {
		return verdict{}, err
	}
	header, err := v.header(&jws, known)
	if err != nil {
		return verdict{}, err
	}
	var claims claims
	if err := v.parseClaims(&claims, jws.payload); err != nil {
		return verdict{}, err
	}
	if err := checkKind(&header, &claims, v.config.Profile); err != nil {
		return verdict{}, err
	}
	now := v.clock.Now()
	audience, err := v.checkClaims(&claims, now)
	if err != nil {
		return verdict{}, err
	}
	set, keys, err := v.findKeys(ctx, &header, now)
	if err != nil {
		return verdict{}, err
	}
	key, err := verifySignature(&jws, header.alg, keys)
	if err != nil {
		return verdict{}, err
	}
	v.rememberHeader(raw, &jws, header)
	token, err := v.tokenOf(&claims, jws.payload)
	if err != nil {
		return verdict{}, err
	}
	return verdict{token, key, kidless(&header), v.generationOf(set), audience}, nil
}

// checkClaims holds the claims against the configuration and the clock, and returns the
// audience on its way out that the token depends on, if there is one.
func (v *Validator) checkClaims(c *claims, now time.Time) (*retiringName, *Error) {
	if err := v.checkIssuer(c.issuer, now); err != nil {
		return nil, err
	}
	audience, err := v.checkAudience(c, now)
	if err != nil {
		return nil, err
	}
	if err := v.checkClient(c); err != nil {
		return nil, err
	}
	return audience, c.times.check(now, v.config.Leeway)
}

// tokenOf makes the token of verified claims, if nothing in them limits its use in a
// way that cannot be checked here.
func (v *Validator) tokenOf(c *claims, payload []byte) (*Token, *Error) {
	thumbprints, err := readConfirmation(c.confirmation, v.config.Bindings)
	if err != nil {
		return nil, err
	}
	if err := v.config.Delegation.check(&c.more, c.issuer); err != nil {
		return nil, err
	}
	return v.newToken(c, payload, thumbprints), nil
}

// findKeys returns the keys that may have signed the token and the set that they
// are in, asking the issuer again if the token names one that is not known.
func (v *Validator) findKeys(ctx context.Context, h *header, now time.Time) (*jwks.Set, []*jwks.Key, *Error) {
	set, err := v.current(ctx, now)
	if err != nil {
		return nil, nil, unavailable(ctx, err)
	}
	keys, known := set.Find(h.kid, h.alg)
	if len(keys) == 0 && !known {
		if set, err = v.keys.Newer(ctx, set); err != nil {
			return nil, nil, unavailable(ctx, err)
		}
		keys, _ = set.Find(h.kid, h.alg)
	}
	if len(keys) == 0 {
		return nil, nil, NewError(CodeKeyUnknown, errUnknownKey)
	}
	return set, keys, nil
}

// currentAt is Current of a source, which need not read the clock again if it is the
// one that New has made, with the same clock.
func currentAt(keys jwks.Source, own bool) func(context.Context, time.Time) (*jwks.Set, error) {
	if remote, ok := keys.(*jwks.Remote); ok && own {
		return remote.CurrentAt
	}
	return func(ctx context.Context, _ time.Time) (*jwks.Set, error) { return keys.Current(ctx) }
}

// checkOwn asks the caller's own rules.
func (v *Validator) checkOwn(ctx context.Context, t *Token) *Error {
	if v.config.Check == nil {
		return nil
	}
	err := v.config.Check(ctx, t)
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return asError(err)
	}
	if ctx.Err() != nil {
		return interrupted(ctx.Err())
	}
	return NewError(CodeTokenRefused, err)
}

// unavailable is the answer when a token could not be judged: never 401.
func unavailable(ctx context.Context, err error) *Error {
	if ctx.Err() != nil {
		return interrupted(ctx.Err())
	}
	if u, ok := errors.AsType[*jwks.UnavailableError](err); ok {
		return NewUnavailableError(CodeKeysUnavailable, u.RetryAfter, err)
	}
	return NewError(CodeKeysUnavailable, err)
}

// interrupted is the answer to a request that ended before the decision.
func interrupted(err error) *Error {
	if errors.Is(err, context.DeadlineExceeded) {
		return NewError(CodeDeadlineExceeded, err)
	}
	return NewError(CodeCanceled, err)
}

// Ready waits until there are keys to verify tokens with, for programs that
// would rather not start without them. It returns nil then, or why there are
// none once ctx is done.
func (v *Validator) Ready(ctx context.Context) error {
	if waiter, ok := v.keys.(interface{ Ready(context.Context) error }); ok {
		return waiter.Ready(ctx)
	}
	_, err := v.keys.Current(ctx)
	return err
}

// Close stops what the Validator has started: the refreshing of discovered
// keys. It can be called more than once. A [Config.Keys] is not closed.
func (v *Validator) Close() error { return v.closeKeys() }
