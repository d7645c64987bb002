package dpop_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

// without returns a spoiler that takes a member away, with one that puts another
// value there.
func without(o func(*craft) object, name string) func(*craft) {
	return func(c *craft) { delete(o(c), name) }
}

func with(o func(*craft) object, name string, value any) func(*craft) {
	return func(c *craft) { o(c)[name] = value }
}

func header(c *craft) object { return c.header }
func claims(c *craft) object { return c.claims }
func jwk(c *craft) object    { return c.header["jwk"].(object) }

func spoilt(f func(string) string) func(*craft)   { return func(c *craft) { c.spoil = f } }
func fields(f func(string) []string) func(*craft) { return func(c *craft) { c.fields = f } }
func asJSON(o object) string                      { return string(must(json.Marshal(o))) }
func always[T any](v T) func(string) T            { return func(string) T { return v } }
func segments(p string) (header, rest string)     { header, rest, _ = strings.Cut(p, "."); return }
func deep(n int) string                           { return strings.Repeat("[", n) + strings.Repeat("]", n) }
func replaced(key *ecdsa.PrivateKey) func(*craft) {
	return func(c *craft) { c.header["jwk"] = jwkOf(key); c.key = key; c.jkt = thumbprint(key.Public()) }
}
func rawKey(jwk object) func(*craft) { return func(c *craft) { c.header["jwk"] = jwk } }
func rawClaims(f func(good string) string) func(*craft) {
	return func(c *craft) { c.rawClaims = f(asJSON(c.claims)) }
}
func rawHeader(f func(good string) string) func(*craft) {
	return func(c *craft) { c.rawHeader = f(asJSON(c.header)) }
}

// Every check of RFC 9449 §4.3, by its number there, with whatever fails it.
var negatives = []struct {
	name  string
	spoil func(*craft)
	cause string
}{
	{"1: no field", fields(always[[]string](nil)), "exactly one"},
	{"1: two fields", fields(func(p string) []string { return []string{p, p} }), "exactly one"},
	{"1: two in one field", fields(func(p string) []string { return []string{p + ", " + p} }), "three non-empty segments"},

	{"2: empty", spoilt(always("")), "three non-empty segments"},
	{"2: one segment", spoilt(func(p string) string { h, _ := segments(p); return h }), "three non-empty segments"},
	{"2: two segments", spoilt(func(p string) string { return p[:strings.LastIndexByte(p, '.')] }), "three non-empty segments"},
	{"2: four segments", spoilt(func(p string) string { return p + ".e30" }), "three non-empty segments"},
	{"2: no signature", spoilt(func(p string) string { return p[:strings.LastIndexByte(p, '.')+1] }), "three non-empty segments"},
	{"2: padded", spoilt(func(p string) string { return p + "=" }), "three non-empty segments"},
	{"2: trailing bits", spoilt(func(p string) string { return p[:len(p)-1] + "_" }), "three non-empty segments"},
	{"2: a line break", spoilt(func(p string) string { return p[:7] + "\n" + p[7:] }), "three non-empty segments"},
	{"2: surrounded by space", spoilt(func(p string) string { return " " + p }), "three non-empty segments"},
	{"2: JSON serialization", spoilt(always(`{"payload":"e30"}`)), "three non-empty segments"},
	{"2: over 8 KiB", with(claims, "x", strings.Repeat("x", 8<<10)), "over 8 KiB"},
	{"2: header over 4 KiB", with(header, "x", strings.Repeat("x", 4<<10)), "over 4 KiB"},
	{"2: header not JSON", rawHeader(func(good string) string { return good[1:] }), "not a JSON object"},
	{"2: header with a name twice", rawHeader(func(good string) string { return `{"typ":"dpop+jwt",` + good[1:] }), "duplicate"},
	{"2: header and more", rawHeader(func(good string) string { return good + "{}" }), "data after"},
	{"2: header too deep", rawHeader(func(good string) string { return `{"x":` + deep(17) + "," + good[1:] }), "nested too deeply"},
	{"2: claims not an object", rawClaims(always("[]")), "not a JSON object"},
	{"2: claims with a name twice", rawClaims(func(good string) string { return `{"htm":"POST",` + good[1:] }), "duplicate"},
	{"2: claims too deep", rawClaims(func(good string) string { return `{"x":` + deep(17) + "," + good[1:] }), "nested too deeply"},
	{"2: claims in other case", rawClaims(func(good string) string { return strings.Replace(good, `"jti"`, `"JTI"`, 1) }), "jti, htm, htu or iat is missing"},
	{"2: crit", with(header, "crit", []string{"x"}), "crit"},
	{"2: b64", with(header, "b64", false), "crit"},
	{"2: zip", with(header, "zip", "DEF"), "crit"},
	{"2: enc", with(header, "enc", "A128GCM"), "crit"},
	{"2: epk", with(header, "epk", object{}), "crit"},
	{"2: p2c", with(header, "p2c", 1), "crit"},

	{"3: no typ", without(header, "typ"), "typ, alg or jwk is missing"},
	{"3: no alg", without(header, "alg"), "typ, alg or jwk is missing"},
	{"3: no jwk", without(header, "jwk"), "typ, alg or jwk is missing"},
	{"3: jwk is a string", with(header, "jwk", "{}"), "typ, alg or jwk is missing"},
	{"3: alg is a list", with(header, "alg", []string{"ES256"}), "typ, alg or jwk is missing"},
	{"3: no jti", without(claims, "jti"), "jti, htm, htu or iat is missing"},
	{"3: no htm", without(claims, "htm"), "jti, htm, htu or iat is missing"},
	{"3: no htu", without(claims, "htu"), "jti, htm, htu or iat is missing"},
	{"3: no iat", without(claims, "iat"), "jti, htm, htu or iat is missing"},
	{"3: jti is null", with(claims, "jti", nil), "jti, htm, htu or iat is missing"},
	{"3: jti is a number", with(claims, "jti", 1), "jti, htm, htu or iat is missing"},
	{"3: jti is empty", with(claims, "jti", ""), "jti is empty"},
	{"3: jti is too long", with(claims, "jti", strings.Repeat("x", 257)), "over 256 bytes"},
	{"3: htm is a list", with(claims, "htm", []string{"POST"}), "jti, htm, htu or iat is missing"},
	{"3: htu is a list", with(claims, "htu", []string{"https://api.example.com/orders"}), "jti, htm, htu or iat is missing"},
	{"3: iat is a string", with(claims, "iat", "1800000000"), "jti, htm, htu or iat is missing"},
	{"3: ath is a number", with(claims, "ath", 1), "jti, htm, htu or iat is missing"},
	{"3: nonce is a number", with(claims, "nonce", 1), "jti, htm, htu or iat is missing"},

	{"4: typ of a token", with(header, "typ", "at+jwt"), "typ is not"},
	{"4: typ JWT", with(header, "typ", "JWT"), "typ is not"},
	{"4: typ in capitals", with(header, "typ", "DPOP+JWT"), "typ is not"},
	{"4: typ spelt out", with(header, "typ", "application/dpop+jwt"), "typ is not"},

	{"5: none", with(header, "alg", "none"), "allow-list"},
	{"5: symmetric", with(header, "alg", "HS256"), "allow-list"},
	{"5: not configured", with(header, "alg", "RS512"), "allow-list"},
	{"5: in small letters", with(header, "alg", "es256"), "allow-list"},
	{"5: of another type of key", with(header, "alg", "RS256"), "alg does not fit"},
	{"5: of another curve", replaced(must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))), "alg does not fit"},
	{"5: not the one of the jwk", with(jwk, "alg", "ES384"), "algorithm does not fit"},

	{"6: signed by another key", func(c *craft) { c.key = otherKey }, "signature"},
	{"6: header of another proof", spoilt(func(p string) string {
		_, rest := segments(p)
		return encoded("", newCraft().with("kid", "x").header) + "." + rest
	}), "signature"},
	{"6: claims of another proof", spoilt(func(p string) string {
		parts, other := strings.Split(p, "."), strings.Split(newCraft().proof(), ".")
		return parts[0] + "." + other[1] + "." + parts[2]
	}), "signature"},
	{"6: zeros", spoilt(func(p string) string { return p[:strings.LastIndexByte(p, '.')+1] + b64(make([]byte, 64)) }), "signature"},
	{"6: short", spoilt(func(p string) string { return p[:strings.LastIndexByte(p, '.')+1] + b64(make([]byte, 63)) }), "signature"},

	{"7: d", with(jwk, "d", "AA"), "private key"},
	{"7: p", with(jwk, "p", "AA"), "private key"},
	{"7: q", with(jwk, "q", "AA"), "private key"},
	{"7: dp", with(jwk, "dp", "AA"), "private key"},
	{"7: dq", with(jwk, "dq", "AA"), "private key"},
	{"7: qi", with(jwk, "qi", "AA"), "private key"},
	{"7: oth", with(jwk, "oth", []object{}), "private key"},
	{"7: k", with(jwk, "k", "AA"), "private key"},
	{"7: symmetric", rawKey(object{"kty": "oct", "k": "AA"}), "symmetric key"},
	{"7: not for signatures", with(jwk, "use", "enc"), "not for verifying"},
	{"7: no type", without(jwk, "kty"), "unsupported key"},
	{"7: unknown curve", with(jwk, "crv", "secp256k1"), "unsupported key"},
	{"7: off the curve", with(jwk, "x", b64(make([]byte, 32))), "not a valid key"},
	{"7: coordinate too short", with(jwk, "x", b64(make([]byte, 31))), "not a valid key"},
	{"7: Ed25519 of small order", rawKey(object{"kty": "OKP", "crv": "Ed25519", "x": b64(append([]byte{1}, make([]byte, 31)...))}), "not a valid key"},
	{"7: RSA too short", rawKey(object{"kty": "RSA", "n": b64(append([]byte{255}, make([]byte, 127)...)), "e": "AQAB"}), "modulus"},
	{"7: RSA with exponent 1", rawKey(object{"kty": "RSA", "n": b64(append([]byte{255}, []byte(strings.Repeat("\xff", 255))...)), "e": "AQ"}), "not a valid key"},

	{"8: another method", with(claims, "htm", "GET"), "htm is not"},
	{"8: in small letters", with(claims, "htm", "post"), "htm is not"},
	{"8: empty", with(claims, "htm", ""), "htm is not"},

	{"9: another scheme", with(claims, "htu", "http://api.example.com/orders"), "htu is not"},
	{"9: another host", with(claims, "htu", "https://api.example.org/orders"), "htu is not"},
	{"9: another port", with(claims, "htu", "https://api.example.com:8443/orders"), "htu is not"},
	{"9: another path", with(claims, "htu", "https://api.example.com/order"), "htu is not"},
	{"9: path in other case", with(claims, "htu", "https://api.example.com/Orders"), "htu is not"},
	{"9: a slash more", with(claims, "htu", "https://api.example.com/orders/"), "htu is not"},
	{"9: with a user", with(claims, "htu", "https://u@api.example.com/orders"), "htu is not"},
	{"9: relative", with(claims, "htu", "/orders"), "htu is not"},
	{"9: without scheme", with(claims, "htu", "//api.example.com/orders"), "htu is not"},
	{"9: no URL", with(claims, "htu", "https://api.example.com/%zz"), "htu is not"},
	{"9: empty", with(claims, "htu", ""), "htu is not"},

	{"11: too old", with(claims, "iat", start.Add(-dpop.DefaultMaxAge-dpop.DefaultLeeway).Unix()-1), "past"},
	{"11: of the future", with(claims, "iat", start.Add(dpop.DefaultLeeway).Unix()+1), "future"},
	{"11: negative", with(claims, "iat", -1), "jti, htm, htu or iat is missing"},
	{"11: without end", rawClaims(func(good string) string { return strings.Replace(good, "1800000000", "1e400", 1) }), "jti, htm, htu or iat is missing"},
	{"11: 2^53", with(claims, "iat", int64(1<<53)), "jti, htm, htu or iat is missing"},
	{"11: expired", with(claims, "exp", start.Add(-dpop.DefaultLeeway).Unix()), "expired"},
	{"11: expired by a fraction", with(claims, "exp", float64(start.Add(-dpop.DefaultLeeway).Unix())+0.5), "expired"},
	{"11: not yet valid", with(claims, "nbf", start.Add(dpop.DefaultLeeway).Unix()+1), "not valid yet"},
	{"11: of the future by a fraction", with(claims, "iat", float64(start.Add(dpop.DefaultLeeway).Unix())+0.5), "too far in the future"},
	{"11: not valid yet by a fraction", with(claims, "nbf", float64(start.Add(dpop.DefaultLeeway).Unix())+0.5), "not valid yet"},
	{"11: exp is a string", with(claims, "exp", "1800000000"), "jti, htm, htu or iat is missing"},

	{"12: no ath", without(claims, "ath"), "ath is not"},
	{"12: ath of another token", with(claims, "ath", b64(make([]byte, 32))), "ath is not"},
	{"12: padded ath", func(c *craft) { c.claims["ath"] = c.claims["ath"].(string) + "=" }, "ath is not"},
	{"12: another token", func(c *craft) { c.token += "x" }, "ath is not"},
}

func (c *craft) with(name string, value any) *craft {
	c.header[name] = value
	return c
}

func TestChecksOfSection4_3(t *testing.T) {
	v := newVerifier(t, nil)
	for _, tt := range negatives {
		t.Run(tt.name, func(t *testing.T) {
			c := newCraft()
			tt.spoil(c)
			refused(t, c.verify(t, v), validator.CodeDPoPProofInvalid, tt.cause)
		})
	}
	t.Run("12: another key than the token's", func(t *testing.T) {
		c := newCraft()
		c.header["jwk"], c.key = jwkOf(otherKey), otherKey
		refused(t, c.verify(t, v), validator.CodeBindingFailed, "another key")
	})
	if err := newCraft().verify(t, v); err != nil {
		t.Errorf("the good proof: %v", err)
	}
}

func TestGoodProofs(t *testing.T) {
	v := newVerifier(t, nil)
	iat := func(d time.Duration) func(*craft) {
		return with(claims, "iat", start.Add(d).Unix())
	}
	for name, change := range map[string]func(*craft){
		"as old as can be":          iat(-dpop.DefaultMaxAge - dpop.DefaultLeeway),
		"as young as can be":        iat(dpop.DefaultLeeway),
		"iat with a fraction":       with(claims, "iat", 1_799_999_999.75),
		"iat with an exponent":      rawClaims(func(good string) string { return strings.Replace(good, "1800000000", "1.8e9", 1) }),
		"other members":             func(c *craft) { c.header["kid"], c.header["x5u"], c.claims["sub"] = "x", "https://x.example", "x" },
		"a key with an id":          with(jwk, "kid", "x"),
		"a long jti":                with(claims, "jti", strings.Repeat("x", 256)),
		"exp and nbf that hold":     func(c *craft) { c.claims["exp"], c.claims["nbf"] = start.Unix()+1, start.Unix() },
		"exp within the leeway":     with(claims, "exp", start.Add(-dpop.DefaultLeeway).Unix()+1),
		"nbf within the leeway":     with(claims, "nbf", start.Add(dpop.DefaultLeeway).Unix()),
		"a nonce nobody asked":      with(claims, "nonce", "x"),
		"the scheme in any case":    func(c *craft) { c.scheme = "dPOp" },
		"htu with a query and more": func(c *craft) { c.claims["htu"] = "https://api.example.com/orders?x#y" },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCraft()
			change(c)
			if err := c.verify(t, v); err != nil {
				t.Error(err, err.(*validator.Error).Unwrap())
			}
		})
	}
}

// Which token goes with which scheme.
func TestSchemes(t *testing.T) {
	for _, tt := range []struct {
		required      bool
		scheme, bound string
		cause         string // empty: let in
	}{
		{false, "Bearer", "", ""},
		{true, "Bearer", "", "must be"},
		{false, "Bearer", jkt, "without the DPoP scheme"},
		{true, "bearer", jkt, "without the DPoP scheme"},
		{false, "DPoP", "", "is not bound"},
		{true, "DPoP", "", "is not bound"},
		{false, "DPoP", jkt, ""},
		{true, "DPoP", jkt, ""},
		{false, "", jkt, "without the DPoP scheme"},
	} {
		t.Run(fmt.Sprintf("required %v, scheme %q, bound %v", tt.required, tt.scheme, tt.bound != ""), func(t *testing.T) {
			v := newVerifier(t, func(c *dpop.Config) { c.Required = tt.required })
			c := newCraft() // with a good proof each time
			c.scheme, c.jkt = tt.scheme, tt.bound
			err := c.verify(t, v)
			if tt.cause != "" {
				refused(t, err, validator.CodeBindingFailed, tt.cause)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	v := newVerifier(t, nil)
	bare := validator.Credential{Scheme: "DPoP", Token: token}
	refused(t, v.Verify(t.Context(), bare, jkt), validator.CodeBindingFailed, "nothing is known")
	bare.Scheme = "Bearer"
	if err := v.Verify(t.Context(), bare, ""); err != nil {
		t.Errorf("an unbound token about whose request nothing is known: %v", err)
	}
}
