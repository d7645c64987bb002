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

// A Validator verifies the access tokens of one issuer. It is safe for any
// number of goroutines.
type Validator struct {
	config      Config // normalized
	clock       Clock
	scopeClaims []scopeClaim
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
	return v, nil
}

// Validate verifies an access token and returns it, or an [*Error]. It waits for
// the network only when no keys were fetched yet, when the token names a key that
// is not among them, or where something that it was configured with does, never
// longer than ctx allows.
func (v *Validator) Validate(ctx context.Context, c Credential) (token *Token, err error) {
	defer recoveredResult(&token, &err)
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
		return NewInterruptedError(err)
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
	defer recovered(&refusal) // here, where the caller knows whose it is
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

// checkOwn asks the caller's own rules.
func (v *Validator) checkOwn(ctx context.Context, t *Token) *Error {
	if v.config.Check == nil {
		return nil
	}
	if err := v.config.Check(ctx, t); err != nil {
		return outcome(ctx, err, CodeTokenRefused)
	}
	return nil
}

// Close stops what the Validator has started: the refreshing of discovered
// keys. It can be called more than once. A [Config.Keys] is not closed.
func (v *Validator) Close() error { return v.closeKeys() }
