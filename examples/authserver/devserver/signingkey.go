package devserver

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"sync"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// signingAlgorithms are those on offer, with what makes a key for each.
var signingAlgorithms = map[string]func() (crypto.Signer, error){
	"RS256": newRSAKey,
	"PS256": newRSAKey,
	"ES256": func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) },
	"EdDSA": func() (crypto.Signer, error) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	},
}

func newRSAKey() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }

// signingKey is one key pair with the algorithm it is for.
type signingKey struct {
	alg     jwa.SignatureAlgorithm
	private crypto.Signer
	public  jwk.Key
	signer  jws.Signer
	// forger is another key of the same algorithm, never published, for
	// forgeries. It is made at first use.
	forger func() (*signingKey, error)
}

func newSigningKey(alg string) (*signingKey, error) {
	private, err := signingAlgorithms[alg]()
	if err != nil {
		return nil, err
	}
	public, err := jwk.FromRaw(private.Public())
	if err != nil {
		return nil, err
	}
	thumbprint, err := public.Thumbprint(crypto.SHA256) // RFC 7638
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		jwk.KeyIDKey:     base64.RawURLEncoding.EncodeToString(thumbprint),
		jwk.AlgorithmKey: alg,
		jwk.KeyUsageKey:  "sig",
	} {
		if err := public.Set(name, value); err != nil {
			return nil, err
		}
	}
	signer, err := jws.NewSigner(jwa.SignatureAlgorithm(alg))
	if err != nil {
		return nil, err
	}
	forger := sync.OnceValues(func() (*signingKey, error) { return newSigningKey(alg) })
	return &signingKey{jwa.SignatureAlgorithm(alg), private, public, signer, forger}, nil
}

// header returns a JOSE header for tokens signed with k.
func (k *signingKey) header(typ string) map[string]any {
	return map[string]any{"typ": typ, "alg": k.alg, "kid": k.public.KeyID()}
}

// sign returns the JWS compact serialization (RFC 7515 §7.1) of exactly this
// header and these claims.
func (k *signingKey) sign(header, claims map[string]any) (string, error) {
	headerJSON, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	claimsJSON, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	input := encode(headerJSON) + "." + encode(claimsJSON)
	signature, err := k.signer.Sign([]byte(input), k.private)
	if err != nil {
		return "", err
	}
	return input + "." + encode(signature), nil
}
