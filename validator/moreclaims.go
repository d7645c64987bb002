package validator

import (
	"errors"
	"time"

	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// moreClaims are the standard claims that only some tokens have.
type moreClaims struct {
	acr      string
	authTime int64 // seconds since the epoch; negative: absent
	session  string
	actor    *Actor
	details  *details // nil: none
}

var (
	errActor   = errors.New("act is not a chain of actors")
	errDetails = errors.New("authorization_details is not an array of objects with a type")
)

// The bounds of what a token can have of these.
const (
	maxActors  = 8
	maxDetails = 64
)

func (c *claims) readMore(name []byte, value jsontext.Value) (err error) {
	m, ok := &c.more, true
	switch string(name) {
	case "acr": // OpenID Connect Core §2, RFC 9068 §2.2.1
		m.acr, ok = strictjson.View(value)
	case "auth_time":
		m.authTime, err = numericDate(value, floor)
	case "sid": // OpenID Connect Back-Channel Logout §2.1
		m.session, ok = strictjson.View(value)
	case "act":
		m.actor, err = readActor(value, maxActors)
	case "authorization_details":
		m.details, err = readDetails(value)
	}
	if !ok {
		return errClaimType
	}
	return err
}

// size is what the claims take in memory beside the payload, of which every string may
// be a copy: each string in a list has a header and room to grow.
func (m *moreClaims) size() int {
	size := 64 * m.actor.chain()
	for _, d := range m.details.all() {
		listed := len(d.Locations) + len(d.Actions) + len(d.DataTypes) + len(d.Privileges)
		size += 256 + 48*listed
	}
	return size
}

// An Actor is who acts on behalf of the token's subject (RFC 8693 §4.1).
type Actor struct {
	// Issuer, Subject and ClientID identify the actor; each may be empty.
	Issuer, Subject, ClientID string
	// Actor is who acted before, on whose behalf this one does; nil: nobody. RFC
	// 8693 §4.1 wants access decided by the outermost actor only.
	Actor *Actor
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

// ACR returns how the user was authenticated (RFC 9068 §2.2.1: acr), empty if the
// token does not say.
func (t *Token) ACR() string { return t.more.acr }

// AuthTime returns when the user was authenticated (RFC 9068 §2.2.1: auth_time),
// to the second; the zero time if the token does not say.
func (t *Token) AuthTime() time.Time { return timeOf(t.more.authTime) }

// SessionID returns the session at the authorization server (OpenID Connect
// Back-Channel Logout §2.1: sid), empty if the token does not say.
func (t *Token) SessionID() string { return t.more.session }

// Actor returns who acts on behalf of the subject (RFC 8693 §4.1: act), nil if the
// token is used by its subject or client itself. [Config.Delegation] limits it.
// What comes back is the caller's own.
func (t *Token) Actor() *Actor { return t.more.actor.clone() }
