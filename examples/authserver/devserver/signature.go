package devserver

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"

	"github.com/bearerguard/bearerguard/internal/jws"
)

// assertionAlgorithms are those that client assertions may be signed with. All
// are asymmetric: the server never holds what could sign for a client.
var assertionAlgorithms = []string{"RS256", "PS256", "ES256", "EdDSA"}

// suits reports whether a key of this type is one of the algorithm alg.
func suits(alg string, public crypto.PublicKey) bool {
	switch public.(type) {
	case *rsa.PublicKey:
		return alg == "RS256" || alg == "PS256"
	case *ecdsa.PublicKey:
		return alg == "ES256"
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}

// clientKeyProblem says what is wrong with a client's key, or returns nothing.
func clientKeyProblem(key ClientKey) string {
	sound := false
	switch public := key.Public.(type) {
	case *rsa.PublicKey:
		sound = public != nil && public.N != nil && public.N.BitLen() >= 2048 && public.N.BitLen() <= 8192 &&
			public.N.Bit(0) == 1 && public.E >= 3 && public.E%2 == 1
	case *ecdsa.PublicKey:
		if public != nil && public.Curve == elliptic.P256() {
			_, err := public.Bytes() // refuses what is not on the curve
			sound = err == nil
		}
	case ed25519.PublicKey:
		sound = len(public) == ed25519.PublicKeySize
	}
	switch {
	case !sound:
		return "must be a sound RSA public key of 2048 to 8192 bits, or one on P-256, or an Ed25519 one"
	case key.Algorithm != "" && !suits(key.Algorithm, key.Public):
		return "Algorithm must be one for this type of key: RS256 or PS256, ES256, EdDSA"
	}
	return ""
}

// verify checks a JWS signature. It expects a key that suits the algorithm.
func verify(alg string, public crypto.PublicKey, signed, signature []byte) bool {
	algorithm, ok := jws.Named(alg)
	return ok && algorithm.Verify(public, algorithm.Digest(nil, signed), signature)
}
