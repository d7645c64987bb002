package validator

import (
	"context"
	"errors"
	"time"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/jwks"
)

var errUnknownKey = errors.New("no key of this issuer fits the token's kid and alg")

// keySource returns the configured source, or one that fetches the issuer's keys,
// together with what closes it.
func (c *Config) keySource() (jwks.Source, func() error, error) {
	if c.IntrospectJWTs {
		return jwks.Static(&jwks.Set{}), func() error { return nil }, nil
	}
	if c.Keys != nil {
		if configerr.IsNil(c.Keys) {
			return nil, nil, &ConfigError{Field: "Keys", Reason: "a nil pointer"}
		}
		if c.JWKSURL != "" {
			return nil, nil, &ConfigError{Field: "JWKSURL", Reason: "cannot be combined with Keys"}
		}
		return c.Keys, func() error { return nil }, nil
	}
	from := jwks.Config{
		InsecureLoopbackHTTP: c.InsecureLoopbackHTTP,
		PublicAddressesOnly:  c.publicAddressesOnly && !c.InsecureLoopbackHTTP,
		OnEvent:              c.keyEvents(),
		Clock:                c.Clock,
	}
	field := "Issuer"
	if from.Issuer = c.Issuer; c.JWKSURL != "" {
		from.URL, from.Issuer, field = c.JWKSURL, "", "JWKSURL"
	}
	remote, err := jwks.NewRemote(from)
	if err != nil {
		return nil, nil, renamed(err, field)
	}
	return remote, remote.Close, nil
}

// renamed returns err with its problems under the name that the field has here.
func renamed(err error, field string) error {
	var problems configerr.List
	for _, problem := range configerr.All(err) {
		problems.Add(field, problem.Reason)
	}
	return problems.Err()
}

// currentAt is Current of a source, which need not read the clock again if it is the
// one that New has made, with the same clock.
func currentAt(keys jwks.Source, own bool) func(context.Context, time.Time) (*jwks.Set, error) {
	if remote, ok := keys.(*jwks.Remote); ok && own {
		return remote.CurrentAt
	}
	return func(ctx context.Context, _ time.Time) (*jwks.Set, error) { return keys.Current(ctx) }
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

// unavailable is the answer when a token could not be judged: never 401.
func unavailable(ctx context.Context, err error) *Error {
	if ctx.Err() != nil {
		return NewInterruptedError(ctx.Err())
	}
	if u, ok := errors.AsType[*jwks.UnavailableError](err); ok {
		return NewUnavailableError(CodeKeysUnavailable, u.RetryAfter, err)
	}
	return NewError(CodeKeysUnavailable, err)
}
