package jws_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"testing"

	"github.com/bearerguard/bearerguard/internal/jws"
)

// What an algorithm signs it verifies, with the keys that it fits and no others.
func TestSign(t *testing.T) {
	keys := map[string]crypto.Signer{}
	keys["RS256"], _ = rsa.GenerateKey(rand.Reader, 2048)
	keys["ES256"], _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	keys["ES384"], _ = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	keys["ES512"], _ = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	_, keys["EdDSA"], _ = ed25519.GenerateKey(rand.Reader)
	message, fits := []byte("a.b"), 0
	for byDefault, key := range keys {
		if got := jws.ForKey(key.Public()); got == nil || got.Name != byDefault {
			t.Errorf("%+v, want %s", got, byDefault)
		}
		for _, name := range jws.Names() {
			a, _ := jws.Named(name)
			if !a.Fits(key.Public()) {
				continue
			}
			fits++
			signature, err := a.Sign(key, message)
			if err != nil || !a.Verify(key.Public(), a.Digest(nil, message), signature) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if fits != len(jws.Names()) {
		t.Errorf("%d pairs of algorithm and key", fits)
	}
	p224, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if jws.ForKey(p224.Public()) != nil || jws.ForKey(nil) != nil {
		t.Error("an algorithm for a key that has none")
	}
}

type brokenSigner struct {
	crypto.Signer
	signature []byte
}

func (b brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return b.signature, nil
}

// A hardware module may return what is no signature.
func TestSignWithBrokenKey(t *testing.T) {
	a, _ := jws.Named("ES256")
	for _, signature := range [][]byte{nil, make([]byte, 64), {0x30, 6, 2, 1, 0, 2, 1, 1}, {0x30, 6, 2, 1, 1, 2, 1, 0}, {0x30, 6, 2, 1, 1, 2, 1, 1, 0}} {
		if got, err := a.Sign(brokenSigner{nil, signature}, []byte("a.b")); err == nil {
			t.Errorf("% x became % x", signature, got)
		}
	}
}
