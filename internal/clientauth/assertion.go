package clientauth

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"time"

	"github.com/bearerguard/bearerguard/internal/jws"
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
	}{a.alg.Name, "JWT", a.config.KeyID})
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
	signature, err := a.alg.Sign(a.config.Key, []byte(signed))
	if err != nil {
		return "", err
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// minModulusBits is what RFC 7518 §3.3 asks for.
const minModulusBits = 2048

// algorithmFor returns the algorithm of that name, or the default if there is
// none, or else the reason why the key cannot be used with it.
func algorithmFor(public crypto.PublicKey, name string) (*jws.Algorithm, string) {
	if k, ok := public.(*rsa.PublicKey); ok && k.N.BitLen() < minModulusBits {
		return nil, "RSA with less than 2048 bits"
	}
	if name == "" {
		if a := jws.ForKey(public); a != nil {
			return a, ""
		}
		return nil, "neither RSA nor ECDSA on P-256, P-384 or P-521 nor Ed25519"
	}
	if a, ok := jws.Named(name); ok && a.Fits(public) {
		return a, ""
	}
	return nil, "not an algorithm of this key"
}
