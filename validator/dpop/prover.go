package dpop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"net/url"
	"time"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Prover is the client's side: it makes proofs with a key. It is immutable, and
// safe for concurrent use if its key is.
type Prover struct {
	signer    crypto.Signer
	key       *jwks.Key
	algorithm string
	hash      crypto.Hash
	header    string // encoded
}

// NewProver returns a Prover for a private key on P-256, P-384 or P-521 (ES256,
// ES384, ES512), an Ed25519 key (EdDSA) or an RSA key of 2048 bits or more (PS256).
// The key may be in hardware. The error is a [*ConfigError].
func NewProver(key crypto.Signer) (*Prover, error) {
	if configerr.IsNil(key) {
		return nil, &ConfigError{Field: "key", Reason: "nil"}
	}
	vetted, err := jwks.NewKey("", "", key.Public())
	if err != nil {
		return nil, &ConfigError{Field: "key", Reason: err.Error()}
	}
	p := &Prover{signer: key, key: vetted}
	switch public := vetted.Public().(type) {
	case *rsa.PublicKey:
		p.algorithm, p.hash = "PS256", crypto.SHA256
	case ed25519.PublicKey:
		p.algorithm = "EdDSA"
	case *ecdsa.PublicKey: // RFC 7518 §3.4
		switch public.Curve.Params().BitSize {
		case 256:
			p.algorithm, p.hash = "ES256", crypto.SHA256
		case 384:
			p.algorithm, p.hash = "ES384", crypto.SHA384
		default:
			p.algorithm, p.hash = "ES512", crypto.SHA512
		}
	}
	header, err := json.Marshal(struct {
		Typ string         `json:"typ"`
		Alg string         `json:"alg"`
		JWK jsontext.Value `json:"jwk"`
	}{"dpop+jwt", p.algorithm, vetted.JWK()})
	if err != nil {
		return nil, err
	}
	p.header = encode(header)
	return p, nil
}

// Algorithm returns the JWS algorithm of the proofs.
func (p *Prover) Algorithm() string { return p.algorithm }

// Thumbprint returns the thumbprint of the key (RFC 7638): the "jkt" of tokens
// that are bound to it, and the dpop_jkt of authorization requests (RFC 9449 §10).
func (p *Prover) Thumbprint() string { return p.key.Thumbprint() }

// A Request is what a proof is for.
type Request struct {
	_ [0]func() // no unkeyed literals, no ==

	// Method is the HTTP method. Required.
	Method string
	// URL is the absolute URL. Its query and fragment are left out of the proof
	// (RFC 9449 §4.2). Required.
	URL string
	// AccessToken is the token that the request carries. Empty: none, as in a
	// token request.
	AccessToken string
	// Nonce is what the server last gave out in DPoP-Nonce. Empty: none yet.
	Nonce string
	// IssuedAt is the time of the proof. Zero: now.
	IssuedAt time.Time
}

var (
	errRequestMethod = errors.New("dpop: no method")
	errRequestURL    = errors.New("dpop: not an absolute http or https URL")
)

// Proof returns the value of the DPoP field for one request. Each is good once. It
// fails if the request is not complete or the key does not sign.
func (p *Prover) Proof(r Request) (string, error) {
	if r.Method == "" {
		return "", errRequestMethod
	}
	target, err := url.Parse(r.URL)
	if err != nil {
		return "", errRequestURL // url.Parse's own would show the URL
	}
	htu, ok := normalTarget(target)
	if !ok {
		return "", errRequestURL
	}
	if r.IssuedAt.IsZero() {
		r.IssuedAt = time.Now()
	}
	payload := struct {
		JTI   string `json:"jti"`
		HTM   string `json:"htm"`
		HTU   string `json:"htu"`
		IAT   int64  `json:"iat"`
		ATH   string `json:"ath,omitempty"`
		Nonce string `json:"nonce,omitempty"`
	}{rand.Text(), r.Method, htu, r.IssuedAt.Unix(), "", r.Nonce} // 130 random bits (RFC 9449 §4.2)
	if r.AccessToken != "" {
		payload.ATH = tokenHash(r.AccessToken)
	}
	encoded, err := json.Marshal(payload)
	if err != nil {
		return "", err
	}
	signed := p.header + "." + encode(encoded)
	signature, err := p.sign([]byte(signed))
	if err != nil {
		return "", err
	}
	return signed + "." + encode(signature), nil
}

// sign makes a JWS signature (RFC 7518 §3, RFC 8037 §3.1).
func (p *Prover) sign(input []byte) ([]byte, error) {
	digest := input
	if p.hash != 0 {
		h := p.hash.New()
		h.Write(input)
		digest = h.Sum(nil)
	}
	switch public := p.key.Public().(type) {
	case *rsa.PublicKey:
		return p.signer.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: p.hash})
	case *ecdsa.PublicKey:
		der, err := p.signer.Sign(rand.Reader, digest, p.hash)
		if err != nil {
			return nil, err
		}
		return sideBySide(der, (public.Curve.Params().BitSize+7)/8)
	}
	return p.signer.Sign(rand.Reader, digest, p.hash)
}

var errSigner = errors.New("dpop: the key does not make ECDSA signatures")

// sideBySide turns an ASN.1 signature into r and s at full size (RFC 7518 §3.4).
func sideBySide(der []byte, size int) ([]byte, error) {
	var n struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &n); err != nil || len(rest) > 0 ||
		n.R.Sign() <= 0 || n.S.Sign() <= 0 || n.R.BitLen() > 8*size || n.S.BitLen() > 8*size {
		return nil, errSigner
	}
	out := make([]byte, 2*size)
	n.R.FillBytes(out[:size])
	n.S.FillBytes(out[size:])
	return out, nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
