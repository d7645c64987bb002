package tokens

import (
	"crypto/rand"
	"crypto/sha256"
	"time"

	"github.com/lestrrat-go/jwx/v2/jws"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

// assertionLifetime is how long an assertion is good. It is used at once; this is
// for clocks that differ.
const assertionLifetime = time.Minute

// KeyFile is a private key in a file, PEM or JWK, which never leaves the client:
// each token request gets a fresh assertion that is signed with it (RFC 7523 §2.2,
// private_key_jwt). The file is read for every one of them, so a key that was put
// there counts from the next one on.
//
// The key is RSA (at least 2048 bits, RS256), on P-256 (ES256) or Ed25519 (EdDSA);
// a JWK may choose PS256 by its "alg". The assertion names the key by the JWK's
// "kid", or without one by its thumbprint (RFC 7638), under which the server has to
// know it.
func KeyFile(path string) Credential { return &keyFile{file{path: path}} }

type keyFile struct{ file file }

func (k *keyFile) prove(clientID, audience string) (proof, error) {
	return k.file.prove(func(content []byte) (proof, error) {
		key, err := parseKey(content)
		if err != nil {
			return proof{}, err
		}
		assertion, err := key.sign(clientID, audience, time.Now())
		return proof{assertion: assertion, madeFrom: sha256.Sum256(content)}, err
	})
}

func (*keyFile) String() string { return "a client key in a file" }

// sign makes an assertion (RFC 7523 §3).
func (k *clientKey) sign(clientID, audience string, now time.Time) (string, error) {
	claims, err := jwt.NewBuilder().
		Issuer(clientID).Subject(clientID).
		Audience([]string{audience}).
		JwtID(rand.Text()). // good once
		IssuedAt(now).Expiration(now.Add(assertionLifetime)).
		Build()
	if err != nil {
		return "", err
	}
	header := jws.NewHeaders()
	if err := header.Set(jws.KeyIDKey, k.id); err != nil {
		return "", err
	}
	signed, err := jwt.Sign(claims, jwt.WithKey(k.algorithm, k.private, jws.WithProtectedHeaders(header)))
	return string(signed), err
}
