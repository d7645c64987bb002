package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"math/big"
	"slices"
)

// A Key is one public signature verification key that has passed admission
// (see [NewKey] and [Parse]). It is immutable. Its identity, the pointer, stays the
// same across refreshes as long as the issuer publishes the same key: whoever
// holds a *Key can ask a later [Set] whether it is still in force.
type Key struct {
	id         string
	algorithm  string // the JWK's "alg"; empty: any algorithm of the key's type
	algorithms []string
	public     crypto.PublicKey
	material   [sha256.Size]byte // identifies the public key
}

// NewKey vets a public key: an *rsa.PublicKey of 2048 to 8192 bits with an odd
// exponent from 3 to 2^31-1, an *ecdsa.PublicKey on P-256, P-384 or P-521, or an
// ed25519.PublicKey that is not of small order. The key is copied. The id may be
// empty; an empty algorithm stands for any algorithm of the key's type. The error
// is a [Reason].
func NewKey(id, algorithm string, public crypto.PublicKey) (*Key, error) {
	public, algorithms, err := vet(public)
	if err != nil {
		return nil, err
	}
	switch {
	case algorithm == "":
	case !slices.Contains(algorithms, algorithm):
		return nil, WrongAlgorithm
	case algorithm == "EdDSA" || algorithm == "Ed25519":
		// One algorithm under two names (RFC 9864 §2.2): both stay.
	default:
		algorithms = []string{algorithm}
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, Invalid
	}
	return &Key{id, algorithm, algorithms, public, sha256.Sum256(der)}, nil
}

// ID returns the key id ("kid", RFC 7517 §4.5), empty if the key has none.
func (k *Key) ID() string { return k.id }

// Algorithm returns the only algorithm the key is for ("alg", RFC 7517 §4.4),
// empty if that is left open.
func (k *Key) Algorithm() string { return k.algorithm }

// Public returns the key: an *rsa.PublicKey, an *ecdsa.PublicKey or an
// ed25519.PublicKey. It must not be modified.
func (k *Key) Public() crypto.PublicKey { return k.public }

// Supports reports whether the key may verify signatures of the JWS algorithm
// alg (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2): the key's type and curve
// are those of the algorithm, and the key does not name another one.
func (k *Key) Supports(alg string) bool { return slices.Contains(k.algorithms, alg) }

// A fingerprint is what makes two keys the same key.
type fingerprint struct {
	id, algorithm string
	material      [sha256.Size]byte
}

func (k *Key) fingerprint() fingerprint { return fingerprint{k.id, k.algorithm, k.material} }

// The algorithms of each type of key. They are shared and never written to.
var (
	rsaAlgorithms     = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	p256Algorithms    = []string{"ES256"}
	p384Algorithms    = []string{"ES384"}
	p521Algorithms    = []string{"ES512"}
	ed25519Algorithms = []string{"EdDSA", "Ed25519"}
)

// vet returns a copy of an acceptable public key and its algorithms.
func vet(public crypto.PublicKey) (crypto.PublicKey, []string, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		return vetRSA(public)
	case *ecdsa.PublicKey:
		return vetECDSA(public)
	case ed25519.PublicKey:
		if !validEd25519(public) {
			return nil, nil, Invalid
		}
		return slices.Clone(public), ed25519Algorithms, nil
	}
	return nil, nil, Unsupported
}

// The bounds of RSA keys. Below 2048 bits RFC 7518 §3.3 forbids them; above 8192
// bits one verification costs more than a caller should be able to ask for.
const (
	minModulusBits = 2048
	maxModulusBits = 8192
	minExponent    = 3
	maxExponent    = 1<<31 - 1
)

func vetRSA(k *rsa.PublicKey) (crypto.PublicKey, []string, error) {
	if k == nil || k.N == nil || k.N.Sign() <= 0 {
		return nil, nil, Invalid
	}
	if bits := k.N.BitLen(); bits < minModulusBits || bits > maxModulusBits {
		return nil, nil, BadSize
	}
	// An even modulus is no product of two primes, an even exponent has no
	// inverse, and with the exponent 1 every message is its own signature.
	if k.N.Bit(0) == 0 || k.E&1 == 0 || k.E < minExponent || k.E > maxExponent {
		return nil, nil, Invalid
	}
	return &rsa.PublicKey{N: new(big.Int).Set(k.N), E: k.E}, rsaAlgorithms, nil
}

func vetECDSA(k *ecdsa.PublicKey) (crypto.PublicKey, []string, error) {
	if k == nil {
		return nil, nil, Invalid
	}
	var algorithms []string
	switch k.Curve { // RFC 7518 §3.4: the curve belongs to the algorithm
	case elliptic.P256():
		algorithms = p256Algorithms
	case elliptic.P384():
		algorithms = p384Algorithms
	case elliptic.P521():
		algorithms = p521Algorithms
	default:
		return nil, nil, Unsupported
	}
	//lint:ignore SA1019 nothing is computed with them
	if k.X == nil || k.Y == nil {
		return nil, nil, Invalid
	}
	point, err := k.Bytes()
	if err != nil {
		return nil, nil, Invalid
	}
	// Parsing copies the key and refuses points that are not on the curve.
	public, err := ecdsa.ParseUncompressedPublicKey(k.Curve, point)
	if err != nil {
		return nil, nil, Invalid
	}
	return public, algorithms, nil
}
