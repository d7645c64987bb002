package validator_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

// What jwx/v2 accepts and this package must not. Each test first shows that jwx
// does accept it, so that none of them goes stale unnoticed; the ones about keys
// and key sets are in package jwks.
func TestWhatJWXAccepts(t *testing.T) {
	v := newValidator(t, nil)
	rsaKey := signers()["rsa"].(*rsa.PrivateKey)
	parse := func(token string, alg jwa.SignatureAlgorithm) (jwt.Token, error) {
		return jwt.Parse([]byte(token), jwt.WithKey(alg, rsaKey.Public()), jwt.WithClock(jwt.ClockFunc(newClock(epoch))))
	}
	rs256 := func(header string, changes object) string {
		return signRaw("RS256", "rsa", header, goodClaims().with(changes).json())
	}
	const header = `{"alg":"RS256","kid":"rsa"}`
	parts := strings.Split(rs256(header, nil), ".")
	flattened := `"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"`
	badSalt := signedBy(`{"alg":"PS256","kid":"rsa"}`, func(m []byte) []byte {
		digest := sha256.Sum256(m)
		return must(rsa.SignPSS(rand.Reader, rsaKey, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: 0}))
	})
	tests := []struct {
		name  string
		token string
		alg   jwa.SignatureAlgorithm
		want  validator.Code
	}{
		{"JSON serialization", "{" + flattened + "}", jwa.RS256, validator.CodeTokenMalformed},
		{"claims that the signature does not cover", `{` + flattened + `,"sub":"admin","iss":"x","aud":"y","exp":9999999999}`, jwa.RS256, validator.CodeTokenMalformed},
		{"white space around", " " + strings.Join(parts, ".") + "\n", jwa.RS256, validator.CodeTokenMalformed},
		{"alg of the header is not the one used", rs256(`{"alg":"PS256","kid":"rsa"}`, nil), jwa.RS256, validator.CodeSignatureInvalid},
		{"alg none in the header", rs256(`{"alg":"none","kid":"rsa"}`, nil), jwa.RS256, validator.CodeAlgorithmNotAllowed},
		{"crit that nobody understands", rs256(`{"alg":"RS256","kid":"rsa","crit":["x"],"x":1}`, nil), jwa.RS256, validator.CodeHeaderInvalid},
		{"exp 0", rs256(header, object{"exp": 0}), jwa.RS256, validator.CodeClaimInvalid},
		{"no exp", rs256(header, object{"exp": nil}), jwa.RS256, validator.CodeClaimMissing},
		{"exp as a string", rs256(header, object{"exp": "9999999999"}), jwa.RS256, validator.CodeClaimInvalid},
		{"PSS without salt", badSalt, jwa.PS256, validator.CodeSignatureInvalid},
		{"duplicate claim", signRaw("RS256", "rsa", header, strings.Replace(goodClaims().json(), "{", `{"sub":"admin",`, 1)), jwa.RS256, validator.CodeClaimInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tok, err := parse(tt.token, tt.alg)
			if err != nil {
				t.Errorf("jwx refuses it by now: %v", err)
			} else if strings.Contains(tt.name, "does not cover") && tok.Subject() != "admin" {
				t.Errorf("jwx reads the signed subject %q by now", tok.Subject())
			}
			if got := codeOf(t, v, tt.token); got != tt.want {
				t.Errorf("code %v, want %v", got, tt.want)
			}
		})
	}
}
