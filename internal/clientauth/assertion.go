package clientauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // SHA-256
	_ "crypto/sha512" // SHA-384 and SHA-512
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"time"

	"github.com/go-json-experiment/json"
)

// assertionLifetime is short, as each assertion is used at once, but leaves room
// for clocks that differ.
const assertionLifetime = time.Minute

// assertion returns a new JWT that authenticates the client once (RFC 7523 §3).
func (a *Authenticator) assertion() (string, error) {
	now := a.clock.Now().Unix()
	header, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		Type      string `json:"typ"`
		KeyID     string `json:"kid,omitzero"`
	}{a.alg.name, "JWT", a.config.KeyID})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		ID       string `json:"jti"`
		IssuedAt int64  `json:"iat"`
		Expiry   int64  `json:"exp"`
	}{a.config.ClientID, a.config.ClientID, a.config.Audience, rand.Text(), now, now + int64(assertionLifetime/time.Second)})
	if err != nil {
		return "", err
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := a.alg.sign(a.config.Key, []byte(signed))
	if err != nil {
		return "", err
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// A signatureAlgorithm is a JWS algorithm to sign with (RFC 7518 §3.1, RFC 8037
// §3.1, RFC 9864 §2.2).
type signatureAlgorithm struct {
	name  string
	hash  crypto.Hash // zero: the message itself is signed
	pss   bool
	curve elliptic.Curve // nil: not ECDSA
}

// signatureAlgorithms has the default of each type of key before its others.
var signatureAlgorithms = []signatureAlgorithm{
	{name: "RS256", hash: crypto.SHA256},
	{name: "RS384", hash: crypto.SHA384},
	{name: "RS512", hash: crypto.SHA512},
	{name: "PS256", hash: crypto.SHA256, pss: true},
	{name: "PS384", hash: crypto.SHA384, pss: true},
	{name: "PS512", hash: crypto.SHA512, pss: true},
	{name: "ES256", hash: crypto.SHA256, curve: elliptic.P256()},
	{name: "ES384", hash: crypto.SHA384, curve: elliptic.P384()},
	{name: "ES512", hash: crypto.SHA512, curve: elliptic.P521()},
	{name: "EdDSA"},
	{name: "Ed25519"},
}

// minModulusBits is what RFC 7518 §3.3 asks for.
const minModulusBits = 2048

// algorithmFor returns the algorithm of that name, or the default if there is
// none, or else the reason why the key cannot be used with it.
func algorithmFor(public crypto.PublicKey, name string) (*signatureAlgorithm, string) {
	if k, ok := public.(*rsa.PublicKey); ok && k.N.BitLen() < minModulusBits {
		return nil, "RSA with less than 2048 bits"
	}
	for i := range signatureAlgorithms {
		a := &signatureAlgorithms[i]
		if (name == "" || name == a.name) && a.fits(public) {
			return a, ""
		}
	}
	if name != "" {
		return nil, "not an algorithm of this key"
	}
	return nil, "neither RSA nor ECDSA on P-256, P-384 or P-521 nor Ed25519"
}

func (a *signatureAlgorithm) fits(public crypto.PublicKey) bool {
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

var errNotECDSA = errors.New("not an ECDSA signature")

// sign returns the signature in the form of RFC 7518 §3.3 to §3.5 or RFC 8037
// §3.1.
func (a *signatureAlgorithm) sign(key crypto.Signer, message []byte) ([]byte, error) {
	digest := message
	if a.hash != 0 {
		h := a.hash.New()
		h.Write(message)
		digest = h.Sum(nil)
	}
	var options crypto.SignerOpts = a.hash
	if a.pss { // RFC 7518 §3.5: the salt is as long as the hash
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: a.hash}
	}
	signature, err := key.Sign(rand.Reader, digest, options)
	if err != nil || a.curve == nil {
		return signature, err
	}
	return rawECDSA(signature, (a.curve.Params().N.BitLen()+7)/8)
}

// rawECDSA turns what a [crypto.Signer] returns, ASN.1, into r and s side by side
// (RFC 7518 §3.4).
func rawECDSA(signature []byte, size int) ([]byte, error) {
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
