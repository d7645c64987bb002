package devserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// challengeMethod is the only one: "plain" protects from nobody who sees the
// authorization request (RFC 7636 §7.2, RFC 9700 §2.1.1).
const challengeMethod = "S256"

// challenge is a decoded S256 code_challenge (RFC 7636 §4.2).
type challenge [sha256.Size]byte

func parseChallenge(encoded string) (c challenge, ok bool) {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(decoded) != len(c) || strings.ContainsAny(encoded, "\r\n") {
		return c, false
	}
	return challenge(decoded), true
}

// matches reports whether this is the challenge of a code_verifier (RFC 7636
// §4.6), which has to keep to the grammar: shorter ones can be guessed.
func (c challenge) matches(verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return isVerifier(verifier) && subtle.ConstantTimeCompare(sum[:], c[:]) == 1
}

// isVerifier reports whether s is 43*128unreserved (RFC 7636 §4.1).
func isVerifier(s string) bool {
	return len(s) >= 43 && len(s) <= 128 && strings.IndexFunc(s, func(r rune) bool {
		letterOrDigit := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letterOrDigit && !strings.ContainsRune("-._~", r)
	}) < 0
}
