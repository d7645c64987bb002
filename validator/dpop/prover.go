package dpop

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"net/url"
	"time"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/jws"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Prover is the client's side: it makes proofs with a key. It is immutable, and
// safe for concurrent use if its key is.
type Prover struct {
	signer    crypto.Signer
	key       *jwks.Key
	algorithm *jws.Algorithm
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
	p := &Prover{signer: key, key: vetted, algorithm: jws.ForKey(vetted.Public())}
	if _, ok := vetted.Public().(*rsa.PublicKey); ok {
		p.algorithm, _ = jws.Named("PS256") // rather than the older default of RSA
	}
	header, err := json.Marshal(struct {
		Typ string         `json:"typ"`
		Alg string         `json:"alg"`
		JWK jsontext.Value `json:"jwk"`
	}{"dpop+jwt", p.algorithm.Name, vetted.JWK()})
	if err != nil {
		return nil, err
	}
	p.header = encode(header)
	return p, nil
}

// Algorithm returns the JWS algorithm of the proofs.
func (p *Prover) Algorithm() string { return p.algorithm.Name }

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
	signature, err := p.algorithm.Sign(p.signer, []byte(signed))
	if err != nil {
		return "", err
	}
	return signed + "." + encode(signature), nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
