package jwks

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"time"

	"github.com/go-json-experiment/json"
)

// A publicJWK has the members of RFC 7518 §6.2.1, §6.3.1 and RFC 8037 §2.
type publicJWK struct {
	Kty string `json:"kty"`
	Kid string `json:"kid,omitempty"`
	Alg string `json:"alg,omitempty"`
	Crv string `json:"crv,omitempty"`
	N   string `json:"n,omitempty"`
	E   string `json:"e,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`
}

// encode returns the set as a JWK Set document that also tells where it came from
// and when (RFC 7517 §5 allows other members). It is made of the admitted keys,
// so that nothing is kept that was not looked at.
func (s *Set) encode(source string, confirmed time.Time) ([]byte, error) {
	document := struct {
		Source    string      `json:"source"`
		Confirmed string      `json:"confirmed"`
		Keys      []publicJWK `json:"keys"`
	}{Source: source, Confirmed: confirmed.UTC().Format(time.RFC3339)}
	for _, k := range s.keys {
		document.Keys = append(document.Keys, k.jwk())
	}
	return json.Marshal(document)
}

func (k *Key) jwk() publicJWK {
	b64 := base64.RawURLEncoding.EncodeToString
	j := publicJWK{Kid: k.id, Alg: k.algorithm}
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		j.Kty, j.N, j.E = "RSA", b64(public.N.Bytes()), b64(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point, _ := public.Bytes() // it is on the curve, or there would be no Key
		size := len(point) / 2     // 4, x, y (SEC 1 §2.3.3)
		j.Kty, j.Crv, j.X, j.Y = "EC", public.Curve.Params().Name, b64(point[1:1+size]), b64(point[1+size:])
	case ed25519.PublicKey:
		j.Kty, j.Crv, j.X = "OKP", "Ed25519", b64(public)
	}
	return j
}
