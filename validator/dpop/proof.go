package dpop

import (
	"errors"
	"slices"
	"time"

	"github.com/bearerguard/bearerguard/internal/jws"
	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/go-json-experiment/json/jsontext"
)

// The caps come before any work on the proof.
const (
	maxProofBytes  = 8 << 10 // the whole proof, encoded
	maxHeaderBytes = 4 << 10 // the JOSE header, decoded
	maxJTIBytes    = 256     // RFC 9449 §11.1: an excessive jti may be refused
	maxJSONDepth   = 16
)

// The reasons why something is no proof. They hold nothing of what was received.
var (
	errProofSize     = errors.New("proof over 8 KiB")
	errCompact       = errors.New("not three non-empty segments of canonical base64url")
	errHeaderSize    = errors.New("header of the proof over 4 KiB")
	errHeaderFeature = errors.New("crit, b64, zip, enc, epk or p2c is present")
	errHeaderMember  = errors.New("typ, alg or jwk is missing or of the wrong type")
	errType          = errors.New("typ is not dpop+jwt")
	errAlgorithm     = errors.New("alg is not on the allow-list")
	errKeyAlgorithm  = errors.New("alg does not fit the jwk")
	errClaimMember   = errors.New("jti, htm, htu or iat is missing, or a claim is of the wrong type")
	errID            = errors.New("jti is empty or over 256 bytes")
)

// A proof is a DPoP proof that has been read, and not verified.
type proof struct {
	algorithm *jws.Algorithm
	key       *jwks.Key
	claims    claims
	signed    []byte // the very bytes that were received
	signature []byte
}

// claims are those of RFC 9449 §4.2, and exp and nbf of RFC 7519 §4.1.
type claims struct {
	jti, htm, htu, ath, nonce string
	iat, exp, nbf             time.Time
	made                      time.Time // iat again, rounded up
	hasExp, hasNbf            bool
}

// read takes a proof apart and looks at all that can be judged without the
// request.
func (v *Verifier) read(raw string) (*proof, error) {
	if len(raw) > maxProofBytes {
		return nil, errProofSize
	}
	parsed, ok := jws.Parse([]byte(raw))
	if !ok {
		return nil, errCompact
	}
	p := &proof{signed: parsed.Signed, signature: parsed.Signature}
	if err := p.readHeader(parsed.Header, v.config.Algorithms); err != nil {
		return nil, err
	}
	if err := p.claims.read(parsed.Payload); err != nil {
		return nil, err
	}
	return p, nil
}

// readHeader reads the JOSE header (RFC 9449 §4.2). What else it may say about
// keys, such as "jku" or "x5c", is ignored.
func (p *proof) readHeader(header []byte, algorithms []string) error {
	if len(header) > maxHeaderBytes {
		return errHeaderSize
	}
	var typ, alg string
	var jwk jsontext.Value
	err := strictjson.Object(header, maxJSONDepth, func(name []byte, value jsontext.Value) error {
		ok := true
		switch string(name) {
		case "typ":
			typ, ok = strictjson.String(value)
		case "alg":
			alg, ok = strictjson.String(value)
		case "jwk":
			jwk, ok = value.Clone(), value.Kind() == '{'
		case "crit", "b64", // extensions (RFC 7515 §4.1.11, RFC 7797 §3): none is understood here
			"zip", "enc", "epk", "p2c": // encryption (RFC 7516 §4.1, RFC 7518 §4)
			return errHeaderFeature
		}
		if !ok {
			return errHeaderMember
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case typ == "" || alg == "" || jwk == nil: // RFC 9449 §4.3 check 3
		return errHeaderMember
	case typ != "dpop+jwt": // check 4: the value, and no other spelling of the media type
		return errType
	case !slices.Contains(algorithms, alg): // check 5
		return errAlgorithm
	}
	// Check 7, before anything is computed: no private key and no secret; and a
	// key whose signatures mean something.
	if p.key, err = jwks.ParseKey(jwk); err != nil {
		return err
	}
	if !p.key.Supports(alg) { // RFC 8725 §3.1
		return errKeyAlgorithm
	}
	p.algorithm, _ = jws.Named(alg)
	return nil
}

// read reads the claims that matter here; others are ignored (RFC 7519 §4).
func (c *claims) read(payload []byte) error {
	has := map[string]bool{}
	err := strictjson.Object(payload, maxJSONDepth, func(name []byte, value jsontext.Value) error {
		ok := true
		switch string(name) {
		case "jti":
			c.jti, ok = strictjson.String(value)
		case "htm":
			c.htm, ok = strictjson.String(value)
		case "htu":
			c.htu, ok = strictjson.String(value)
		case "ath":
			c.ath, ok = strictjson.String(value)
		case "nonce":
			c.nonce, ok = strictjson.String(value)
		case "iat":
			// Some clients add a fraction. It counts against the proof: it is older
			// by it, and, if it comes from the future, later.
			if c.iat, ok = numericDate(value, strictjson.Floor); ok {
				c.made, ok = numericDate(value, strictjson.Ceil)
			}
		case "exp":
			c.exp, ok = numericDate(value, strictjson.Floor)
		case "nbf":
			c.nbf, ok = numericDate(value, strictjson.Ceil)
		default:
			return nil
		}
		if !ok {
			return errClaimMember
		}
		has[string(name)] = true
		return nil
	})
	switch {
	case err != nil:
		return err
	case !has["jti"] || !has["htm"] || !has["htu"] || !has["iat"]: // RFC 9449 §4.3 check 3
		return errClaimMember
	case c.jti == "" || len(c.jti) > maxJTIBytes:
		return errID
	}
	c.hasExp, c.hasNbf = has["exp"], has["nbf"]
	return nil
}

// numericDate reads a NumericDate (RFC 7519 §2) as a whole second, which is enough for a
// window of seconds.
func numericDate(value jsontext.Value, to strictjson.Rounding) (time.Time, bool) {
	seconds, ok := strictjson.NumericDate(value, to)
	return time.Unix(seconds, 0), ok
}
