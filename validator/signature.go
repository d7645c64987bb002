package validator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256" // SHA-256
	_ "crypto/sha512" // SHA-384 and SHA-512
	"errors"
	"slices"

	"github.com/bearerguard/bearerguard/jwks"
)

var errSignature = errors.New("no signature of a key of this issuer")

// algorithm is one row of the JWS algorithms that can be used.
type algorithm struct {
	name   string
	hash   crypto.Hash // zero: the message itself is signed
	verify func(key crypto.PublicKey, hash crypto.Hash, digest, signature []byte) bool
}

// algorithms are those of RFC 7518 §3.1 that use public keys, and EdDSA over
// Curve25519 under both its names (RFC 8037 §3.1, RFC 9864 §2.2). There is no
// "none" and no HMAC to choose.
var algorithms = []algorithm{
	{"RS256", crypto.SHA256, verifyPKCS1v15},
	{"RS384", crypto.SHA384, verifyPKCS1v15},
	{"RS512", crypto.SHA512, verifyPKCS1v15},
	{"PS256", crypto.SHA256, verifyPSS},
	{"PS384", crypto.SHA384, verifyPSS},
	{"PS512", crypto.SHA512, verifyPSS},
	{"ES256", crypto.SHA256, verifyECDSA},
	{"ES384", crypto.SHA384, verifyECDSA},
	{"ES512", crypto.SHA512, verifyECDSA},
	{"EdDSA", 0, verifyEd25519},
	{"Ed25519", 0, verifyEd25519},
}

// algorithmIndex returns where an algorithm is in algorithms, -1 if it is not.
func algorithmIndex(name string) int {
	return slices.IndexFunc(algorithms, func(a algorithm) bool { return a.name == name })
}

func algorithmNamed(name string) (*algorithm, bool) {
	i := algorithmIndex(name)
	if i < 0 {
		return nil, false
	}
	return &algorithms[i], true
}

// AlgorithmNames returns the names of all algorithms that [Config.Algorithms]
// can list; they are also its default.
func AlgorithmNames() []string {
	names := make([]string, len(algorithms))
	for i := range algorithms {
		names[i] = algorithms[i].name
	}
	return names
}

// verifySignature returns the one of the keys that made the signature over the
// received bytes (RFC 7515 §5.2 step 8).
func verifySignature(jws *compactJWS, alg string, keys []*jwks.Key) (*jwks.Key, *Error) {
	a, ok := algorithmNamed(alg)
	if !ok {
		return nil, NewError(CodeAlgorithmNotAllowed, errAlgorithm)
	}
	digest := jws.signed
	if a.hash != 0 {
		h := a.hash.New()
		h.Write(jws.signed)
		digest = h.Sum(nil)
	}
	for _, key := range keys {
		// jwks.Set.Find has matched them with the algorithm (RFC 8725 §3.1).
		if a.verify(key.Public(), a.hash, digest, jws.signature) {
			return key, nil
		}
	}
	return nil, NewError(CodeSignatureInvalid, errSignature)
}

// verifyPKCS1v15 checks RSASSA-PKCS1-v1_5 (RFC 7518 §3.3).
func verifyPKCS1v15(key crypto.PublicKey, hash crypto.Hash, digest, signature []byte) bool {
	k, ok := key.(*rsa.PublicKey)
	return ok && rsa.VerifyPKCS1v15(k, hash, digest, signature) == nil
}

// verifyPSS checks RSASSA-PSS, whose salt is as long as the hash (RFC 7518
// §3.5).
func verifyPSS(key crypto.PublicKey, hash crypto.Hash, digest, signature []byte) bool {
	k, ok := key.(*rsa.PublicKey)
	return ok && rsa.VerifyPSS(k, hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
}

// verifyECDSA checks ECDSA, whose signature is r and s side by side, each as
// long as the order of the curve (RFC 7518 §3.4), never ASN.1.
func verifyECDSA(key crypto.PublicKey, _ crypto.Hash, digest, signature []byte) bool {
	k, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return false
	}
	size := (k.Curve.Params().N.BitLen() + 7) / 8
	if len(signature) != 2*size {
		return false
	}
	// The standard library wants ASN.1: 0x30 length 0x02 length r 0x02 length s,
	// of at most 139 bytes.
	var der [144]byte
	body := appendInteger(appendInteger(der[3:3], signature[:size]), signature[size:])
	start := 1
	if len(body) >= 0x80 { // the length takes two bytes
		start, der[1] = 0, 0x81
	}
	der[start], der[2] = 0x30, byte(len(body))
	return ecdsa.VerifyASN1(k, digest, der[start:3+len(body)])
}

// appendInteger appends a number as an ASN.1 INTEGER: without leading zeros, but
// for one where the first bit would make it negative.
func appendInteger(dst, number []byte) []byte {
	for len(number) > 1 && number[0] == 0 {
		number = number[1:]
	}
	if number[0]&0x80 != 0 {
		dst = append(dst, 0x02, byte(len(number)+1), 0)
	} else {
		dst = append(dst, 0x02, byte(len(number)))
	}
	return append(dst, number...)
}

// verifyEd25519 checks Ed25519 (RFC 8037 §3.1).
func verifyEd25519(key crypto.PublicKey, _ crypto.Hash, message, signature []byte) bool {
	k, ok := key.(ed25519.PublicKey)
	return ok && len(k) == ed25519.PublicKeySize && ed25519.Verify(k, message, signature)
}
