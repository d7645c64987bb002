package tokens

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// The errors say nothing of what is in the file.
var (
	errKeyForm      = errors.New("is neither a PEM file with a private key nor a JWK")
	errKeyPublic    = errors.New("is not a private key")
	errKeyKind      = errors.New("is not an RSA key of at least 2048 bits, a key on P-256 or an Ed25519 key")
	errKeyAlgorithm = errors.New(`has an "alg" that does not fit or is not supported`)
)

// clientKey is a private key that a client signs its assertions with.
type clientKey struct {
	id        string
	algorithm jwa.SignatureAlgorithm
	private   crypto.Signer
}

// parseKey reads a private key in PEM or as a JWK (RFC 7517 §4).
func parseKey(content []byte) (*clientKey, error) {
	if bytes.HasPrefix(bytes.TrimSpace(content), []byte("{")) {
		return parseJWK(content)
	}
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if private, ok := parseBlock(block); ok {
			return newClientKey(private, "", "")
		}
	}
	return nil, errKeyForm
}

// parseBlock reads one PEM block. What else is in such a file, such as EC
// PARAMETERS or a certificate, is passed over.
func parseBlock(block *pem.Block) (private any, ok bool) {
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		private, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		private, err = x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		private, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil, false
	}
	return private, err == nil
}

func parseJWK(content []byte) (*clientKey, error) {
	parsed, err := jwk.ParseKey(content)
	if err != nil {
		return nil, errKeyForm // jwx's own words could quote it
	}
	var private any
	if err := parsed.Raw(&private); err != nil {
		return nil, errKeyForm
	}
	algorithm := ""
	if alg := parsed.Algorithm(); alg != nil {
		algorithm = alg.String()
	}
	return newClientKey(private, parsed.KeyID(), algorithm)
}

// newClientKey chooses the algorithm by the key's type, and names the key by its
// thumbprint if it has no id.
func newClientKey(private any, id, algorithm string) (*clientKey, error) {
	key := &clientKey{id: id}
	var alternatives []jwa.SignatureAlgorithm
	switch private := private.(type) {
	case *rsa.PrivateKey:
		if private.N.BitLen() < 2048 || private.Validate() != nil {
			return nil, errKeyKind
		}
		key.private, alternatives = private, []jwa.SignatureAlgorithm{jwa.RS256, jwa.PS256}
	case *ecdsa.PrivateKey:
		if private.Curve != elliptic.P256() {
			return nil, errKeyKind
		}
		key.private, alternatives = private, []jwa.SignatureAlgorithm{jwa.ES256}
	case ed25519.PrivateKey:
		key.private, alternatives = private, []jwa.SignatureAlgorithm{jwa.EdDSA}
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return nil, errKeyPublic
	default:
		return nil, errKeyKind
	}
	for _, possible := range alternatives {
		if key.algorithm == "" && (algorithm == "" || algorithm == possible.String()) {
			key.algorithm = possible
		}
	}
	if key.algorithm == "" {
		return nil, errKeyAlgorithm
	}
	if key.id != "" {
		return key, nil
	}
	var err error
	key.id, err = thumbprint(key.private.Public())
	return key, err
}

// thumbprint is the base64url of a key's SHA-256 JWK thumbprint (RFC 7638 §3).
func thumbprint(public crypto.PublicKey) (string, error) {
	key, err := jwk.FromRaw(public)
	if err != nil {
		return "", errKeyKind
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", errKeyKind
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}
