package validator_test

import (
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
)

func TestCompactForm(t *testing.T) {
	v := newValidator(t, nil)
	good := mint("ES256", "at+jwt", nil)
	parts := strings.Split(good, ".")
	header, payload, signature := parts[0], parts[1], parts[2]
	// A token of exactly that many bytes. A segment cannot have every length, so
	// the header gives way too.
	sized := func(size int) string {
		for inHeader := range 4 {
			for inPayload := size*3/4 - 600; ; inPayload++ {
				token := signRaw("EdDSA", "ed",
					object{"alg": "EdDSA", "kid": "ed", "pad": strings.Repeat("x", inHeader)}.json(),
					goodClaims().with(object{"pad": strings.Repeat("x", inPayload)}).json())
				if len(token) == size {
					return token
				}
				if len(token) > size {
					break
				}
			}
		}
		t.Fatalf("no token of %d bytes", size)
		return ""
	}
	// In base64url the last character of a segment can have bits that stand for
	// nothing; with those set the decoder of the standard library reads the same.
	spare := func(segment string) string {
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		last := strings.IndexByte(alphabet, segment[len(segment)-1])
		return segment[:len(segment)-1] + string(alphabet[last|1])
	}
	if len(signature)%4 == 0 {
		t.Fatal("the signature has no spare bits to test with")
	}

	malformed := validator.CodeTokenMalformed
	testRefusals(t, v, []refusal{
		{"good", good, 0},
		{"empty", "", malformed},
		{"no dots", header, malformed},
		{"only dots", "..", malformed},
		{"two segments", header + "." + payload, malformed},
		{"empty header", "." + payload + "." + signature, malformed},
		{"empty payload", header + ".." + signature, malformed},
		{"empty signature", header + "." + payload + ".", malformed},
		{"four segments", good + "." + signature, malformed},
		{"five segments, a JWE", good + "." + signature + "." + signature, malformed},
		{"leading dot", "." + good, malformed},
		{"trailing dot", good + ".", malformed},
		{"padding on the signature", good + "==", malformed},
		{"padding on the payload", header + "." + payload + "=." + signature, malformed},
		{"standard alphabet plus", header + "." + payload + "." + "+" + signature[1:], malformed},
		{"standard alphabet slash", header + "." + payload + "." + "/" + signature[1:], malformed},
		{"line feed in the signature", header + "." + payload + "." + signature[:10] + "\n" + signature[10:], malformed},
		{"carriage return in the payload", header + "." + payload[:10] + "\r" + payload[10:] + "." + signature, malformed},
		{"line feed at the end", good + "\n", malformed},
		{"space at the start", " " + good, malformed},
		{"space in a segment", header + "." + payload[:8] + " " + payload[8:] + "." + signature, malformed},
		{"NUL", good + "\x00", malformed},
		{"percent encoded dot", header + "%2E" + payload + "." + signature, malformed},
		{"full-width dot", header + "．" + payload + "." + signature, malformed},
		{"spare bits set in the signature", header + "." + payload + "." + spare(signature), malformed},
		{"segment of impossible length", header + "." + payload + "." + signature + "AAA", malformed},
		{"flattened JSON serialization", `{"protected":"` + header + `","payload":"` + payload + `","signature":"` + signature + `"}`, malformed},
		{"general JSON serialization", `{"payload":"` + payload + `","signatures":[{"protected":"` + header + `","signature":"` + signature + `"}]}`, malformed},
		{"largest", sized(16 << 10), 0},
		{"too large", sized(16<<10 + 1), validator.CodeTokenTooLarge},
		{"too large and all dots", strings.Repeat(".", 1<<20), validator.CodeTokenTooLarge},
	})
}

// What is verified is what was received: the same claims in another encoding
// are another token.
func TestReencodedPayload(t *testing.T) {
	v := newValidator(t, nil)
	claims := goodClaims().json()
	token := signRaw("ES256", "p256", `{"alg":"ES256","kid":"p256"}`, claims)
	parts := strings.Split(token, ".")
	spaced := parts[0] + "." + b64(strings.Replace(claims, ":", ": ", 1)) + "." + parts[2]
	testRefusals(t, v, []refusal{
		{"as signed", token, 0},
		{"with a space more", spaced, validator.CodeSignatureInvalid},
	})
}
