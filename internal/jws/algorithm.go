package jws

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"slices"
)

// An Algorithm is one of the JWS algorithms that can be used. It is immutable.
type Algorithm struct {
	Name   string
	hash   crypto.Hash    // zero: the message itself is signed
	curve  elliptic.Curve // nil: not ECDSA
	verify func(key crypto.PublicKey, hash crypto.Hash, digest, signature []byte) bool
}

// algorithms are those of RFC 7518 §3.1 that use public keys, and EdDSA over
// Curve25519 under both its names (RFC 8037 §3.1, RFC 9864 §2.2). There is no
// "none" and no HMAC to choose. The default of each type of key comes before its
// others (see [ForKey]).
var algorithms = []Algorithm{
	{"RS256", crypto.SHA256, nil, verifyPKCS1v15},
	{"RS384", crypto.SHA384, nil, verifyPKCS1v15},
	{"RS512", crypto.SHA512, nil, verifyPKCS1v15},
	{"PS256", crypto.SHA256, nil, verifyPSS},
	{"PS384", crypto.SHA384, nil, verifyPSS},
	{"PS512", crypto.SHA512, nil, verifyPSS},
	{"ES256", crypto.SHA256, elliptic.P256(), verifyECDSA},
	{"ES384", crypto.SHA384, elliptic.P384(), verifyECDSA},
	{"ES512", crypto.SHA512, elliptic.P521(), verifyECDSA},
	{"EdDSA", 0, nil, verifyEd25519},
	{"Ed25519", 0, nil, verifyEd25519},
}

// Index returns a number that stands for an algorithm, -1 for an unknown one.
func Index(name string) int {
	return slices.IndexFunc(algorithms, func(a Algorithm) bool { return a.Name == name })
}

// At returns the algorithm that an [Index] stands for.
func At(index int) *Algorithm { return &algorithms[index] }

// Named returns the algorithm of that name, if there is one.
func Named(name string) (*Algorithm, bool) {
	i := Index(name)
	if i < 0 {
		return nil, false
	}
	return At(i), true
}

// Names returns the names of all algorithms.
func Names() []string {
	names := make([]string, len(algorithms))
	for i := range algorithms {
		names[i] = algorithms[i].Name
	}
	return names
}

// Digest returns what a signature of the received bytes is checked against: those
// bytes themselves, or else their hash, appended to dst. It does not depend on the key.
func (a *Algorithm) Digest(dst, signed []byte) []byte {
	switch a.hash {
	case crypto.SHA256:
		sum := sha256.Sum256(signed)
		return append(dst, sum[:]...)
	case crypto.SHA384:
		sum := sha512.Sum384(signed)
		return append(dst, sum[:]...)
	case crypto.SHA512:
		sum := sha512.Sum512(signed)
		return append(dst, sum[:]...)
	}
	return signed
}

// Verify reports whether the key made the signature over the bytes with that
// [Algorithm.Digest]. The caller sees to it that key and algorithm belong
// together (RFC 8725 §3.1) and that the key is a sound one.
func (a *Algorithm) Verify(key crypto.PublicKey, digest, signature []byte) bool {
	return a.verify(key, a.hash, digest, signature)
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
