package dpop_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

func curve(c elliptic.Curve) crypto.Signer { return must(ecdsa.GenerateKey(c, rand.Reader)) }

func TestProver(t *testing.T) {
	v := newVerifier(t, func(c *dpop.Config) { c.Algorithms = validator.AlgorithmNames() })
	for algorithm, key := range map[string]crypto.Signer{
		"ES256": curve(elliptic.P256()),
		"ES384": curve(elliptic.P384()),
		"ES512": curve(elliptic.P521()),
		"EdDSA": ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
		"PS256": must(rsa.GenerateKey(rand.Reader, 2048)),
	} {
		t.Run(algorithm, func(t *testing.T) {
			p, err := dpop.NewProver(key)
			if err != nil {
				t.Fatal(err)
			}
			if p.Algorithm() != algorithm || p.Thumbprint() != thumbprint(key.Public()) {
				t.Errorf("%s %s", p.Algorithm(), p.Thumbprint())
			}
			for range 20 { // numbers in signatures can be short
				proof, err := p.Proof(dpop.Request{Method: "POST", URL: api + "#x", AccessToken: token, IssuedAt: start})
				if err != nil {
					t.Fatal(err)
				}
				r := httptest.NewRequest("POST", api, nil)
				r.Header.Set("DPoP", proof)
				credential := validator.Credential{Scheme: "DPoP", Token: token, Info: request{r}}
				if err := v.Verify(t.Context(), credential, p.Thumbprint()); err != nil {
					t.Fatal(err, err.(*validator.Error).Unwrap())
				}
			}
			// Each bit of the signature matters.
			proof := must(p.Proof(dpop.Request{Method: "POST", URL: api, AccessToken: token, IssuedAt: start}))
			r := httptest.NewRequest("POST", api, nil)
			dot := strings.LastIndexByte(proof, '.')
			middle := dot + (len(proof)-dot)/2
			flipped := byte('A')
			if proof[middle] == 'A' {
				flipped = 'B'
			}
			r.Header.Set("DPoP", proof[:middle]+string(flipped)+proof[middle+1:])
			credential := validator.Credential{Scheme: "DPoP", Token: token, Info: request{r}}
			refused(t, v.Verify(t.Context(), credential, p.Thumbprint()), validator.CodeDPoPProofInvalid, "signature")
		})
	}
}

// odd is a key that does not do what it should.
type odd struct {
	crypto.Signer
	signature []byte
	err       error
}

func (o odd) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return o.signature, o.err }

func TestProverRefuses(t *testing.T) {
	for name, key := range map[string]crypto.Signer{
		"nil":         nil,
		"nil pointer": (*ecdsa.PrivateKey)(nil),
		"curve":       curve(elliptic.P224()),
		"short":       shortRSA(t),
	} {
		if p, err := dpop.NewProver(key); p != nil || problems(err) != "key" {
			t.Errorf("%s: %v %v", name, p, err)
		}
	}
	p := must(dpop.NewProver(clientKey))
	for _, r := range []dpop.Request{
		{URL: api},
		{Method: "GET"},
		{Method: "GET", URL: "/orders"},
		{Method: "GET", URL: "https://u:secret@api.example.com/"},
		{Method: "GET", URL: "https://api.example.com/%zz"},
		{Method: "GET", URL: api, Nonce: "\xff"},
	} {
		if proof, err := p.Proof(r); proof != "" || err == nil || strings.Contains(err.Error(), "api.example.com") {
			t.Errorf("%q %v", proof, err)
		}
	}
	locked := errors.New("the key is locked")
	for _, key := range []odd{
		{clientKey, nil, locked},
		{clientKey, make([]byte, 64), nil},
		{clientKey, []byte{0x30, 6, 2, 1, 0, 2, 1, 1}, nil},
		{clientKey, append([]byte{0x30, 40, 2, 1, 1, 2, 35, 1}, make([]byte, 34)...), nil},
		{clientKey, append(append([]byte{0x30, 40, 2, 35, 1}, make([]byte, 34)...), 2, 1, 1), nil},
	} {
		p := must(dpop.NewProver(key))
		if proof, err := p.Proof(dpop.Request{Method: "GET", URL: api}); proof != "" || err == nil || key.err != nil && !errors.Is(err, locked) {
			t.Errorf("%q %v", proof, err)
		}
	}
}

func shortRSA(t *testing.T) crypto.Signer {
	t.Setenv("GODEBUG", "rsa1024min=0")
	return must(rsa.GenerateKey(rand.Reader, 1024))
}

// A proof is made for now, and only once for one request.
func TestProofIsNew(t *testing.T) {
	v := must(dpop.New(dpop.Config{}))
	p := must(dpop.NewProver(clientKey))
	for range 3 {
		r := httptest.NewRequest("POST", api, nil)
		r.Header.Set("DPoP", must(p.Proof(dpop.Request{Method: "POST", URL: api})))
		if got, err := v.Proof(t.Context(), request{r}, nil); err != nil || got != jkt {
			t.Fatalf("%q %v", got, err)
		}
	}
}
