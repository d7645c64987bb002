package dpop

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/internal/proxies"
	"github.com/bearerguard/bearerguard/validator"
)

// scheme is the authentication scheme of RFC 9449 §7.1.
const scheme = "DPoP"

// The reasons in private why a request is refused.
var (
	errDowngrade = errors.New("a bound token was sent without the DPoP scheme")
	errUnbound   = errors.New("the token is not bound to a key, and must be")
	errNotBound  = errors.New("the token was sent with the DPoP scheme and is not bound to a key")
	errNoRequest = errors.New("nothing is known of the request around the token")
	errFields    = errors.New("not exactly one DPoP field")
	errTarget    = errors.New("the URL of the request cannot be told")
	errMethod    = errors.New("htm is not the method of the request")
	errURL       = errors.New("htu is not the URL of the request")
	errTooOld    = errors.New("iat is too far in the past")
	errFuture    = errors.New("iat is too far in the future")
	errExpired   = errors.New("the proof has expired")
	errNotYet    = errors.New("the proof is not valid yet")
	errNonce     = errors.New("nonce is missing or not a recent one")
	errTokenHash = errors.New("ath is not the hash of the token")
	errOtherKey  = errors.New("the proof is signed with another key than the token is bound to")
	errSignature = errors.New("the signature is not that of the jwk")
	errReplayed  = errors.New("the proof was used before")
)

// retryAfter is when a request makes sense again after the [ReplayStore] failed.
const retryAfter = time.Second

// A Verifier checks DPoP proofs. It is a [validator.SchemeBinding] and safe for
// concurrent use.
type Verifier struct {
	config  Config       // normalized
	public  *url.URL     // Config.PublicURL; nil: none
	proxies proxies.List // Config.TrustedProxies
}

var _ validator.SchemeBinding = (*Verifier)(nil)

// New returns a Verifier. The error joins every problem of the configuration,
// each a [*ConfigError] that names its field.
func New(config Config) (*Verifier, error) {
	c, public, err := config.normalize()
	if err != nil {
		return nil, err
	}
	return &Verifier{c, public, c.TrustedProxies}, nil
}

// Member implements [validator.Binding] (RFC 9449 §6.1).
func (v *Verifier) Member() string { return "jkt" }

// Scheme implements [validator.SchemeBinding]. The caller may modify what it gets.
func (v *Verifier) Scheme() validator.Scheme {
	return validator.Scheme{Name: scheme, Algorithms: slices.Clone(v.config.Algorithms), Required: v.config.Required}
}

// Verify implements [validator.Binding]: a token goes with the scheme that it
// was issued for.
//
//   - A bound token needs the DPoP scheme and a good proof. With another scheme it
//     is refused, proof or not (RFC 9449 §7.2): [validator.CodeBindingFailed].
//   - A token that is not bound is refused with the DPoP scheme, and with any if
//     [Config.Required]: [validator.CodeBindingFailed]. Otherwise it passes. A DPoP
//     field beside it is not looked at: there is no key that it could prove.
//
// A bad proof is [validator.CodeDPoPProofInvalid], one by another key than the
// token's [validator.CodeBindingFailed], one without a recent nonce
// [validator.CodeDPoPNonceRequired], with that in c.Reply, and
// [validator.CodeDependencyUnavailable] says that the [ReplayStore] could not tell.
func (v *Verifier) Verify(ctx context.Context, c validator.Credential, thumbprint string) error {
	proved := strings.EqualFold(c.Scheme, scheme) // RFC 9110 §11.1
	switch {
	case thumbprint == "" && proved:
		return failed(errNotBound)
	case thumbprint == "" && v.config.Required:
		return failed(errUnbound)
	case thumbprint == "":
		return nil
	case !proved:
		return failed(errDowngrade)
	}
	_, err := v.check(ctx, expectation{c.Info, c.Reply, true, c.Token, thumbprint})
	return err
}

// Proof verifies the proof of a request that has no access token, such as one to
// a token endpoint (RFC 9449 §5), and returns the thumbprint of its key, which
// becomes the "jkt" of the token. The reply gets a nonce as in [Verifier.Verify];
// it may be nil. The error is a [*validator.Error] of the same codes.
//
// Anybody can make a key and a proof for it, and each takes a place in the
// [ReplayStore]: the client is authenticated before, and an API that verifies access
// tokens as well has a Verifier of its own for that.
func (v *Verifier) Proof(ctx context.Context, info validator.RequestInfo, reply *validator.Reply) (jkt string, err error) {
	return v.check(ctx, expectation{info: info, reply: reply})
}

// An expectation is what a proof is held against.
type expectation struct {
	info       validator.RequestInfo
	reply      *validator.Reply
	bound      bool // to a token with a thumbprint
	token      string
	thumbprint string
}

// check makes the checks of RFC 9449 §4.3, the cheap ones first, and the one that
// leaves a trace last.
func (v *Verifier) check(ctx context.Context, e expectation) (jkt string, err error) {
	if e.info == nil {
		return "", failed(errNoRequest)
	}
	fields := e.info.Header("DPoP")
	if len(fields) != 1 { // check 1
		return "", invalid(errFields)
	}
	p, err := v.read(fields[0]) // checks 2 to 5 and 7
	if err != nil {
		return "", invalid(err)
	}
	if err := v.checkTarget(p, e.info); err != nil { // checks 8 and 9
		return "", invalid(err)
	}
	jkt = p.key.Thumbprint()
	if e.bound {
		if p.claims.ath != tokenHash(e.token) { // check 12
			return "", invalid(errTokenHash)
		}
		if jkt != e.thumbprint { // check 12
			return "", failed(errOtherKey)
		}
	}
	if err := v.checkTimes(&p.claims); err != nil { // check 11
		return "", invalid(err)
	}
	// Check 6; over the bytes received, never a new encoding of them.
	if !p.algorithm.Verify(p.key.Public(), p.algorithm.Digest(nil, p.signed), p.signature) {
		return "", invalid(errSignature)
	}
	if !v.checkNonce(p.claims.nonce, e.reply) { // check 10
		return "", validator.NewError(validator.CodeDPoPNonceRequired, errNonce)
	}
	if err := v.use(ctx, jkt, &p.claims); err != nil {
		return "", err
	}
	return jkt, nil
}

func invalid(cause error) error { return validator.NewError(validator.CodeDPoPProofInvalid, cause) }
func failed(cause error) error  { return validator.NewError(validator.CodeBindingFailed, cause) }

// checkTarget holds htm and htu against the request.
func (v *Verifier) checkTarget(p *proof, info validator.RequestInfo) error {
	if p.claims.htm != info.Method() { // methods are case-sensitive (RFC 9110 §9.1)
		return errMethod
	}
	want, ok := v.target(info)
	if !ok {
		return errTarget
	}
	htu, err := url.Parse(p.claims.htu)
	if err != nil {
		return errURL
	}
	if got, ok := normalTarget(htu); !ok || got != want {
		return errURL
	}
	return nil
}

// checkTimes holds the times against the clock. A proof needs no exp and no nbf;
// if it has them they count (RFC 7519 §4.1.4 and §4.1.5).
func (v *Verifier) checkTimes(c *claims) error {
	now := v.config.Clock.Now()
	switch {
	case now.After(v.end(c)):
		return errTooOld
	case c.made.After(now.Add(v.config.Leeway)):
		return errFuture
	case c.hasExp && !now.Before(c.exp.Add(v.config.Leeway)):
		return errExpired
	case c.hasNbf && c.nbf.After(now.Add(v.config.Leeway)):
		return errNotYet
	}
	return nil
}

// end returns until when the iat of a proof is good, that time included.
func (v *Verifier) end(c *claims) time.Time { return c.iat.Add(v.config.MaxAge + v.config.Leeway) }

// checkNonce reports whether the nonce of a proof is good, and hands out the
// current one unless that is it (RFC 9449 §8.2).
func (v *Verifier) checkNonce(nonce string, reply *validator.Reply) bool {
	if v.config.Nonces == nil {
		return true
	}
	good, current := v.config.Nonces.Check(nonce)
	if !current && reply != nil {
		reply.DPoPNonce = v.config.Nonces.Current()
	}
	return good
}

// use records the proof, so that it is good once (RFC 9449 §11.1). A jti belongs
// to its key, and counts whatever the URL: the same proof again would have the
// same one anyway.
func (v *Verifier) use(ctx context.Context, jkt string, c *claims) error {
	fresh, err := v.config.Replay.Use(ctx, sha256.Sum256([]byte(jkt+c.jti)), v.end(c)) // jkt has 43 characters
	if known, ok := errors.AsType[*validator.Error](err); ok {
		return known
	}
	switch {
	case ctx.Err() != nil && err != nil:
		return validator.NewInterruptedError(fmt.Errorf("before the proof was recorded: %w", ctx.Err()))
	case err != nil:
		return validator.NewUnavailableError(validator.CodeDependencyUnavailable, retryAfter, err)
	case !fresh:
		return invalid(errReplayed)
	case v.config.Clock.Now().After(v.end(c)):
		// It may have been forgotten between the first look at the clock and
		// the store's.
		return invalid(errTooOld)
	}
	return nil
}

// tokenHash returns what "ath" must be (RFC 9449 §4.2).
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
