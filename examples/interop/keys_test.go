//go:build interop

package interop_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

// algorithms are those that are made use of by both sides: two each of RSA and
// Ed25519, and P-256.
var algorithms = []string{"RS256", "PS256", "ES256", "EdDSA", "Ed25519"}

// A key is a new private key with an id, for one algorithm.
type key struct {
	crypto.Signer
	id, algorithm string
}

func newKey(t *testing.T, id, algorithm string) key {
	t.Helper()
	var signer crypto.Signer
	var err error
	switch algorithm {
	case "RS256", "PS256":
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EdDSA", "Ed25519":
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	default:
		t.Fatalf("no key for %s", algorithm)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key{signer, id, algorithm}
}

// private is the key as the authorization server wants its own.
func (k key) private(t *testing.T) json.RawMessage { return k.jwk(t, k.Signer) }

// public is the key as a client registers it.
func (k key) public(t *testing.T) json.RawMessage { return k.jwk(t, k.Public()) }

func (k key) jwk(t *testing.T, raw any) json.RawMessage {
	t.Helper()
	out, err := jwk.FromRaw(raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{jwk.KeyIDKey: k.id, jwk.AlgorithmKey: k.algorithm, jwk.KeyUsageKey: "sig"} {
		if err := out.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
