package validatortest

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/bearerguard/bearerguard/validator"
)

// A HostileToken is a token that an API must refuse.
type HostileToken struct {
	// Name says what is wrong with it, in a few words.
	Name string
	// Token is the token.
	Token string
	// Want is the code that refuses it, if the validator is one with the
	// defaults and has the issuer's keys. Whatever the configuration, its
	// status is 401 then.
	Want validator.Code
}

// Hostile returns tokens with the given claims that are each wrong in one way:
// forged, of another kind, for another party, out of date or malformed. But for
// that they are as good as claims can make them, so an API that forgets one check
// lets one of them in. Names are distinct.
//
// The claims should be those that the API wants: otherwise it may refuse a token
// for the wrong reason.
func (is *Issuer) Hostile(c Claims) []HostileToken {
	h := hostile{is, is.SigningKey(), c}
	return []HostileToken{
		// Forged.
		{"wrong key", h.signedBy(NewKey(h.key.id, h.key.algorithm), c), validator.CodeSignatureInvalid},
		{"unknown kid", h.mint(c.Header("kid", "no-such-key")), validator.CodeKeyUnknown},
		{"keys from a redirect", h.signedBy(is.stranger, c), validator.CodeKeyUnknown},
		{"key in the header", h.embedded(), validator.CodeSignatureInvalid},
		{"key behind a URL in the header", h.signedBy(is.stranger, c.Header("jku", is.url+elsewherePath)), validator.CodeKeyUnknown},
		{"alg swapped", h.mint(c.Header("alg", h.otherAlgorithm())), validator.CodeKeyUnknown},
		{"alg none", h.mint(c.Header("alg", "none")), validator.CodeAlgorithmNotAllowed},
		{"alg none in capitals", h.mint(c.Header("alg", "NONE")), validator.CodeAlgorithmNotAllowed},
		{"alg none without a signature", h.stripped(c.Header("alg", "none")), validator.CodeTokenMalformed},
		{"no signature", h.stripped(c), validator.CodeTokenMalformed},
		{"HMAC with the public key", h.hmac(), validator.CodeAlgorithmNotAllowed},
		{"signature of zeros", h.zeroSignature(), validator.CodeSignatureInvalid},
		{"tampered payload", h.grafted(1, c.With("tampered", rand.Text())), validator.CodeSignatureInvalid},
		{"tampered header", h.grafted(0, c.Header("tampered", rand.Text())), validator.CodeSignatureInvalid},

		// Another kind of token.
		{"ID token", h.mint(c.Header("typ", "JWT").With("nonce", "n-0S6_WzA2Mj")), validator.CodeTokenKindNotAllowed},
		{"refresh token", h.mint(c.Header("typ", "JWT").With("typ", "Refresh")), validator.CodeTokenKindNotAllowed},
		{"logout token", h.mint(c.Header("typ", "logout+jwt")), validator.CodeTokenKindNotAllowed},
		{"bound token", h.mint(c.With("cnf", map[string]string{"jkt": base64url(make([]byte, sha256.Size))})), validator.CodeBindingFailed},

		// For or from another party.
		{"wrong audience", h.mint(c.Audience("https://other.example.com")), validator.CodeAudienceNotAllowed},
		{"no audience", h.mint(c.With("aud", nil)), validator.CodeClaimMissing},
		{"wrong issuer", h.mint(c.With("iss", "https://other.example.com")), validator.CodeIssuerNotAllowed},
		{"issuer with a slash", h.mint(c.With("iss", is.url+"/")), validator.CodeIssuerNotAllowed},

		// Out of date.
		{"expired", h.mint(c.IssuedIn(-lifetime).ExpiresIn(-validator.MaxLeeway)), validator.CodeTokenExpired},
		{"not yet valid", h.mint(c.NotBeforeIn(2 * validator.MaxLeeway)), validator.CodeTokenNotYetValid},
		{"issued in the future", h.mint(c.IssuedIn(2 * validator.MaxLeeway)), validator.CodeTokenNotYetValid},
		{"no expiry", h.mint(c.With("exp", nil)), validator.CodeClaimMissing},
		{"expiry zero", h.mint(c.With("exp", 0)), validator.CodeClaimInvalid},
		{"expiry in quotes", h.mint(c.With("exp", "4102444800")), validator.CodeClaimInvalid},

		// Malformed.
		{"crit", h.mint(c.Header("crit", []string{"exp"})), validator.CodeHeaderInvalid},
		{"unencoded payload", h.mint(c.Header("b64", false)), validator.CodeHeaderInvalid},
		{"compressed payload", h.mint(c.Header("zip", "DEF")), validator.CodeHeaderInvalid},
		{"claim twice", h.twice(), validator.CodeClaimInvalid},
		{"data after the claims", h.rewritten(func(payload []byte) []byte { return append(payload, "{}"...) }), validator.CodeClaimInvalid},
		{"padded base64", h.mint(c) + "=", validator.CodeTokenMalformed},
		{"five parts", h.mint(c) + ".AAAA.AAAA", validator.CodeTokenMalformed},
		{"oversized", h.mint(c.With("filler", strings.Repeat("x", 32<<10))), validator.CodeTokenTooLarge},
	}
}

// hostile makes tokens that nobody should.
type hostile struct {
	is  *Issuer
	key *Key
	c   Claims
}

func (h hostile) mint(c Claims) string { return h.signedBy(h.key, c) }

func (h hostile) encode(k *Key, c Claims) (header, payload []byte) {
	header, payload, err := c.draft(h.is.url, h.is.audience, k, h.is.clock.Now()).encode()
	if err != nil {
		h.is.fatal(err)
	}
	return header, payload
}

// signedBy signs with another key and names it.
func (h hostile) signedBy(k *Key, c Claims) string {
	header, payload := h.encode(k, c)
	return k.sign(header, payload)
}

// embedded brings its own key (RFC 7515 §4.1.3).
func (h hostile) embedded() string {
	own := NewKey(h.key.id, h.key.algorithm)
	return h.signedBy(own, h.c.Header("jwk", own.jwk()))
}

// otherAlgorithm is one for another type of key.
func (h hostile) otherAlgorithm() string {
	if strings.HasPrefix(h.key.algorithm, "ES") {
		return "RS256"
	}
	return "ES256"
}

func (h hostile) stripped(c Claims) string {
	token := h.mint(c)
	return token[:strings.LastIndexByte(token, '.')+1]
}

// hmac takes the public key, as it is commonly written down, for a secret.
func (h hostile) hmac() string {
	der, err := x509.MarshalPKIXPublicKey(h.key.Public())
	if err != nil {
		panic(err)
	}
	header, payload := h.encode(h.key, h.c.Header("alg", "HS256"))
	input := base64url(header) + "." + base64url(payload)
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mac.Write([]byte(input))
	return input + "." + base64url(mac.Sum(nil))
}

// zeroSignature is a signature that a careless ECDSA verification accepts for
// everything.
func (h hostile) zeroSignature() string {
	size := len(h.key.signature(nil))
	return h.stripped(h.c) + base64url(make([]byte, size))
}

// grafted has one part of a token with other claims and the rest, with its
// signature, of the one that was granted.
func (h hostile) grafted(part int, c Claims) string {
	parts := strings.Split(h.mint(h.c), ".")
	parts[part] = strings.Split(h.mint(c), ".")[part]
	return strings.Join(parts, ".")
}

func (h hostile) rewritten(rewrite func(payload []byte) []byte) string {
	header, payload := h.encode(h.key, h.c)
	return h.key.sign(header, rewrite(payload))
}

// twice has a claim twice: which one counts is a matter of the parser.
func (h hostile) twice() string {
	return h.rewritten(func(payload []byte) []byte {
		return append([]byte(`{"sub":"admin",`), bytes.TrimPrefix(payload, []byte("{"))...)
	})
}
