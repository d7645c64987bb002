package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"slices"

	"github.com/bearerguard/bearerguard/internal/jws"
	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// A description holds the members of a JWK that matter here, in the grammar of
// RFC 7517 §4 and RFC 7518 §6. The tags are the public part, which is what jwx
// gets to see.
type description struct {
	Kty string `json:"kty"`
	Crv string `json:"crv,omitempty"`
	N   string `json:"n,omitempty"`
	E   string `json:"e,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`

	kid, use, alg string
	hasUse        bool
	hasAlg        bool
	ops           []string // nil: none given
	private       bool
}

// admit turns one element of "keys" into a key. The id is returned along with an
// error, too, if it could be read.
func admit(element jsontext.Value) (id string, key *Key, err error) {
	d, err := describe(element)
	if err != nil {
		return d.kid, nil, err
	}
	if err := d.check(); err != nil {
		return d.kid, nil, err
	}
	public, err := d.publicKey()
	if err != nil {
		return d.kid, nil, err
	}
	key, err = NewKey(d.kid, d.alg, public)
	return d.kid, key, err
}

// describe reads the members. Names are matched exactly, and one that is not
// known is ignored (RFC 7517 §4); null is no value for any.
func describe(element jsontext.Value) (description, error) {
	var d description
	err := strictjson.Object(element, maxDepth-2, func(name []byte, value jsontext.Value) error {
		if value.Kind() == 'n' {
			return Malformed
		}
		var text *string
		switch string(name) {
		case "kty":
			text = &d.Kty
		case "crv":
			text = &d.Crv
		case "n":
			text = &d.N
		case "e":
			text = &d.E
		case "x":
			text = &d.X
		case "y":
			text = &d.Y
		case "kid":
			text = &d.kid
		case "use":
			text, d.hasUse = &d.use, true
		case "alg":
			text, d.hasAlg = &d.alg, true
		case "key_ops":
			var ok bool
			if d.ops, ok = strictjson.Strings(value); !ok {
				return Malformed
			}
		case "d", "p", "q", "dp", "dq", "qi", "oth", "k":
			d.private = true
		}
		if text != nil {
			var ok bool
			if *text, ok = strictjson.String(value); !ok {
				return Malformed
			}
		}
		return nil
	})
	if err != nil {
		return d, Malformed
	}
	return d, nil
}

// check looks at everything but the numbers.
func (d *description) check() error {
	switch {
	case d.Kty == "oct":
		return Symmetric
	case d.private:
		return Private
	case d.hasUse && d.use != "sig":
		return WrongUse
	case d.hasAlg && d.alg == "":
		return WrongAlgorithm
	case d.ops == nil:
		return nil
	}
	// RFC 7517 §4.3: duplicate values must not be present.
	slices.Sort(d.ops)
	if len(slices.Compact(slices.Clone(d.ops))) != len(d.ops) {
		return Malformed
	}
	if !slices.Contains(d.ops, "verify") {
		return WrongUse
	}
	return nil
}

// publicKey makes the key that is described. The lengths and encodings are
// checked here, the values by [NewKey].
func (d *description) publicKey() (crypto.PublicKey, error) {
	// jwx gets exactly the members that were checked, never the original.
	var part description
	switch d.Kty {
	case "RSA": // RFC 7518 §6.3.1
		// Past 64 bits jwx would cut the exponent off without a word.
		if !unsigned(d.N) || !unsigned(d.E) || len(decode(d.E)) > maxExponentOctets {
			return nil, Invalid
		}
		part = description{Kty: d.Kty, N: d.N, E: d.E}
	case "EC": // RFC 7518 §6.2.1: full-size coordinates
		size, ok := coordinateSizes[d.Crv]
		if !ok {
			return nil, Unsupported
		}
		if !octets(d.X, size) || !octets(d.Y, size) {
			return nil, Invalid
		}
		part = description{Kty: d.Kty, Crv: d.Crv, X: d.X, Y: d.Y}
	case "OKP": // RFC 8037 §2
		if d.Crv != "Ed25519" {
			return nil, Unsupported
		}
		if !octets(d.X, ed25519.PublicKeySize) {
			return nil, Invalid
		}
		part = description{Kty: d.Kty, Crv: d.Crv, X: d.X}
	default:
		return nil, Unsupported
	}
	encoded, err := json.Marshal(part)
	if err != nil {
		return nil, Invalid
	}
	parsed, err := jwk.ParseKey(encoded)
	if err != nil {
		return nil, Invalid
	}
	var raw any
	if err := parsed.Raw(&raw); err != nil {
		return nil, Invalid
	}
	switch public := raw.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return public, nil
	}
	return nil, Unsupported
}

const maxExponentOctets = 4

var coordinateSizes = map[string]int{
	elliptic.P256().Params().Name: 32,
	elliptic.P384().Params().Name: 48,
	elliptic.P521().Params().Name: 66,
}

// octets reports whether s encodes exactly size octets.
func octets(s string, size int) bool { return len(decode(s)) == size }

// unsigned reports whether s encodes a positive integer in the fewest octets, as
// Base64urlUInt asks (RFC 7518 §2).
func unsigned(s string) bool {
	b := decode(s)
	return len(b) > 0 && b[0] != 0
}

// decode returns nil if s is not base64url (RFC 7515 §2).
func decode(s string) []byte {
	b, ok := jws.AppendDecoded(nil, []byte(s))
	if !ok {
		return nil
	}
	return b
}
