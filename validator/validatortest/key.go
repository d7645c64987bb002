package validatortest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"math/big"

	"github.com/bearerguard/bearerguard/internal/jws"
	"github.com/go-json-experiment/json"
)

// A Key is a key pair that signs tokens. It is immutable and safe for concurrent
// use.
type Key struct {
	id, algorithm string
	private       crypto.Signer
}

// NewKey makes a key with an id, which may be empty, for one of
// [validator.AlgorithmNames]. It panics if there is no such algorithm. Issuers
// make keys for themselves; this is for sets that nobody publishes on purpose,
// with two keys under one id for example.
func NewKey(id, algorithm string) *Key {
	generate := generator(algorithm)
	if generate == nil {
		panic("validatortest: unknown algorithm " + algorithm)
	}
	private, err := generate()
	if err != nil {
		panic(err)
	}
	return &Key{id, algorithm, private}
}

// ID returns the key id, kid in the header of tokens.
func (k *Key) ID() string { return k.id }

// Algorithm returns the JWS algorithm that the key is for.
func (k *Key) Algorithm() string { return k.algorithm }

// Public returns the public key, an *rsa.PublicKey, an *ecdsa.PublicKey or an
// ed25519.PublicKey.
func (k *Key) Public() crypto.PublicKey { return k.private.Public() }

// generator returns what makes a key for an algorithm (RFC 7518 §3.1, RFC 8037
// §3.1), nil for an unknown one.
func generator(algorithm string) func() (crypto.Signer, error) {
	ec := func(curve elliptic.Curve) func() (crypto.Signer, error) {
		return func() (crypto.Signer, error) { return ecdsa.GenerateKey(curve, rand.Reader) }
	}
	switch algorithm {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		return func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }
	case "ES256":
		return ec(elliptic.P256())
	case "ES384":
		return ec(elliptic.P384())
	case "ES512":
		return ec(elliptic.P521())
	case "EdDSA", "Ed25519":
		return func() (crypto.Signer, error) {
			_, private, err := ed25519.GenerateKey(rand.Reader)
			return private, err
		}
	}
	return nil
}

// sign returns the compact JWS of the very header and payload given (RFC 7515
// §7.1).
func (k *Key) sign(header, payload []byte) string {
	input := base64url(header) + "." + base64url(payload)
	return input + "." + base64url(k.signature([]byte(input)))
}

// signature makes a JWS signature (RFC 7518 §3).
func (k *Key) signature(input []byte) []byte {
	algorithm, _ := jws.Named(k.algorithm) // there is a key for it
	signature, err := algorithm.Sign(k.private, input)
	if err != nil {
		panic(err)
	}
	return signature
}

// jwk returns the public key as a JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).
func (k *Key) jwk() map[string]string {
	jwk := map[string]string{"use": "sig", "alg": k.algorithm}
	if k.id != "" {
		jwk["kid"] = k.id
	}
	switch public := k.Public().(type) {
	case *rsa.PublicKey:
		jwk["kty"] = "RSA"
		jwk["n"], jwk["e"] = base64url(public.N.Bytes()), base64url(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, then both coordinates at full size
		if err != nil {
			panic(err)
		}
		size := len(point) / 2
		jwk["kty"], jwk["crv"] = "EC", public.Params().Name
		jwk["x"], jwk["y"] = base64url(point[1:1+size]), base64url(point[1+size:])
	case ed25519.PublicKey:
		jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", base64url(public)
	}
	return jwk
}

// document returns a key set document (RFC 7517 §5).
func document(keys ...*Key) []byte {
	set := struct {
		Keys []map[string]string `json:"keys"`
	}{[]map[string]string{}}
	for _, k := range keys {
		set.Keys = append(set.Keys, k.jwk())
	}
	encoded, err := json.Marshal(set, json.Deterministic(true))
	if err != nil {
		panic(err)
	}
	return encoded
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
