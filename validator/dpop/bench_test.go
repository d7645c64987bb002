package dpop_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"net/http/httptest"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

// BenchmarkVerify is one good proof, by algorithm; each is new.
func BenchmarkVerify(b *testing.B) {
	v := must(dpop.New(dpop.Config{Replay: must(dpop.NewReplayMemory(1<<22, nil))}))
	for algorithm, key := range map[string]crypto.Signer{
		"ES256": clientKey,
		"EdDSA": ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
		"PS256": must(rsa.GenerateKey(rand.Reader, 2048)),
	} {
		p := must(dpop.NewProver(key))
		b.Run(algorithm, func(b *testing.B) {
			credentials := make([]validator.Credential, b.N)
			for i := range credentials {
				r := httptest.NewRequest("POST", api, nil)
				r.Header.Set("DPoP", must(p.Proof(dpop.Request{Method: "POST", URL: api, AccessToken: token})))
				credentials[i] = validator.Credential{Scheme: "DPoP", Token: token, Info: request{r}}
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range credentials {
				if err := v.Verify(b.Context(), credentials[i], p.Thumbprint()); err != nil {
					b.Fatal(err, err.(*validator.Error).Unwrap())
				}
			}
		})
	}
}

// BenchmarkReplayMemory is one proof remembered, by any number of goroutines.
func BenchmarkReplayMemory(b *testing.B) {
	m := must(dpop.NewReplayMemory(1<<24, nil))
	until := start.AddDate(10, 0, 0)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if fresh, err := m.Use(b.Context(), randomKey(), until); !fresh || err != nil {
				b.Fatal(fresh, err)
			}
		}
	})
}
