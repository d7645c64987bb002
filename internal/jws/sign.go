package jws

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"math/big"
)

// ForKey returns the default algorithm of keys of this type and curve: RS256, ES256,
// ES384, ES512 or EdDSA. It is nil if there is none.
func ForKey(public crypto.PublicKey) *Algorithm {
	for i := range algorithms {
		if algorithms[i].Fits(public) {
			return &algorithms[i]
		}
	}
	return nil
}

// Fits reports whether the algorithm is one of keys of this type and curve (RFC 7518
// §3.1, RFC 8037 §3.1, RFC 9864 §2.2).
func (a *Algorithm) Fits(public crypto.PublicKey) bool {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return a.hash != 0 && a.curve == nil
	case *ecdsa.PublicKey:
		return a.curve != nil && a.curve == k.Curve
	case ed25519.PublicKey:
		return a.hash == 0
	}
	return false
}

// Sign returns the signature of a key that the algorithm fits, in the form of RFC
// 7518 §3.3 to §3.5 or RFC 8037 §3.1. The key may be in hardware.
func (a *Algorithm) Sign(key crypto.Signer, message []byte) ([]byte, error) {
	var options crypto.SignerOpts = a.hash
	if a.Name[0] == 'P' { // RFC 7518 §3.5: the salt is as long as the hash
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: a.hash}
	}
	signature, err := key.Sign(rand.Reader, a.Digest(nil, message), options)
	if err != nil || a.curve == nil {
		return signature, err
	}
	return sideBySide(signature, (a.curve.Params().N.BitLen()+7)/8)
}

var errNotECDSA = errors.New("not an ECDSA signature")

// sideBySide turns what a [crypto.Signer] returns, ASN.1, into r and s, each as long
// as the order of the curve (RFC 7518 §3.4).
func sideBySide(signature []byte, size int) ([]byte, error) {
	var pair struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(signature, &pair)
	if err != nil || len(rest) > 0 || pair.R.Sign() <= 0 || pair.S.Sign() <= 0 ||
		pair.R.BitLen() > 8*size || pair.S.BitLen() > 8*size {
		return nil, errNotECDSA
	}
	raw := make([]byte, 2*size)
	pair.R.FillBytes(raw[:size])
	pair.S.FillBytes(raw[size:])
	return raw, nil
}
