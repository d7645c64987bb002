package devserver

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bearerguard/bearerguard/internal/jws"
	"github.com/bearerguard/bearerguard/internal/strictjson"
)

const (
	assertionTypeJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" // RFC 7523 §2.2

	maxAssertion = 16 << 10
	maxJSONDepth = 16 // of a JWT, and of other JSON

	// maxAssertionLife bounds how far ahead exp may be, and with it for how long
	// an assertion has to be remembered (RFC 7523 §3, item 4).
	maxAssertionLife = 10 * time.Minute
	// assertionLeeway is for clocks that differ.
	assertionLeeway = 30 * time.Second
)

// assertion is a client assertion, taken apart and not yet believed.
type assertion struct {
	alg, kid  string
	input     []byte // what is signed
	signature []byte

	issuer, subject, id string
	audience            []string
	expires             time.Time
	notBefore, issuedAt time.Time // zero: absent
}

// byAssertion authenticates by private_key_jwt (RFC 7523 §3, OpenID Connect
// Core §9). Unlike a wrong secret, an assertion of an unknown client is refused
// sooner than a forged one: ids are no secret (RFC 6749 §2.2), and no number of
// tries makes a signature.
func (s *Server) byAssertion(ctx context.Context, a *assertion) (*client, *refusal) {
	now := s.config.Clock.Now()
	if reason := a.claimsProblem(s.endpoints, now); reason != "" {
		return nil, refuse(invalidClient, reason)
	}
	found := s.clients.get(a.subject)
	if found == nil {
		return nil, refuse(invalidClient, "unknown client")
	}
	keys, problem := found.currentKeys(ctx, a.kid, now)
	if problem != nil {
		return nil, problem
	}
	if !a.signedBy(keys) {
		return nil, refuse(invalidClient, "unknown key or wrong signature")
	}
	// Only now: a forged assertion must not use up the id of a real one.
	if problem := found.used.use(a.id, a.expires.Add(assertionLeeway), now); problem != nil {
		return nil, problem
	}
	return found, nil
}

// claimsProblem says why the claims are no good here and now, or returns
// nothing. The numbers are those of the items of RFC 7523 §3.
func (a *assertion) claimsProblem(e endpoints, now time.Time) string {
	ours := func(audience string) bool { return audience == e.issuer || audience == e.token }
	switch {
	case a.subject == "" || a.issuer != a.subject: // 1, 2: for authentication both are the client
		return "iss and sub of the assertion are not one client"
	// 3. Any other audience could use the assertion here, so there is none.
	case len(a.audience) == 0 || slices.ContainsFunc(a.audience, func(s string) bool { return !ours(s) }):
		return "the assertion is meant for somebody else"
	case a.expires.IsZero() || !now.Before(a.expires.Add(assertionLeeway)): // 4
		return "the assertion has expired or never does"
	case a.expires.After(now.Add(maxAssertionLife)):
		return "the assertion is good for too long"
	case a.notBefore.After(now.Add(assertionLeeway)): // 5
		return "the assertion is not good yet"
	case a.issuedAt.After(now.Add(assertionLeeway)): // 6
		return "the assertion was issued in the future"
	case a.id == "": // 7; OpenID Connect Core §9 requires it
		return "the assertion has no jti"
	}
	return ""
}

// signedBy reports whether the one of the client's keys that the assertion names
// has signed it. Without a kid exactly one key must fit. No key fits an algorithm
// that is symmetric, unknown or none (RFC 8725 §3.1).
func (a *assertion) signedBy(keys []ClientKey) bool {
	var fitting []ClientKey
	for _, key := range keys {
		if (a.kid == "" || key.ID == a.kid) && (key.Algorithm == "" || key.Algorithm == a.alg) && suits(a.alg, key.Public) {
			fitting = append(fitting, key)
		}
	}
	return len(fitting) == 1 && verify(a.alg, fitting[0].Public, a.input, a.signature)
}

// parseAssertion takes a JWS in compact form apart, strictly. The second result
// says what is wrong with it.
func parseAssertion(compact string) (*assertion, string) {
	if len(compact) > maxAssertion {
		return nil, "the assertion is too long"
	}
	parsed, ok := jws.Parse([]byte(compact))
	if !ok {
		return nil, "the assertion is not a compact JWS"
	}
	a := &assertion{input: parsed.Signed, signature: parsed.Signature}
	if err := strictjson.Object(parsed.Header, maxJSONDepth, a.headerMember); err != nil {
		return nil, "the assertion's header is not acceptable"
	}
	if err := strictjson.Object(parsed.Payload, maxJSONDepth, a.claim); err != nil {
		return nil, "the assertion's claims are malformed"
	}
	return a, ""
}

// malformed ends the reading of a JSON object.
type malformed struct{}

func (malformed) Error() string { return "malformed" }

// headerMember reads one member of the JOSE header.
func (a *assertion) headerMember(name []byte, value jsontext.Value) error {
	text, isString := strictjson.String(value)
	ok := true
	switch string(name) {
	case "alg":
		a.alg, ok = text, isString
	case "kid":
		a.kid, ok = text, isString && text != ""
	case "typ":
		// RFC 8725 §3.11: a token of another kind is no assertion.
		// client-authentication+jwt is the explicit type that revisions of
		// RFC 7523 give it.
		ok = isString && (strings.EqualFold(text, "JWT") || strings.EqualFold(text, "client-authentication+jwt"))
	case "crit", "b64", "zip", "enc": // nothing critical is understood (RFC 7515 §4.1.11)
		ok = false
	}
	if !ok {
		return malformed{}
	}
	return nil
}

// claim reads one member of the claims.
func (a *assertion) claim(name []byte, value jsontext.Value) error {
	ok := true
	switch string(name) {
	case "iss":
		a.issuer, ok = strictjson.String(value)
	case "sub":
		a.subject, ok = strictjson.String(value)
	case "jti":
		a.id, ok = strictjson.String(value)
	case "aud": // RFC 7519 §4.1.3: a string or an array of strings
		var one string
		if one, ok = strictjson.String(value); ok {
			a.audience = []string{one}
		} else {
			a.audience, ok = strictjson.Strings(value)
		}
	case "exp":
		a.expires, ok = numericDate(value, strictjson.Floor)
	case "nbf":
		a.notBefore, ok = numericDate(value, strictjson.Ceil)
	case "iat":
		a.issuedAt, ok = numericDate(value, strictjson.Ceil)
	}
	if !ok {
		return malformed{}
	}
	return nil
}

// numericDate reads a NumericDate (RFC 7519 §2), rounded to whole seconds in the
// direction that makes the assertion good for less.
func numericDate(value jsontext.Value, to strictjson.Rounding) (time.Time, bool) {
	seconds, ok := strictjson.NumericDate(value, to)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0), true
}
