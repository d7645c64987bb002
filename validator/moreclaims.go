package validator

import (
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

// readMore reads one of them.
func (c *claims) readMore(name []byte, value jsontext.Value) (err error) {
	m, ok := &c.more, true
	switch string(name) {
	case "acr": // OpenID Connect Core §2, RFC 9068 §2.2.1
		m.acr, ok = strictjson.View(value)
	case "auth_time":
		m.authTime, err = numericDate(value, strictjson.Floor)
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

// ACR returns how the user was authenticated (RFC 9068 §2.2.1: acr), empty if the
// token does not say.
func (t *Token) ACR() string { return t.more.acr }

// AuthTime returns when the user was authenticated (RFC 9068 §2.2.1: auth_time),
// to the second; the zero time if the token does not say.
func (t *Token) AuthTime() time.Time { return timeOf(t.more.authTime) }

// SessionID returns the session at the authorization server (OpenID Connect
// Back-Channel Logout §2.1: sid), empty if the token does not say.
func (t *Token) SessionID() string { return t.more.session }
