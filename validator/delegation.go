package validator

import (
	"errors"
	"slices"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// An Actor is who acts on behalf of the token's subject (RFC 8693 §4.1).
type Actor struct {
	// Issuer, Subject and ClientID identify the actor; each may be empty.
	Issuer, Subject, ClientID string
	// Actor is who acted before, on whose behalf this one does; nil: nobody. RFC
	// 8693 §4.1 wants access decided by the outermost actor only.
	Actor *Actor
}

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
	errActor     = errors.New("act is not a chain of actors")
	errDelegated = errors.New("the token has an actor")
	errActorName = errors.New("the actor is not on the allow-list")
	errActors    = errors.New("too many actors")
)

// maxActors is how many actors a token can have.
const maxActors = 8

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

// readActor reads an act claim, a chain of at most limit actors.
func readActor(value jsontext.Value, limit int) (*Actor, error) {
	if limit == 0 {
		return nil, errActor
	}
	var a Actor
	err := strictjson.Object(value, maxJSONDepth, func(name []byte, value jsontext.Value) (err error) {
		ok := true
		switch string(name) {
		case "iss":
			a.Issuer, ok = strictjson.View(value)
		case "sub":
			a.Subject, ok = strictjson.View(value)
		case "client_id":
			a.ClientID, ok = strictjson.View(value)
		case "act":
			a.Actor, err = readActor(value, limit-1)
		}
		if !ok {
			return errActor
		}
		return err
	})
	if err != nil || a.Subject == "" && a.ClientID == "" {
		return nil, errActor
	}
	return &a, nil
}

// clone returns a chain of the caller's own.
func (a *Actor) clone() *Actor {
	if a == nil {
		return nil
	}
	c := *a
	c.Actor = a.Actor.clone()
	return &c
}

// chain returns how many actors there are.
func (a *Actor) chain() (n int) {
	for ; a != nil; a = a.Actor {
		n++
	}
	return n
}

// Actor returns who acts on behalf of the subject (RFC 8693 §4.1: act), nil if the
// token is used by its subject or client itself. [Config.Delegation] limits it.
// What comes back is the caller's own.
func (t *Token) Actor() *Actor { return t.more.actor.clone() }
