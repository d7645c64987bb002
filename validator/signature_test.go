package validator_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
)

func TestEveryAlgorithm(t *testing.T) {
	v := newValidator(t, nil)
	for _, alg := range validator.AlgorithmNames() {
		t.Run(alg, func(t *testing.T) {
			token := mint(alg, "at+jwt", nil)
			if got := codeOf(t, v, token); got != 0 {
				t.Fatalf("the good token: %v", got)
			}
			// Each byte of what is signed and of the signature matters.
			lastDot := strings.LastIndexByte(token, '.')
			sig := must(base64.RawURLEncoding.DecodeString(token[lastDot+1:]))
			for i := range sig {
				bad := slices.Clone(sig)
				bad[i] ^= 1
				if got := codeOf(t, v, token[:lastDot+1]+b64(string(bad))); got != validator.CodeSignatureInvalid {
					t.Errorf("signature byte %d: %v", i, got)
				}
			}
			tampered := signRaw(alg, keyFor(alg), object{"alg": alg, "kid": keyFor(alg)}.json(), goodClaims().with(object{"scope": "admin"}).json())
			parts, other := strings.Split(token, "."), strings.Split(tampered, ".")
			for name, forged := range map[string]string{
				"payload of another":   parts[0] + "." + other[1] + "." + parts[2],
				"header of another":    other[0] + "." + parts[1] + "." + parts[2],
				"signature of another": parts[0] + "." + parts[1] + "." + other[2],
				"signature cut short":  token[:lastDot+1] + b64(string(sig[:len(sig)-1])),
				"signature with more":  token[:lastDot+1] + b64(string(sig)+"\x00"),
				"zero signature":       token[:lastDot+1] + b64(string(make([]byte, len(sig)))),
				"one byte":             token[:lastDot+1] + b64("\x01"),
			} {
				if got := codeOf(t, v, forged); got != validator.CodeSignatureInvalid {
					t.Errorf("%s: %v", name, got)
				}
			}
		})
	}
}

// signedBy makes a token with good claims under a header, with whatever sign
// returns as its signature.
func signedBy(header string, sign func(message []byte) []byte) string {
	signed := b64(header) + "." + b64(goodClaims().json())
	return signed + "." + b64(string(sign([]byte(signed))))
}

func TestForgedSignatures(t *testing.T) {
	v := newValidator(t, nil)
	rsaKey := signers()["rsa"].(*rsa.PrivateKey)
	ecKey := signers()["p256"].(*ecdsa.PrivateKey)
	digest := func(m []byte) []byte { d := sha256.Sum256(m); return d[:] }
	ecdsaWith := func(encode func(r, s *big.Int) []byte) func([]byte) []byte {
		return func(m []byte) []byte {
			r, s, err := ecdsa.Sign(rand.Reader, ecKey, digest(m))
			if err != nil {
				t.Fatal(err)
			}
			return encode(r, s)
		}
	}
	order := ecKey.Params().N
	pss := func(salt int) func([]byte) []byte {
		return func(m []byte) []byte {
			return must(rsa.SignPSS(rand.Reader, rsaKey, crypto.SHA256, digest(m), &rsa.PSSOptions{SaltLength: salt}))
		}
	}
	hs256 := func(key []byte) func([]byte) []byte {
		return func(m []byte) []byte {
			h := hmac.New(sha256.New, key)
			h.Write(m)
			return h.Sum(nil)
		}
	}
	publicDER := must(x509.MarshalPKIXPublicKey(rsaKey.Public()))
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})
	const invalid, unknown = validator.CodeSignatureInvalid, validator.CodeKeyUnknown
	testRefusals(t, v, []refusal{
		{"ECDSA raw", signedBy(`{"alg":"ES256","kid":"p256"}`, ecdsaWith(func(r, s *big.Int) []byte { return rawECDSA(r, s, 32) })), 0},
		{"ECDSA in ASN.1", signedBy(`{"alg":"ES256","kid":"p256"}`, ecdsaWith(func(r, s *big.Int) []byte {
			return must(asn1.Marshal(struct{ R, S *big.Int }{r, s}))
		})), invalid},
		{"ECDSA r and s too wide", signedBy(`{"alg":"ES256","kid":"p256"}`, ecdsaWith(func(r, s *big.Int) []byte { return rawECDSA(r, s, 33) })), invalid},
		{"ECDSA r plus the order", signedBy(`{"alg":"ES256","kid":"p256"}`, ecdsaWith(func(r, s *big.Int) []byte {
			return rawECDSA(new(big.Int).Add(r, order), s, 33)
		})), invalid},
		{"ECDSA r and s the order", signedBy(`{"alg":"ES256","kid":"p256"}`, func([]byte) []byte { return rawECDSA(order, order, 32) }), invalid},
		{"ECDSA r 1 and s 1", signedBy(`{"alg":"ES256","kid":"p256"}`, func([]byte) []byte { return rawECDSA(big.NewInt(1), big.NewInt(1), 32) }), invalid},
		{"PSS salt as long as the hash", signedBy(`{"alg":"PS256","kid":"rsa"}`, pss(32)), 0},
		{"PSS without salt", signedBy(`{"alg":"PS256","kid":"rsa"}`, pss(0)), invalid},
		{"PSS with a shorter salt", signedBy(`{"alg":"PS256","kid":"rsa"}`, pss(20)), invalid},
		{"PSS with the longest salt", signedBy(`{"alg":"PS256","kid":"rsa"}`, pss(rsa.PSSSaltLengthAuto)), invalid},
		{"PSS signature called PKCS1", signedBy(`{"alg":"RS256","kid":"rsa"}`, pss(32)), invalid},
		{"other hash", signedBy(`{"alg":"RS384","kid":"rsa"}`, func(m []byte) []byte { return signBytes("RS256", rsaKey, m) }), invalid},
		{"signed by a stranger", signedBy(`{"alg":"RS256","kid":"rsa"}`, func(m []byte) []byte { return signBytes("RS256", signers()["stranger"], m) }), invalid},
		{"HMAC keyed with the public DER", signedBy(`{"alg":"HS256","kid":"rsa"}`, hs256(publicDER)), validator.CodeAlgorithmNotAllowed},
		{"HMAC keyed with the public PEM", signedBy(`{"alg":"HS256","kid":"rsa"}`, hs256(publicPEM)), validator.CodeAlgorithmNotAllowed},
		{"HMAC called RS256", signedBy(`{"alg":"RS256","kid":"rsa"}`, hs256(publicPEM)), invalid},
		{"algorithm of another key type", signedBy(`{"alg":"ES256","kid":"rsa"}`, func(m []byte) []byte { return signBytes("ES256", ecKey, m) }), unknown},
		{"algorithm of another curve", signedBy(`{"alg":"ES256","kid":"p384"}`, func(m []byte) []byte { return signBytes("ES256", ecKey, m) }), unknown},
		{"key of another algorithm", signedBy(`{"alg":"RS256","kid":"ed"}`, func(m []byte) []byte { return ed25519.Sign(signers()["ed"].(ed25519.PrivateKey), m) }), unknown},
		{"key in the header", signedBy(`{"alg":"RS256","kid":"x","jwk":`+strangerJWK(t)+`}`, func(m []byte) []byte { return signBytes("RS256", signers()["stranger"], m) }), unknown},
		{"key in the header, known kid", signedBy(`{"alg":"RS256","kid":"rsa","jwk":`+strangerJWK(t)+`}`, func(m []byte) []byte { return signBytes("RS256", signers()["stranger"], m) }), invalid},
	})
}

func strangerJWK(t *testing.T) string {
	public := signers()["stranger"].Public().(*rsa.PublicKey)
	return object{"kty": "RSA", "n": b64(string(public.N.Bytes())), "e": "AQAB"}.json()
}

func TestKeyChoice(t *testing.T) {
	key := func(id, alg, signer string) *jwks.Key { return must(jwks.NewKey(id, alg, signers()[signer].Public())) }
	with := func(keys ...*jwks.Key) *validator.Validator {
		return newValidator(t, func(c *validator.Config) { c.Keys = jwks.Static(must(jwks.NewSet(keys...))) })
	}
	token := func(alg, kid, signer string) string {
		header := object{"alg": alg, "kid": kid}
		if kid == "" {
			delete(header, "kid")
		}
		return signRaw(alg, signer, header.json(), goodClaims().json())
	}
	const unknown, invalid = validator.CodeKeyUnknown, validator.CodeSignatureInvalid
	t.Run("kid-less", func(t *testing.T) {
		testRefusals(t, with(key("a", "", "rsa"), key("b", "", "p256")), []refusal{
			{"one key fits", token("RS256", "", "rsa"), 0},
			{"no key fits", token("ES384", "", "p384"), unknown},
		})
		testRefusals(t, with(key("a", "", "rsa"), key("b", "", "stranger")), []refusal{
			{"two keys fit", token("RS256", "", "rsa"), unknown},
		})
		testRefusals(t, with(key("a", "RS256", "rsa"), key("b", "PS256", "stranger")), []refusal{
			{"alg tells them apart", token("RS256", "", "rsa"), 0},
			{"and binds them", token("PS256", "", "rsa"), invalid},
		})
	})
	t.Run("alg of the key", func(t *testing.T) {
		testRefusals(t, with(key("a", "RS256", "rsa")), []refusal{
			{"its own", token("RS256", "a", "rsa"), 0},
			{"another of its type", token("PS256", "a", "rsa"), unknown},
			{"another hash", token("RS512", "a", "rsa"), unknown},
		})
	})
	t.Run("one kid for two keys", func(t *testing.T) {
		testRefusals(t, with(key("a", "", "rsa"), key("a", "", "stranger"), key("a", "", "p256")), []refusal{
			{"the first", token("RS256", "a", "rsa"), 0},
			{"the second", token("RS256", "a", "stranger"), 0},
			{"of another type", token("ES256", "a", "p256"), 0},
		})
	})
	t.Run("kid is compared exactly", func(t *testing.T) {
		testRefusals(t, with(key("Key", "", "rsa")), []refusal{
			{"as it is", token("RS256", "Key", "rsa"), 0},
			{"other case", token("RS256", "key", "rsa"), unknown},
			{"path traversal", token("RS256", "../Key", "rsa"), unknown},
			{"NUL", token("RS256", "Key\x00", "rsa"), unknown},
		})
	})
}
