package ledger

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// An Excess is a way in which a token is over its [Ceiling].
type Excess string

const (
	LifetimeExcess Excess = "lifetime" // it lives too long, or does not say how long
	NumberExcess   Excess = "number"   // it has too many scopes
	ScopeExcess    Excess = "scope"    // it has a scope that is not on the list
	AudienceExcess Excess = "audience" // it has an audience that is not on the list
)

// Their numbers.
const (
	overLifetime = iota
	overNumber
	overScope
	overAudience
	excessEnd
)

var excesses = [excessEnd]Excess{LifetimeExcess, NumberExcess, ScopeExcess, AudienceExcess}

// excess counts one Excess of a client.
type excess struct {
	warned, refused atomic.Uint64
	last            atomic.Int64
	told            atomic.Bool
}

// excessErrors are the refusals. They say nothing of the token.
var excessErrors = [excessEnd]*validator.Error{
	validator.NewError(validator.CodeTokenRefused, errors.New("the token lives longer than its client's ceiling allows")),
	validator.NewError(validator.CodeTokenRefused, errors.New("the token has more scopes than its client's ceiling allows")),
	validator.NewError(validator.CodeTokenRefused, errors.New("the token has a scope that its client's ceiling does not allow")),
	validator.NewError(validator.CodeTokenRefused, errors.New("the token has an audience that its client's ceiling does not allow")),
}

func (c *Ceiling) party() party { return party{c.Issuer, c.ClientID} }

// ceiling returns the most specific ceiling for a token, nil if there is none.
func (l *Ledger) ceiling(t *validator.Token) *Ceiling {
	issuer, id := t.Issuer(), t.ClientID()
	for _, p := range [...]party{{issuer, id}, {"", id}, {issuer, ""}, {"", ""}} {
		if c := l.ceilings[p]; c != nil {
			return c
		}
	}
	return nil
}

// Check holds a verified token against its client's ceiling. It is for
// [validator.Config.Check], or to be called from there. A token that is over it is
// counted; the error, if [Ceiling.Refuse] says so, is a [*validator.Error] of
// [validator.CodeTokenRefused].
func (l *Ledger) Check(ctx context.Context, t *validator.Token) error {
	ceiling := l.ceiling(t)
	if ceiling == nil {
		return nil
	}
	over := ceiling.over(t)
	first := slices.Index(over[:], true)
	if first < 0 {
		return nil
	}
	if c := l.client(t); c != nil {
		l.count(ctx, c, t, over, ceiling.Refuse)
	}
	if ceiling.Refuse {
		return excessErrors[first]
	}
	return nil
}

// over says in which ways a token is over the ceiling.
func (c *Ceiling) over(t *validator.Token) (over [excessEnd]bool) {
	// Without iat, it is as if the token were from the year 1.
	over[overLifetime] = c.MaxLifetime > 0 && t.ExpiresAt().Sub(t.IssuedAt()) > c.MaxLifetime
	over[overNumber] = c.MaxScopes > 0 && t.Scopes().Len() > c.MaxScopes
	over[overScope] = len(c.Scopes) > 0 && !within(t.Scopes(), c.Scopes)
	over[overAudience] = len(c.Audiences) > 0 && slices.ContainsFunc(t.Audience(), func(name string) bool { return !slices.Contains(c.Audiences, name) })
	return over
}

// within reports whether all that was granted is on the list.
func within(granted scopes.Set, list []string) bool {
	for name := range granted.All() {
		if !slices.Contains(list, name) {
			return false
		}
	}
	return true
}

func (l *Ledger) count(ctx context.Context, c *client, t *validator.Token, over [excessEnd]bool, refused bool) {
	now := l.config.Clock.Now()
	latest(&c.last, now.Unix())
	for i := range over {
		if !over[i] {
			continue
		}
		e := &c.excesses[i]
		latest(&e.last, now.Unix())
		if refused {
			e.refused.Add(1)
		} else {
			e.warned.Add(1)
		}
		if l.config.Logger != nil && e.told.CompareAndSwap(false, true) {
			l.config.Logger.LogAttrs(ctx, slog.LevelWarn, "a client's token is over its ceiling", slog.String("issuer", t.Issuer()),
				slog.String("client_id", t.ClientID()), slog.String("excess", string(excesses[i])), slog.Bool("refused", refused),
				slog.Duration("lifetime", lifetime(t)), slog.Int("scopes", t.Scopes().Len()))
		}
	}
}

// lifetime is zero if the token does not say.
func lifetime(t *validator.Token) time.Duration {
	if t.IssuedAt().IsZero() {
		return 0
	}
	return t.ExpiresAt().Sub(t.IssuedAt())
}
