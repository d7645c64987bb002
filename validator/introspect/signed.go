package introspect

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/jws"
	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/go-json-experiment/json/jsontext"
)

// SignedResponses says whose signature answers must have (RFC 9701 §5), so that
// they can be trusted, and kept as evidence, beyond the TLS connection. Encrypted
// answers are not supported.
type SignedResponses struct {
	_ [0]func()

	// Keys are the authorization server's. They are not closed with the Client.
	// Required.
	Keys jwks.Source
	// Issuer is what iss must be. Empty: [Config].Issuer.
	Issuer string
	// Audience is what aud must be or contain: this API. Empty: the ClientID of
	// [Config].Auth.
	Audience string
	// Algorithms are the JWS algorithms that may be used. Empty: all of
	// [validator.AlgorithmNames]. The slice is copied.
	Algorithms []string
}

func (s *SignedResponses) compile(c *Config, problems *configerr.List) {
	problems.Check(!configerr.IsNil(s.Keys), "SignedResponses.Keys", "required")
	if s.Issuer == "" {
		s.Issuer = c.Issuer
	}
	problems.Check(s.Issuer != "", "SignedResponses.Issuer", "required, if Issuer is not set")
	if s.Audience == "" {
		s.Audience = c.Auth.ClientID
	}
	problems.Check(s.Audience != "", "SignedResponses.Audience", "required, if Auth.ClientID is not set")
	s.Algorithms = jws.Allowed(s.Algorithms, jws.Names(), "SignedResponses.Algorithms", problems)
}

const (
	signedType = "token-introspection+jwt"
	// signedAge is how far iat may be from now: the answer is made for this
	// request, so the only differences are those of clocks.
	signedAge = time.Minute
)

// The errors hold nothing of the answer.
var (
	errCompact     = errors.New("not a compact JWS")
	errHeader      = errors.New("alg, typ or kid is missing or not a string, or crit, b64, zip or enc is present")
	errType        = errors.New("typ is not token-introspection+jwt")
	errAlgorithm   = errors.New("alg is not on the allow-list")
	errKey         = errors.New("no key that fits")
	errSignature   = errors.New("no signature of a key of the issuer")
	errPayload     = errors.New("iss, aud, iat or token_introspection is missing or mistyped")
	errOtherIssuer = errors.New("iss is another issuer")
	errAudience    = errors.New("aud does not contain this client")
	errAge         = errors.New("iat is not of now")
)

// open verifies a signed answer and returns the token_introspection in it.
func (s *SignedResponses) open(ctx context.Context, received []byte, now time.Time) ([]byte, error) {
	parsed, ok := jws.Parse(received)
	if !ok {
		return nil, errCompact
	}
	alg, kid, err := s.readHeader(parsed.Header)
	if err != nil {
		return nil, err
	}
	keys, err := s.findKeys(ctx, kid, alg)
	if err != nil {
		return nil, err
	}
	if !verified(alg, keys, parsed.Signed, parsed.Signature) {
		return nil, errSignature
	}
	return s.readPayload(parsed.Payload, now)
}

func (s *SignedResponses) readHeader(raw []byte) (alg, kid string, _ error) {
	var typ string
	hasKID := false
	err := strictjson.Object(raw, maxDepth, func(name []byte, value jsontext.Value) error {
		ok := true
		switch string(name) {
		case "alg":
			alg, ok = strictjson.String(value)
		case "typ":
			typ, ok = strictjson.String(value)
		case "kid":
			kid, ok = strictjson.String(value)
			hasKID = true
		case "crit", "b64", "zip", "enc", "epk", "p2c": // as for access tokens
			ok = false
		}
		if !ok {
			return errHeader
		}
		return nil
	})
	// RFC 7515 §4.1.9: media types are compared without case, and "application/"
	// may be left out.
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	switch {
	case err != nil || alg == "" || hasKID && kid == "":
		return "", "", errHeader
	case typ != signedType: // RFC 9701 §5: it is what tells it from a token
		return "", "", errType
	case !slices.Contains(s.Algorithms, alg): // RFC 8725 §3.1
		return "", "", errAlgorithm
	}
	return alg, kid, nil
}

// findKeys returns the keys that may have signed, asking the issuer again if the
// answer names one that is not known.
func (s *SignedResponses) findKeys(ctx context.Context, kid, alg string) ([]*jwks.Key, error) {
	set, err := s.Keys.Current(ctx)
	if err != nil {
		return nil, err
	}
	keys, known := set.Find(kid, alg)
	if len(keys) == 0 && !known {
		if set, err = s.Keys.Newer(ctx, set); err != nil {
			return nil, err
		}
		keys, _ = set.Find(kid, alg)
	}
	if len(keys) == 0 {
		return nil, errKey
	}
	return keys, nil
}

func verified(alg string, keys []*jwks.Key, signed, signature []byte) bool {
	a, ok := jws.Named(alg)
	if !ok {
		return false
	}
	digest := a.Digest(nil, signed)
	return slices.ContainsFunc(keys, func(k *jwks.Key) bool { return a.Verify(k.Public(), digest, signature) })
}

func (s *SignedResponses) readPayload(raw []byte, now time.Time) (inner []byte, _ error) {
	var issuer string
	var audience []string
	var issued int64
	err := strictjson.Object(raw, maxDepth, func(name []byte, value jsontext.Value) error {
		ok := true
		switch string(name) {
		case "iss":
			issuer, ok = strictjson.String(value)
		case "aud":
			if value.Kind() == '"' {
				audience = make([]string, 1)
				audience[0], ok = strictjson.String(value)
			} else {
				audience, ok = strictjson.Strings(value)
			}
		case "iat":
			issued, ok = strictjson.NumericDate(value, strictjson.Floor)
		case "token_introspection":
			inner = slices.Clone(value)
			ok = value.Kind() == '{'
		}
		if !ok {
			return errPayload
		}
		return nil
	})
	age := now.Sub(time.Unix(issued, 0))
	switch {
	case err != nil || issuer == "" || audience == nil || issued == 0 || inner == nil:
		return nil, errPayload
	case issuer != s.Issuer:
		return nil, errOtherIssuer
	case !slices.Contains(audience, s.Audience):
		return nil, errAudience
	case age > signedAge || age < -signedAge:
		return nil, errAge
	}
	return inner, nil
}
