package validator

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/go-json-experiment/json/jsontext"
)

// claims is what the pipeline reads of a payload. Everything here was type
// checked; nothing here is trusted before the signature is.
type claims struct {
	issuer, subject, id  string
	hasSubject, hasID    bool
	audience             []string
	hasAudience          bool
	times                times
	tokenUse, typ        string
	hasTokenUse, hasTyp  bool
	otherKind            bool   // a claim that only other kinds of token have
	bound                bool   // "cnf" is present
	clientID             string // by Config.ClientIDClaims
	clientIDRank         int    // which of them it came from; lower wins
	hasClientID          bool   // the claim "client_id" itself
	applicationType, gty string // what some servers say about machine tokens
	scopes               scopes.Set
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

// parseClaims reads the JWT claims set (RFC 7519 §4).
func (v *Validator) parseClaims(payload []byte) (*claims, *Error) {
	c := &claims{clientIDRank: len(v.config.ClientIDClaims), times: times{absent, absent, absent}}
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
		return nil, NewError(CodeClaimInvalid, err)
	}
	return c, nil
}

// readStandard reads a claim whose name and type a standard fixes. A null is
// not a value: the claim is present and has the wrong type.
func (c *claims) readStandard(name []byte, value jsontext.Value) (err error) {
	ok := true
	switch string(name) {
	case "iss":
		c.issuer, ok = strictjson.String(value)
	case "sub":
		c.subject, ok = strictjson.String(value)
		c.hasSubject = true
	case "jti":
		c.id, ok = strictjson.String(value)
		c.hasID = true
	case "aud": // a string or an array of strings (RFC 7519 §4.1.3)
		c.hasAudience = true
		if value.Kind() == '[' {
			c.audience, ok = strictjson.Strings(value)
		} else {
			c.audience = make([]string, 1)
			c.audience[0], ok = strictjson.String(value)
		}
	case "exp":
		c.times.expiry, err = numericDate(value, math.Floor)
		if err == nil && c.times.expiry == 0 {
			err = errClaimNumber
		}
	case "nbf":
		c.times.notBefore, err = numericDate(value, math.Ceil)
	case "iat":
		c.times.issuedAt, err = numericDate(value, math.Ceil)
	case "token_use":
		c.hasTokenUse = true
		c.tokenUse, ok = strictjson.String(value)
	case "typ":
		c.hasTyp = true
		c.typ, ok = strictjson.String(value)
	case "cnf": // RFC 7800 §3; of whatever type
		c.bound = true
	case "idtyp":
		c.applicationType, _ = strictjson.String(value)
	case "gty":
		c.gty, _ = strictjson.String(value)
	default:
		c.otherKind = c.otherKind || isKindMarker(string(name))
	}
	if !ok {
		err = errClaimType
	}
	return err
}

// readClientID keeps the claim that comes first in names, whatever the order in
// the payload.
func (c *claims) readClientID(name []byte, value jsontext.Value, names []string) error {
	rank := slices.Index(names, string(name))
	if rank < 0 && string(name) != "client_id" {
		return nil
	}
	id, ok := strictjson.String(value)
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
	return c.issuer != "" && c.times.expiry != absent && c.hasAudience && c.subject != "" && c.hasClientID && c.times.issuedAt != absent && c.id != ""
}

// numericDate reads a NumericDate (RFC 7519 §2): seconds since the epoch as a
// JSON number, finite, not negative and below 2^53. Fractions are rounded away
// from validity, so exp down, nbf and iat up.
func numericDate(value jsontext.Value, round func(float64) float64) (int64, error) {
	// Of all JSON values only numbers are read: what else ParseFloat knows, such
	// as "inf", is not JSON.
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil || f < 0 || f >= 1<<53 {
		return 0, errClaimNumber
	}
	return int64(round(f)), nil
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
// RFC 9068 §4), and the client on the allow-list if there is one. If the token
// depends on a name that is on its way out, that is returned.
func (v *Validator) checkAudience(c *claims, now time.Time) (depends *retiringName, _ *Error) {
	if !v.config.DangerouslySkipAudience {
		if !c.hasAudience {
			return nil, NewError(CodeClaimMissing, errNoAudience)
		}
		if !slices.ContainsFunc(v.config.Audiences, func(a string) bool { return slices.Contains(c.audience, a) }) {
			if depends = v.retiring.audienceIn(c.audience, now); depends == nil {
				return nil, NewError(CodeAudienceNotAllowed, errAudience)
			}
		}
	}
	if len(v.config.AllowedClients) > 0 && !slices.Contains(v.config.AllowedClients, c.clientID) {
		return nil, NewError(CodeClientNotAllowed, errClient)
	}
	return depends, nil
}

// check holds exp, nbf and iat against the clock (RFC 7519 §4.1.4–§4.1.6), each
// with the leeway. A token is refused on its expiry, not after it.
func (t *times) check(now time.Time, leeway time.Duration) *Error {
	if t.expiry == absent {
		return NewError(CodeClaimMissing, errNoExpiry)
	}
	if !now.Before(time.Unix(t.expiry, 0).Add(leeway)) {
		return NewError(CodeTokenExpired, errExpired)
	}
	latest := now.Add(leeway)
	if t.notBefore != absent && latest.Before(time.Unix(t.notBefore, 0)) {
		return NewError(CodeTokenNotYetValid, errNotBefore)
	}
	if t.issuedAt != absent && latest.Before(time.Unix(t.issuedAt, 0)) {
		return NewError(CodeTokenNotYetValid, errIssuedFuture)
	}
	return nil
}
