package validator_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
)

// BenchmarkNewToken compares a whole validation with the bare signature check of
// the standard library, its floor.
func BenchmarkNewToken(b *testing.B) {
	v := newValidator(b, func(c *validator.Config) { c.Cache.Off = true })
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		token := mint(alg, "at+jwt", object{"nbf": epoch.Unix(), "tenant": "acme", "roles": []string{"a", "b"}, "auth_time": epoch.Unix()})
		credential := bearerToken(token)
		b.Run(alg+"/Validate", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Validate(context.Background(), credential); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(alg+"/signature", func(b *testing.B) {
			verify := bareVerify(b, alg, token)
			b.ReportAllocs()
			for b.Loop() {
				if !verify() {
					b.Fatal("bad signature")
				}
			}
		})
	}
}

// BenchmarkKnownToken compares a validation that the cache answers with the hash
// that it cannot do without.
func BenchmarkKnownToken(b *testing.B) {
	v := newValidator(b, nil)
	credential := bearerToken(mint("RS256", "at+jwt", object{"nbf": epoch.Unix(), "tenant": "acme", "roles": []string{"a", "b"}}))
	validate := func(b *testing.B) {
		if _, err := v.Validate(context.Background(), credential); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("Validate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			validate(b)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				validate(b)
			}
		})
	})
	b.Run("SHA-256", func(b *testing.B) {
		token := []byte(credential.Token)
		for b.Loop() {
			_ = sha256.Sum256(token)
		}
	})
}

// bareVerify returns the signature check alone, with everything decoded.
func bareVerify(b *testing.B, alg, token string) func() bool {
	dot := strings.LastIndexByte(token, '.')
	signed, signature := []byte(token[:dot]), must(base64.RawURLEncoding.DecodeString(token[dot+1:]))
	digest := func() []byte {
		h := crypto.SHA256.New()
		h.Write(signed)
		return h.Sum(nil)
	}
	public := signers()[keyFor(alg)].Public()
	switch alg {
	case "RS256":
		return func() bool {
			return rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), crypto.SHA256, digest(), signature) == nil
		}
	case "PS256":
		return func() bool {
			return rsa.VerifyPSS(public.(*rsa.PublicKey), crypto.SHA256, digest(), signature, nil) == nil
		}
	case "ES256":
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return func() bool { return ecdsa.Verify(public.(*ecdsa.PublicKey), digest(), r, s) }
	case "EdDSA":
		return func() bool { return ed25519.Verify(public.(ed25519.PublicKey), signed, signature) }
	}
	b.Fatalf("no bare check for %s", alg)
	return nil
}

// BenchmarkRefused is what bad tokens cost.
func BenchmarkRefused(b *testing.B) {
	v := newValidator(b, nil)
	for name, token := range map[string]string{
		"garbage":        "garbage",
		"64KiB":          strings.Repeat("x", 64<<10),
		"expired":        mint("RS256", "at+jwt", object{"exp": 1}),
		"wrong audience": mint("RS256", "at+jwt", object{"aud": "x"}),
		"unknown kid":    signRaw("RS256", "rsa", `{"alg":"RS256","kid":"x"}`, goodClaims().json()),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Validate(context.Background(), bearerToken(token)); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
