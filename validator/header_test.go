package validator_test

import (
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
)

func TestHeader(t *testing.T) {
	v := newValidator(t, nil)
	// with signs the good claims under a header written out.
	with := func(header string) string { return signRaw("ES256", "p256", header, goodClaims().json()) }
	const invalid, notAllowed = validator.CodeHeaderInvalid, validator.CodeAlgorithmNotAllowed
	pad := func(n int) string {
		const frame = `{"alg":"ES256","kid":"p256","pad":""}`
		return with(`{"alg":"ES256","kid":"p256","pad":"` + strings.Repeat("x", n-len(frame)) + `"}`)
	}
	testRefusals(t, v, []refusal{
		{"good", with(`{"alg":"ES256","kid":"p256"}`), 0},
		{"white space", with("{\t\"alg\" : \"ES256\",\r\n\"kid\":\"p256\" }\n"), 0},
		{"escaped names and values", with(`{"\u0061lg":"\u0045S256","kid":"p256"}`), 0},
		{"unknown members", with(`{"alg":"ES256","kid":"p256","x":{"y":[1,null]},"cty":"JWT"}`), 0},
		{"ignored key members", with(`{"alg":"ES256","kid":"p256","jwk":{"kty":"oct","k":"AA"},"jku":"https://evil.example","x5u":"https://evil.example","x5c":["x"],"x5t":"x","x5t#S256":"x"}`), 0},
		{"no alg", with(`{"kid":"p256"}`), invalid},
		{"alg null", with(`{"alg":null,"kid":"p256"}`), invalid},
		{"alg number", with(`{"alg":256,"kid":"p256"}`), invalid},
		{"alg array", with(`{"alg":["ES256"],"kid":"p256"}`), invalid},
		{"alg twice", with(`{"alg":"ES256","kid":"p256","alg":"ES256"}`), invalid},
		{"alg twice, once escaped", with(`{"alg":"ES256","kid":"p256","\u0061lg":"none"}`), invalid},
		{"ALG is not alg", with(`{"ALG":"ES256","kid":"p256"}`), invalid},
		{"alg empty", with(`{"alg":"","kid":"p256"}`), notAllowed},
		{"alg none", with(`{"alg":"none","kid":"p256"}`), notAllowed},
		{"alg None", with(`{"alg":"None","kid":"p256"}`), notAllowed},
		{"alg NONE", with(`{"alg":"NONE","kid":"p256"}`), notAllowed},
		{"alg nOnE", with(`{"alg":"nOnE","kid":"p256"}`), notAllowed},
		{"alg HS256", with(`{"alg":"HS256","kid":"p256"}`), notAllowed},
		{"alg HS384", with(`{"alg":"HS384","kid":"p256"}`), notAllowed},
		{"alg HS512", with(`{"alg":"HS512","kid":"p256"}`), notAllowed},
		{"alg in lower case", with(`{"alg":"es256","kid":"p256"}`), notAllowed},
		{"alg with a space", with(`{"alg":"ES256 ","kid":"p256"}`), notAllowed},
		{"alg ES256K", with(`{"alg":"ES256K","kid":"p256"}`), notAllowed},
		{"alg Ed448", with(`{"alg":"Ed448","kid":"p256"}`), notAllowed},
		{"alg RSA-OAEP", with(`{"alg":"RSA-OAEP","kid":"p256"}`), notAllowed},
		{"alg dir", with(`{"alg":"dir","kid":"p256"}`), notAllowed},
		{"crit", with(`{"alg":"ES256","kid":"p256","crit":["exp"],"exp":1}`), invalid},
		{"crit empty", with(`{"alg":"ES256","kid":"p256","crit":[]}`), invalid},
		{"crit null", with(`{"alg":"ES256","kid":"p256","crit":null}`), invalid},
		{"crit unknown", with(`{"alg":"ES256","kid":"p256","crit":["x"],"x":true}`), invalid},
		{"b64 false", with(`{"alg":"ES256","kid":"p256","b64":false,"crit":["b64"]}`), invalid},
		{"b64 true", with(`{"alg":"ES256","kid":"p256","b64":true}`), invalid},
		{"zip", with(`{"alg":"ES256","kid":"p256","zip":"DEF"}`), invalid},
		{"enc", with(`{"alg":"ES256","kid":"p256","enc":"A128GCM"}`), invalid},
		{"epk", with(`{"alg":"ES256","kid":"p256","epk":{}}`), invalid},
		{"p2c", with(`{"alg":"ES256","kid":"p256","p2c":2147483647}`), invalid},
		{"kid number", with(`{"alg":"ES256","kid":1}`), invalid},
		{"kid null", with(`{"alg":"ES256","kid":null}`), invalid},
		{"kid empty", with(`{"alg":"ES256","kid":""}`), invalid},
		{"typ number", with(`{"alg":"ES256","kid":"p256","typ":1}`), invalid},
		{"typ null", with(`{"alg":"ES256","kid":"p256","typ":null}`), invalid},
		{"array", with(`[{"alg":"ES256","kid":"p256"}]`), invalid},
		{"null", with(`null`), invalid},
		{"string", with(`"alg"`), invalid},
		{"two objects", with(`{"alg":"ES256","kid":"p256"}{}`), invalid},
		{"byte order mark", with("\ufeff" + `{"alg":"ES256","kid":"p256"}`), invalid},
		{"invalid UTF-8", with("{\"alg\":\"ES256\",\"kid\":\"p256\",\"x\":\"\xff\"}"), invalid},
		{"duplicate deep down", with(`{"alg":"ES256","kid":"p256","x":{"y":1,"y":2}}`), invalid},
		{"too deep", with(`{"alg":"ES256","kid":"p256","x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`), invalid},
		{"deepest", with(`{"alg":"ES256","kid":"p256","x":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`), 0},
		{"largest", pad(4 << 10), 0},
		{"too large", pad(4<<10 + 1), invalid},
	})
}

func TestAllowedAlgorithms(t *testing.T) {
	only := func(algs ...string) *validator.Validator {
		return newValidator(t, func(c *validator.Config) { c.Algorithms = algs })
	}
	testRefusals(t, only("RS256"), []refusal{
		{"listed", mint("RS256", "at+jwt", nil), 0},
		{"not listed, other hash", mint("RS384", "at+jwt", nil), validator.CodeAlgorithmNotAllowed},
		{"not listed, other padding", mint("PS256", "at+jwt", nil), validator.CodeAlgorithmNotAllowed},
		{"not listed, other key type", mint("ES256", "at+jwt", nil), validator.CodeAlgorithmNotAllowed},
	})
	testRefusals(t, only("EdDSA"), []refusal{
		{"listed by its first name", mint("EdDSA", "at+jwt", nil), 0},
		{"not listed by its second", mint("Ed25519", "at+jwt", nil), validator.CodeAlgorithmNotAllowed},
	})
}
