package validator

import (
	"errors"
	"slices"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// Delegation limits tokens that have actors (RFC 8693 §4.1). Tokens without are
// not affected.
type Delegation struct {
	// Refuse refuses every token with an actor.
	Refuse bool
	// Actors are those who may act, by the subject or, where there is none, the
	// client id of the outermost actor, of whom the token's own issuer speaks: an
	// actor with another iss is none of them. Empty: everybody whom the issuer lets.
	Actors []string
	// MaxActors is how many actors a chain may have. Zero: as many as a token can
	// have, 8.
	MaxActors int
}

var (
	errDelegated = errors.New("the token has an actor")
	errActorName = errors.New("the actor is not on the allow-list")
	errActors    = errors.New("too many actors")
)

func (c *Config) normalizeDelegation(problems *configerr.List) {
	d := &c.Delegation
	d.Actors = slices.Clone(d.Actors)
	checkNames(problems, "Delegation.Actors", d.Actors)
	problems.Check(d.MaxActors >= 0, "Delegation.MaxActors", "negative")
	problems.Check(d.MaxActors <= maxActors, "Delegation.MaxActors", "over 8, which is as many as a token can have")
	problems.Check(!d.Refuse || len(d.Actors) == 0 && d.MaxActors == 0, "Delegation.Refuse", "leaves nothing to limit")
	if d.MaxActors == 0 {
		d.MaxActors = maxActors
	}
}

// check decides by the outermost actor; the others are history (RFC 8693 §4.1).
func (d *Delegation) check(m *moreClaims, issuer string) *Error {
	if m.actor == nil {
		return nil
	}
	name := m.actor.Subject
	if name == "" {
		name = m.actor.ClientID
	}
	switch {
	case d.Refuse:
		return NewError(CodeTokenRefused, errDelegated)
	case len(d.Actors) > 0 && (m.actor.Issuer != "" && m.actor.Issuer != issuer || !slices.Contains(d.Actors, name)):
		return NewError(CodeTokenRefused, errActorName)
	case m.actor.chain() > d.MaxActors:
		return NewError(CodeTokenRefused, errActors)
	}
	return nil
}
