package validator

import (
	"errors"
	"slices"
	"time"

	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// claims is what the pipeline reads of a payload. Everything here was type
// checked; nothing here is trusted before the signature is.
type claims struct {
	issuer, subject, id  string
	audience             jsontext.Value // nil: absent
	times                times
	tokenUse, typ        string
	hasTokenUse, hasTyp  bool
	otherKind            bool           // a claim that only other kinds of token have
	confirmation         jsontext.Value // cnf (RFC 7800 §3), of whatever type; nil: absent
	clientID             string         // by Config.ClientIDClaims
	clientIDRank         int            // which of them it came from; lower wins
	hasClientID          bool           // the claim "client_id" itself
	applicationType, gty string         // what some servers say about machine tokens
	tokenType            string         // of an introspection answer (RFC 7662 §2.2)
	scopes               []scopeValue
	more                 moreClaims
}

// times are exp, floored, and nbf and iat, ceiled, in seconds since the epoch.
// Negative: absent.
type times struct{ expiry, notBefore, issuedAt int64 }

const absent = -1

var (
	errClaimType    = errors.New("a claim has the wrong type")
	errClaimNumber  = errors.New("exp, nbf or iat is not a number in range")
	errScopeClaim   = errors.New("a scope claim has the wrong type")
	errNoIssuer     = errors.New("no iss")
	errNoExpiry     = errors.New("no exp")
	errNoAudience   = errors.New("no aud")
	errIssuer       = errors.New("iss is not the configured issuer")
	errRetired      = errors.New("iss is accepted no longer")
	errAudience     = errors.New("no configured audience in aud")
	errClient       = errors.New("client is not on the allow-list")
	errExpired      = errors.New("exp has passed")
	errNotBefore    = errors.New("nbf is in the future")
	errIssuedFuture = errors.New("iat is in the future")
)

// parseClaims reads the JWT claims set (RFC 7519 §4). The strings in c share
// memory with the payload, which lives on in the token.
func (v *Validator) parseClaims(c *claims, payload []byte) *Error {
	c.clientIDRank = len(v.config.ClientIDClaims)
	c.times, c.more.authTime = times{absent, absent, absent}, absent
	err := strictjson.Object(payload, maxJSONDepth, func(name []byte, value jsontext.Value) error {
		if err := c.readStandard(name, value); err != nil {
			return err
		}
		if err := c.readClientID(name, value, v.config.ClientIDClaims); err != nil {
			return err
		}
		return c.readScopes(name, value, v.scopeClaims)
	})
	if err != nil {
		return NewError(CodeClaimInvalid, err)
	}
	return nil
}

// readStandard reads a claim whose name and type a standard fixes. A null is
// not a value: the claim is present and has the wrong type.
func (c *claims) readStandard(name []byte, value jsontext.Value) (err error) {
	ok := true
	switch string(name) {
	case "iss":
		c.issuer, ok = strictjson.View(value)
	case "sub":
		c.subject, ok = strictjson.View(value)
	case "jti":
		c.id, ok = strictjson.View(value)
	case "aud": // a string or an array of strings (RFC 7519 §4.1.3)
		c.audience = value
		ok = value.Kind() == '"' || strictjson.EachString(value, nil)
	case "exp":
		if c.times.expiry, err = numericDate(value, strictjson.Floor); c.times.expiry == 0 {
			err = errClaimNumber
		}
	case "nbf":
		c.times.notBefore, err = numericDate(value, strictjson.Ceil)
	case "iat":
		c.times.issuedAt, err = numericDate(value, strictjson.Ceil)
	case "token_use":
		c.hasTokenUse = true
		c.tokenUse, ok = strictjson.View(value)
	case "typ":
		c.hasTyp = true
		c.typ, ok = strictjson.View(value)
	case "cnf": // RFC 7800 §3; of whatever type
		c.confirmation = value
	case "idtyp":
		c.applicationType, _ = strictjson.View(value)
	case "gty":
		c.gty, _ = strictjson.View(value)
	case "token_type":
		c.tokenType, _ = strictjson.View(value)
	case "acr", "auth_time", "sid", "act", "authorization_details":
		return c.readMore(name, value)
	default:
		c.otherKind = c.otherKind || isKindMarker(string(name))
	}
	if !ok {
		err = errClaimType
	}
	return err
}

func numericDate(value jsontext.Value, to strictjson.Rounding) (int64, error) {
	seconds, ok := strictjson.NumericDate(value, to)
	if !ok {
		return 0, errClaimNumber
	}
	return seconds, nil
}

// readClientID keeps the claim that comes first in names, whatever the order in
// the payload.
func (c *claims) readClientID(name []byte, value jsontext.Value, names []string) error {
	rank := slices.Index(names, string(name))
	if rank < 0 && string(name) != "client_id" {
		return nil
	}
	id, ok := strictjson.View(value)
	if !ok {
		return errClaimType
	}
	c.hasClientID = c.hasClientID || string(name) == "client_id" && id != ""
	if rank >= 0 && rank < c.clientIDRank && id != "" {
		c.clientID, c.clientIDRank = id, rank
	}
	return nil
}

// hasAllOfRFC9068 reports whether every claim that RFC 9068 §2.2 requires is
// there.
func (c *claims) hasAllOfRFC9068() bool {
	return c.issuer != "" && c.times.expiry != absent && c.audience != nil && c.subject != "" && c.hasClientID && c.times.issuedAt != absent && c.id != ""
}

// checkIssuer compares iss exactly (RFC 7519 §4.1.1, RFC 9068 §4), before any
// key is looked for.
func (v *Validator) checkIssuer(issuer string, now time.Time) *Error {
	switch {
	case issuer == "":
		return NewError(CodeClaimMissing, errNoIssuer)
	case issuer != v.config.Issuer:
		return NewError(CodeIssuerNotAllowed, errIssuer)
	case !v.retiring.issuer.accepted(now):
		return NewError(CodeIssuerNotAllowed, errRetired)
	}
	return nil
}

// checkAudience wants one of the configured audiences in aud (RFC 7519 §4.1.3,
// RFC 9068 §4). If the token depends on a name that is on its way out, that is
// returned.
func (v *Validator) checkAudience(c *claims, now time.Time) (depends *retiringName, _ *Error) {
	if v.config.DangerouslySkipAudience {
		return nil, nil
	}
	if c.audience == nil {
		return nil, NewError(CodeClaimMissing, errNoAudience)
	}
	accepted := false
	eachAudience(c.audience, func(name string) {
		accepted = accepted || slices.Contains(v.config.Audiences, name)
		// Of several, the one that is accepted the longest.
		if a := v.retiring.audiences[name]; a != nil && a.accepted(now) && (depends == nil || depends.until.Before(a.until)) {
			depends = a
		}
	})
	switch {
	case accepted:
		return nil, nil
	case depends == nil:
		return nil, NewError(CodeAudienceNotAllowed, errAudience)
	}
	return depends, nil
}

// checkClient wants the client on the allow-list, if there is one.
func (v *Validator) checkClient(c *claims) *Error {
	if len(v.config.AllowedClients) > 0 && !slices.Contains(v.config.AllowedClients, c.clientID) {
		return NewError(CodeClientNotAllowed, errClient)
	}
	return nil
}

// eachAudience calls f for every audience in an aud claim, none for nil.
func eachAudience(aud jsontext.Value, f func(name string)) {
	if name, ok := strictjson.View(aud); ok {
		f(name)
		return
	}
	strictjson.EachString(aud, f)
}

// check holds exp, nbf and iat against the clock (RFC 7519 §4.1.4–§4.1.6), each
// with the leeway. A token is refused on its expiry, not after it.
func (t *times) check(now time.Time, leeway time.Duration) *Error {
	if t.expiry == absent {
		return NewError(CodeClaimMissing, errNoExpiry)
	}
	// All of them are whole seconds: where in its second the clock stands makes no
	// difference.
	if now.Add(-leeway).Unix() >= t.expiry {
		return NewError(CodeTokenExpired, errExpired)
	}
	latest := now.Add(leeway).Unix()
	if t.notBefore != absent && latest < t.notBefore {
		return NewError(CodeTokenNotYetValid, errNotBefore)
	}
	if t.issuedAt != absent && latest < t.issuedAt {
		return NewError(CodeTokenNotYetValid, errIssuedFuture)
	}
	return nil
}
