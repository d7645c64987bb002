package devserver

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"sync"
	"time"
)

// authorizationID names one authorization. It is in the "jti" of its access
// tokens and therefore no secret; a code or refresh token is more than it.
type authorizationID [16]byte

// tokenID returns a fresh "jti" (RFC 7519 §4.1.7) that names the authorization,
// so that introspection finds it without a list of all tokens.
func (id authorizationID) tokenID() string {
	return base64.RawURLEncoding.EncodeToString(id[:]) + "." + rand.Text()
}

// authorizationOf is the reverse of tokenID. The jti of a token without an
// authorization is none of that form.
func authorizationOf(tokenID string) (id authorizationID, ok bool) {
	encoded, _, found := strings.Cut(tokenID, ".")
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if !found || err != nil || len(decoded) != len(id) {
		return id, false
	}
	return authorizationID(decoded), true
}

// consent is what a user has allowed a client.
type consent struct {
	client, user      string
	scopes, audiences []string
	at                time.Time
	// redirectParam is redirect_uri as the authorization request had it, empty
	// if it had none; the token request repeats it (RFC 6749 §4.1.3).
	redirectParam string
	challenge     challenge
	acr           string
	details       authorizationDetails
	dpopKey       string // dpop_jkt of the authorization request, empty if it had none
}

// authorization is a consent with the state of what was issued for it.
type authorization struct {
	consent
	redeemed bool // its code has been used
	// bound is what a public client has proved with the code: its refresh tokens
	// are good together with the same keys only, as it has nothing else to prove
	// that it is the client (RFC 9449 §5, RFC 8705 §4).
	bound       confirmation
	revoked     bool
	refresh     uint32    // the number of its one good refresh token
	refreshEnds time.Time // zero: there is none
	kept        time.Time // until when it stays in the store
}

// authorizations is the store of them. It is bounded and forgets none before
// everything issued for it has expired: a full one takes no more. It is safe for
// concurrent use.
type authorizations struct {
	mu   sync.Mutex
	byID expiring[authorizationID, *authorization]
}

func newAuthorizations(limit int) *authorizations {
	return &authorizations{byID: newExpiring[authorizationID, *authorization](limit)}
}

// errNotOurs is for a code or refresh token that stands for nothing, or for
// something of another client. What another client presents changes nothing:
// otherwise it could end what it does not own.
var errNotOurs = refuse(invalidGrant, "unknown, expired, or issued to another client")

// add stores a new consent until its code ends, unless that is redeemed before.
// It reports false if there is no room.
func (s *authorizations) add(c consent, codeEnds time.Time) (authorizationID, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var id authorizationID
	rand.Read(id[:])
	return id, s.byID.put(id, &authorization{consent: c, kept: codeEnds}, codeEnds, c.at)
}

// lifetimes are those of what is issued for an authorization: how long its
// access token is good, and until when it can be refreshed (zero: never).
type lifetimes struct {
	accessEnds, refreshEnds time.Time
}

// redeem uses up the code of an authorization (RFC 6749 §4.1.2). A second use
// revokes it; check compares the request with the consent.
func (s *authorizations) redeem(id authorizationID, by *client, proved confirmation, l lifetimes, now time.Time, check func(consent) *refusal) (consent, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.byID.get(id, now)
	if !known || a.client != by.id {
		return consent{}, errNotOurs
	}
	if a.redeemed || a.revoked { // RFC 6749 §4.1.2, §10.5; RFC 9700 §4.5.3
		a.revoked = true
		return consent{}, refuse(invalidGrant, "the code has been used before; what was issued for it is revoked")
	}
	if problem := check(a.consent); problem != nil {
		// A wrong verifier or redirect_uri means that somebody else got hold of the
		// code (RFC 9700 §4.5), and no second guess is given.
		a.revoked = problem.code == invalidGrant
		return consent{}, problem
	}
	a.redeemed, a.refreshEnds = true, l.refreshEnds
	if by.public {
		a.bound = proved
	}
	s.keep(id, a, l, now)
	return a.consent, nil
}

// rotate replaces the refresh token with this number by the next one (RFC 9700
// §4.14.2), whose number it returns. A token that was replaced before revokes
// the authorization: it is not known which of the two who have it is the client.
func (s *authorizations) rotate(h handle, by *client, proved confirmation, l lifetimes, now time.Time, check func(consent) *refusal) (consent, uint32, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.byID.get(h.authorization, now)
	if !known || a.client != by.id || !now.Before(a.refreshEnds) {
		return consent{}, 0, errNotOurs
	}
	if a.revoked || h.number != a.refresh {
		a.revoked = true
		return consent{}, 0, refuse(invalidGrant, "the refresh token has been used before; what was issued for it is revoked")
	}
	if !proved.covers(a.bound) {
		return consent{}, 0, refuse(invalidGrant, "the refresh token is bound to another key")
	}
	if problem := check(a.consent); problem != nil {
		return consent{}, 0, problem
	}
	a.refresh++
	s.keep(h.authorization, a, l, now)
	return a.consent, a.refresh, nil
}

// keep makes an authorization stay as long as anything issued for it is good.
// What has been used can be seen to be used again for as long.
func (s *authorizations) keep(id authorizationID, a *authorization, l lifetimes, now time.Time) {
	for _, end := range []time.Time{a.refreshEnds, l.accessEnds} {
		if end.After(a.kept) {
			a.kept = end
		}
	}
	s.byID.put(id, a, a.kept, now)
}

// revoke ends an authorization of a client, and reports whether there was one.
func (s *authorizations) revoke(id authorizationID, by *client, now time.Time) (bool, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.byID.get(id, now)
	switch {
	case !known:
		return false, nil
	case a.client != by.id: // RFC 7009 §2.1
		return false, refuse(invalidGrant, "the token was issued to another client")
	}
	a.revoked = true
	return true, nil
}

// live reports whether an authorization has not been revoked. One that is not
// known any more is not live.
func (s *authorizations) live(id authorizationID, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.byID.get(id, now)
	return known && !a.revoked
}

// refreshable returns the consent behind a refresh token that is good, and until
// when it is.
func (s *authorizations) refreshable(h handle, now time.Time) (c consent, ends time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, known := s.byID.get(h.authorization, now)
	if !known || a.revoked || h.number != a.refresh || !now.Before(a.refreshEnds) {
		return consent{}, time.Time{}, false
	}
	return a.consent, a.refreshEnds, true
}
