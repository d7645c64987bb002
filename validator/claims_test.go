package validator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
)

func TestClaimsObject(t *testing.T) {
	v := newValidator(t, nil)
	with := func(payload string) string { return signRaw("ES256", "p256", `{"alg":"ES256","kid":"p256"}`, payload) }
	good := goodClaims().json()
	inside := good[1 : len(good)-1]
	nested := func(depth int) string {
		return mint("ES256", "", object{"x": raw(strings.Repeat("[", depth) + strings.Repeat("]", depth))})
	}
	const invalid = validator.CodeClaimInvalid
	testRefusals(t, v, []refusal{
		{"good", with(good), 0},
		{"white space", with(" \n" + good + "\t"), 0},
		{"unknown null", mint("ES256", "", object{"middle_name": raw("null")}), 0},
		{"empty object", with(`{}`), validator.CodeClaimMissing},
		{"array", with("[" + good + "]"), invalid},
		{"null", with("null"), invalid},
		{"string", with(`"x"`), invalid},
		{"number", with(`1`), invalid},
		{"not JSON", with(`x`), invalid},
		{"trailing object", with(good + "{}"), invalid},
		{"trailing NUL", with(good + "\x00"), invalid},
		{"byte order mark", with("\ufeff" + good), invalid},
		{"invalid UTF-8", with("{" + inside + ",\"x\":\"\xc3\"}"), invalid},
		{"lone surrogate", with("{" + inside + `,"x":"\udfff"}`), invalid},
		{"duplicate iss", with("{" + inside + `,"iss":"` + issuerURL + `"}`), invalid},
		{"duplicate by escape", with("{" + inside + `,"\u0065xp":9999999999}`), invalid},
		{"duplicate unknown", with("{" + inside + `,"x":1,"x":1}`), invalid},
		{"duplicate deep down", with("{" + inside + `,"x":[{"a":1,"a":1}]}`), invalid},
		{"deepest", nested(15), 0},
		{"too deep", nested(16), invalid},
		{"case matters for iss", mint("ES256", "", object{"iss": nil, "ISS": issuerURL}), validator.CodeClaimMissing},
		{"case matters for exp", mint("ES256", "", object{"exp": nil, "Exp": int64(9999999999)}), validator.CodeClaimMissing},
		{"case matters for aud", mint("ES256", "", object{"aud": nil, "Aud": apiURL}), validator.CodeClaimMissing},
	})
}

func TestIssuer(t *testing.T) {
	v := newValidator(t, nil)
	const invalid, other = validator.CodeClaimInvalid, validator.CodeIssuerNotAllowed
	testRefusals(t, v, []refusal{
		{"exact", mint("ES256", "", nil), 0},
		{"missing", mint("ES256", "", object{"iss": nil}), validator.CodeClaimMissing},
		{"trailing slash", mint("ES256", "", object{"iss": issuerURL + "/"}), other},
		{"other case", mint("ES256", "", object{"iss": strings.ToUpper(issuerURL)}), other},
		{"prefix", mint("ES256", "", object{"iss": issuerURL + ".evil.example"}), other},
		{"port", mint("ES256", "", object{"iss": issuerURL + ":443"}), other},
		{"space", mint("ES256", "", object{"iss": issuerURL + " "}), other},
		{"array", mint("ES256", "", object{"iss": []string{issuerURL}}), invalid},
		{"null", mint("ES256", "", object{"iss": raw("null")}), invalid},
		{"number", mint("ES256", "", object{"iss": 1}), invalid},
	})
}

func TestAudience(t *testing.T) {
	v := newValidator(t, func(c *validator.Config) { c.Audiences = []string{apiURL, "orders"} })
	const invalid, other = validator.CodeClaimInvalid, validator.CodeAudienceNotAllowed
	testRefusals(t, v, []refusal{
		{"string", mint("ES256", "", nil), 0},
		{"second configured", mint("ES256", "", object{"aud": "orders"}), 0},
		{"array", mint("ES256", "", object{"aud": []string{"x", "orders"}}), 0},
		{"array of one", mint("ES256", "", object{"aud": []string{apiURL}}), 0},
		{"other", mint("ES256", "", object{"aud": "x"}), other},
		{"others", mint("ES256", "", object{"aud": []string{"x", "y"}}), other},
		{"empty", mint("ES256", "", object{"aud": ""}), other},
		{"empty array", mint("ES256", "", object{"aud": []string{}}), other},
		{"prefix", mint("ES256", "", object{"aud": apiURL + "/"}), other},
		{"other case", mint("ES256", "", object{"aud": "Orders"}), other},
		{"both in one string", mint("ES256", "", object{"aud": apiURL + " orders"}), other},
		{"missing", mint("ES256", "", object{"aud": nil}), validator.CodeClaimMissing},
		{"null", mint("ES256", "", object{"aud": raw("null")}), invalid},
		{"number", mint("ES256", "", object{"aud": 1}), invalid},
		{"object", mint("ES256", "", object{"aud": object{"0": apiURL}}), invalid},
		{"array with a number", mint("ES256", "", object{"aud": []any{apiURL, 1}}), invalid},
		{"array with a null", mint("ES256", "", object{"aud": []any{apiURL, nil}}), invalid},
		{"array in an array", mint("ES256", "", object{"aud": []any{[]string{apiURL}}}), invalid},
	})
}

func TestAllowedClients(t *testing.T) {
	cognito := newValidator(t, func(c *validator.Config) {
		c.Audiences, c.DangerouslySkipAudience, c.AllowedClients = nil, true, []string{"billing", "cron"}
	})
	testRefusals(t, cognito, []refusal{
		{"no audience", mint("ES256", "", object{"aud": nil, "token_use": "access"}), 0},
		{"any audience", mint("ES256", "", object{"aud": "x"}), 0},
		{"audience of the wrong type", mint("ES256", "", object{"aud": 1}), validator.CodeClaimInvalid},
		{"other client on the list", mint("ES256", "", object{"client_id": "cron"}), 0},
		{"client not on the list", mint("ES256", "", object{"client_id": "other"}), validator.CodeClientNotAllowed},
		{"no client", mint("ES256", "", object{"client_id": nil}), validator.CodeClientNotAllowed},
	})
	both := newValidator(t, func(c *validator.Config) { c.AllowedClients = []string{"billing"} })
	testRefusals(t, both, []refusal{
		{"client and audience", mint("ES256", "", nil), 0},
		{"client without the audience", mint("ES256", "", object{"aud": "x"}), validator.CodeAudienceNotAllowed},
		{"audience without the client", mint("ES256", "", object{"client_id": "x"}), validator.CodeClientNotAllowed},
	})
}

func TestTimes(t *testing.T) {
	clock := &testClock{now: epoch}
	v := newValidator(t, func(c *validator.Config) { c.Clock, c.Leeway = clock, 10*time.Second })
	now := epoch.Unix()
	const (
		expired, early = validator.CodeTokenExpired, validator.CodeTokenNotYetValid
		invalid        = validator.CodeClaimInvalid
	)
	exp := func(value any) string { return mint("ES256", "", object{"exp": value}) }
	nbf := func(value any) string { return mint("ES256", "", object{"nbf": value}) }
	iat := func(value any) string { return mint("ES256", "", object{"iat": value}) }
	testRefusals(t, v, []refusal{
		{"exp within the leeway", exp(now - 9), 0},
		{"exp on the leeway", exp(now - 10), expired},
		{"exp past the leeway", exp(now - 11), expired},
		{"exp is floored", exp(raw("1799999990.999")), expired},
		{"exp fraction", exp(raw("1799999991.5")), 0},
		{"exp in exponent form", exp(raw("1.9e9")), 0},
		{"exp a hair past the leeway", exp(raw("1799999990.99999999999999999999")), expired},
		{"exp in exponent form, floored", exp(raw("17999999909.99999999999e-1")), expired},
		{"exp with a point moved to the left", exp(raw("190000000000E-2")), 0},
		{"exp with a point moved to the right", exp(raw("0.000019E+14")), 0},
		{"exp tiny", exp(raw("1e-400")), invalid},
		{"exp with a huge exponent", exp(raw("1e99999999999999999999")), invalid},
		{"exp zero with a huge exponent", exp(raw("0e99999999999999999999")), invalid},
		{"exp of a thousand digits", exp(raw("19" + strings.Repeat("0", 998) + "e-990")), 0},
		{"exp the largest, with a fraction", exp(raw("9007199254740991.0")), 0},
		{"exp the largest", exp(raw("9007199254740991")), 0},
		{"exp 2^53", exp(raw("9007199254740992")), invalid},
		{"exp just below 2^53", exp(raw("9007199254740991.9")), 0},
		{"nbf ceils to 2^53", nbf(raw("9007199254740991.1")), invalid},
		{"exp far too large", exp(raw("1e400")), invalid},
		{"exp 1e18", exp(raw("1000000000000000000")), invalid},
		{"exp zero", exp(0), invalid},
		{"exp floors to zero", exp(raw("0.9")), invalid},
		{"exp minus zero", exp(raw("-0")), invalid},
		{"exp negative", exp(-1), invalid},
		{"exp missing", exp(nil), validator.CodeClaimMissing},
		{"exp null", exp(raw("null")), invalid},
		{"exp string", exp("1900000000"), invalid},
		{"exp true", exp(true), invalid},
		{"exp array", exp([]int64{now + 60}), invalid},
		{"exp object", exp(object{}), invalid},

		{"nbf absent", nbf(nil), 0},
		{"nbf past", nbf(now - 1), 0},
		{"nbf zero", nbf(0), 0},
		{"nbf on the leeway", nbf(now + 10), 0},
		{"nbf past the leeway", nbf(now + 11), early},
		{"nbf a hair past the leeway", nbf(raw("1800000010.00000000000000000001")), early},
		{"nbf with a fraction of zero", nbf(raw("1800000010.000")), 0},
		{"nbf tiny", nbf(raw("1e-400")), 0},
		{"nbf with an exponent that overflows", nbf(raw("1e9223372036854775807")), invalid},
		{"nbf with a point that overflows", nbf(raw("0.1e-9223372036854775807")), invalid},
		{"nbf minus zero", nbf(raw("-0.0e5")), 0},
		{"nbf is ceiled", nbf(raw("1800000010.001")), early},
		{"nbf negative", nbf(-1), invalid},
		{"nbf negative fraction", nbf(raw("-0.5")), invalid},
		{"nbf null", nbf(raw("null")), invalid},
		{"nbf string", nbf("0"), invalid},
		{"nbf 2^53", nbf(raw("9007199254740992")), invalid},

		{"iat absent", iat(nil), 0},
		{"iat on the leeway", iat(now + 10), 0},
		{"iat past the leeway", iat(now + 11), early},
		{"iat is ceiled", iat(raw("1800000010.001")), early},
		{"iat negative", iat(-1), invalid},
		{"iat null", iat(raw("null")), invalid},
		{"iat string", iat("1"), invalid},
	})

	token := exp(now + 100)
	clock.Set(epoch.Add(110*time.Second - time.Nanosecond))
	if got := codeOf(t, v, token); got != 0 {
		t.Errorf("a nanosecond before: %v", got)
	}
	clock.Set(epoch.Add(110 * time.Second))
	if got := codeOf(t, v, token); got != expired {
		t.Errorf("on time: %v", got)
	}
}

func TestDefaultLeeway(t *testing.T) {
	v := newValidator(t, nil)
	testRefusals(t, v, []refusal{
		{"29 s ago", mint("ES256", "", object{"exp": epoch.Unix() - 29}), 0},
		{"30 s ago", mint("ES256", "", object{"exp": epoch.Unix() - 30}), validator.CodeTokenExpired},
		{"in 30 s", mint("ES256", "", object{"nbf": epoch.Unix() + 30}), 0},
		{"in 31 s", mint("ES256", "", object{"nbf": epoch.Unix() + 31}), validator.CodeTokenNotYetValid},
	})
}

func TestOtherClaimTypes(t *testing.T) {
	v := newValidator(t, nil)
	var tests []refusal
	for _, claim := range []string{"sub", "jti", "client_id", "azp", "cid", "appid"} {
		for name, value := range map[string]any{"number": 1, "null": raw("null"), "array": []string{"x"}, "object": object{}, "true": true} {
			tests = append(tests, refusal{claim + " " + name, mint("ES256", "", object{claim: value}), validator.CodeClaimInvalid})
		}
	}
	testRefusals(t, v, tests)
}

func TestScopeClaims(t *testing.T) {
	tests := []struct {
		name    string
		sources []string // Config.ScopeClaims
		claims  object
		want    string
		refused bool
	}{
		{"scope", nil, object{"scope": "a b"}, "a b", false},
		{"scope and scp", nil, object{"scope": "a b", "scp": []string{"c", "b"}}, "a b c", false},
		{"scp string", nil, object{"scope": nil, "scp": "a b"}, "a b", false},
		{"none", nil, object{"scope": nil}, "", false},
		{"empty", nil, object{"scope": ""}, "", false},
		{"only U+0020 separates", nil, object{"scope": "a\tb\u00a0c\nd"}, "a\tb\u00a0c\nd", false},
		{"other case", nil, object{"scope": nil, "Scope": "a"}, "", false},
		{"array element with a space is one value", nil, object{"scope": nil, "scp": []string{"a b"}}, "a b", false},
		{"not a source", []string{"scp"}, object{"scope": "a"}, "", false},
		{"permissions", []string{"permissions"}, object{"permissions": []string{"a", "b"}}, "a b", false},
		{"roles and scopes", []string{"roles", "scopes"}, object{"roles": []string{"r"}, "scopes": "s t"}, "r s t", false},
		{"path", []string{"realm_access.roles"}, object{"realm_access": object{"roles": []string{"r"}, "x": 1}}, "r", false},
		{"path, absent", []string{"realm_access.roles"}, object{}, "", false},
		{"path, end absent", []string{"realm_access.roles"}, object{"realm_access": object{}}, "", false},
		{"two paths in one object", []string{"a.b", "a.c"}, object{"a": object{"b": "x", "c": "y"}}, "x y", false},
		{"long path", []string{"a.b.c.d"}, object{"a": object{"b": object{"c": object{"d": "x"}}}}, "x", false},
		{"URL", []string{"https://example.com/roles"}, object{"https://example.com/roles": []string{"r"}}, "r", false},
		{"pointer", []string{"/resource_access/my.api/roles"}, object{"resource_access": object{"my.api": object{"roles": []string{"r"}}}}, "r", false},
		{"pointer with escapes", []string{"/a~1b/c~0d"}, object{"a/b": object{"c~d": "x"}}, "x", false},
		{"array of scope", []string{"scope[]"}, object{"scope": []string{"a", "b"}}, "a b", false},

		{"names of an object", []string{"urn:example:roles{}"}, object{"urn:example:roles": object{"admin": object{"org": "x"}, "viewer": 1}}, "admin viewer", false},
		{"names of an object at the end of a path", []string{"a.roles{}"}, object{"a": object{"roles": object{"r": true}}}, "r", false},
		{"empty object", []string{"roles{}"}, object{"roles": object{}}, "", false},

		{"object wanted, array found", []string{"roles{}"}, object{"roles": []string{"a"}}, "", true},
		{"object wanted, string found", []string{"roles{}"}, object{"roles": "a"}, "", true},
		{"object wanted, null found", []string{"roles{}"}, object{"roles": raw("null")}, "", true},
		{"array wanted, object found", []string{"roles[]"}, object{"roles": object{"a": 1}}, "", true},
		{"scope is an array", nil, object{"scope": []string{"a"}}, "", true},
		{"scope is a number", nil, object{"scope": 1}, "", true},
		{"scope is null", nil, object{"scope": raw("null")}, "", true},
		{"scope is an object", nil, object{"scope": object{"a": true}}, "", true},
		{"scp is a number", nil, object{"scp": 1}, "", true},
		{"scp with a number", nil, object{"scp": []any{"a", 1}}, "", true},
		{"scp with a null", nil, object{"scp": []any{"a", nil}}, "", true},
		{"scp with an array", nil, object{"scp": []any{"a", []string{"b"}}}, "", true},
		{"scp is null", nil, object{"scp": raw("null")}, "", true},
		{"scp is true", nil, object{"scp": true}, "", true},
		{"step is a string", []string{"realm_access.roles"}, object{"realm_access": "roles"}, "", true},
		{"step is an array", []string{"realm_access.roles"}, object{"realm_access": []string{"roles"}}, "", true},
		{"step is null", []string{"realm_access.roles"}, object{"realm_access": raw("null")}, "", true},
		{"end is a number", []string{"realm_access.roles"}, object{"realm_access": object{"roles": 1}}, "", true},
		{"array wanted, string found", []string{"scope[]"}, object{"scope": "a"}, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newValidator(t, func(c *validator.Config) { c.ScopeClaims = tt.sources })
			token, err := v.Validate(t.Context(), bearerToken(mint("ES256", "", tt.claims)))
			if tt.refused {
				if got := errorCode(t, err); got != validator.CodeClaimInvalid {
					t.Errorf("code %v", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := token.Scopes().String(); got != tt.want {
				t.Errorf("scopes %q, want %q", got, tt.want)
			}
		})
	}
}
