package jwks

import (
	"crypto/sha256"
	"encoding/base64"

	"github.com/go-json-experiment/json/jsontext"
)

// ParseKey reads one JWK (RFC 7517 §4), by the rules that [Parse] has for the
// elements of a set. The error is a [Reason].
func ParseKey(jwk []byte) (*Key, error) {
	_, key, err := admit(jsontext.Value(jwk))
	return key, err
}

// JWK returns the public key as a JWK that has the members that make the key and
// no others: ordered by name and without white space, as RFC 7638 §3.2 and §3.3
// want them for a thumbprint.
func (k *Key) JWK() []byte {
	j := k.jwk()
	var members []string // names and values, by turns
	switch j.Kty {
	case "RSA":
		members = []string{"e", j.E, "kty", j.Kty, "n", j.N}
	case "EC":
		members = []string{"crv", j.Crv, "kty", j.Kty, "x", j.X, "y", j.Y}
	case "OKP": // RFC 8037 §2
		members = []string{"crv", j.Crv, "kty", j.Kty, "x", j.X}
	}
	out := []byte{'{'}
	for i := 0; i < len(members); i += 2 {
		if i > 0 {
			out = append(out, ',')
		}
		// Names, curves and base64url have nothing to escape.
		out = append(out, '"')
		out = append(out, members[i]...)
		out = append(out, `":"`...)
		out = append(out, members[i+1]...)
		out = append(out, '"')
	}
	return append(out, '}')
}

// Thumbprint returns the JWK SHA-256 thumbprint in base64url (RFC 7638 §3): what
// "jkt" is in a token that is bound to the key (RFC 9449 §6.1).
func (k *Key) Thumbprint() string {
	sum := sha256.Sum256(k.JWK())
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
