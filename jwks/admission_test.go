package jwks_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/jwks"
)

const ok = jwks.Reason("")

// modulus returns an odd number of so many bits.
func modulus(bits uint) []byte {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return n.SetBit(n, 0, 1).Bytes()
}

func nonCanonical(s string) string {
	// The last character of an unpadded encoding has spare bits.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + string(alphabet[last|1])
}

// admissionTests are also seeds for FuzzParse.
func admissionTests() []struct {
	name string
	key  any
	want jwks.Reason
} {
	rs, ec, ed := describe("k", rsaKey()), describe("k", ecKey("P-256", "k")), describe("k", edKey(1))
	n, x, y := rs["n"].(string), ec["x"].(string), ec["y"].(string)
	edX := ed["x"].(string)
	raw := func(s string) []byte { b, _ := base64.RawURLEncoding.DecodeString(s); return b }
	offCurve := raw(y)
	offCurve[31] ^= 1
	swap := func(j jwk, old, new string) string { return strings.Replace(j.String(), old, new, 1) }
	return []struct {
		name string
		key  any
		want jwks.Reason
	}{
		{"RSA", rs, ok},
		{"P-256", ec, ok},
		{"P-384", describe("k", ecKey("P-384", "k")), ok},
		{"P-521", describe("k", ecKey("P-521", "k")), ok},
		{"Ed25519", ed, ok},
		{"everything that may be there", rs.with("use", "sig", "key_ops", []string{"sign", "verify"}, "alg", "PS384",
			"x5c", []string{"!"}, "x5u", "file:///etc/passwd", "x5t", "?", "x5t#S256", 5, "exp", 1, "nested", jwk{"d": "d"}), ok},
		{"no kid", ec.with("kid", absent), ok},
		{"empty kid", ec.with("kid", ""), ok},
		{"members of another type of key", ed.with("n", "?", "e", "?", "y", "?"), ok},

		{"not an object", `[]`, jwks.Malformed},
		{"null", `null`, jwks.Malformed},
		{"number", `1`, jwks.Malformed},
		{"empty object", `{}`, jwks.Unsupported},
		{"duplicate member", swap(ec, `"kty":"EC"`, `"kty":"EC","kty":"EC"`), jwks.Malformed},
		{"duplicate by escape", swap(ec, `"kty":"EC"`, `"kty":"EC","\u006bty":"EC"`), jwks.Malformed},
		{"duplicate in an unknown member", swap(ec, `"kty":"EC"`, `"kty":"EC","u":{"a":1,"a":1}`), jwks.Malformed},
		{"invalid UTF-8", swap(ec, `"kid":"k"`, "\"kid\":\"\xff\""), jwks.Malformed},
		{"null unknown member", ec.with("u", nil), jwks.Malformed},
		{"null alg", ec.with("alg", nil), jwks.Malformed},
		{"null d", ec.with("d", nil), jwks.Malformed},
		{"too deep", ec.with("u", deep(14)), jwks.Malformed},
		{"just deep enough", ec.with("u", deep(13)), ok},
		{"kty a number", ec.with("kty", 1), jwks.Malformed},
		{"crv a number", ec.with("crv", 1), jwks.Malformed},
		{"kid a number", ec.with("kid", 1), jwks.Malformed},
		{"use an array", ec.with("use", []string{"sig"}), jwks.Malformed},
		{"alg a number", ec.with("alg", 256), jwks.Malformed},
		{"x a number", ec.with("x", 1), jwks.Malformed},
		{"y a number", ec.with("y", 1), jwks.Malformed},
		{"n a number", rs.with("n", 1), jwks.Malformed},
		{"e a number", rs.with("e", 65537), jwks.Malformed},
		{"key_ops a string", ec.with("key_ops", "verify"), jwks.Malformed},
		{"key_ops with a number", ec.with("key_ops", []any{"verify", 1}), jwks.Malformed},
		{"key_ops with duplicates", ec.with("key_ops", []any{"verify", "sign", "verify"}), jwks.Malformed},

		{"kty missing", ec.with("kty", absent), jwks.Unsupported},
		{"kty unknown", ec.with("kty", "AKP"), jwks.Unsupported},
		{"kty in lower case", ec.with("kty", "ec"), jwks.Unsupported},
		{"crv missing", ec.with("crv", absent), jwks.Unsupported},
		{"secp256k1", ec.with("crv", "secp256k1"), jwks.Unsupported},
		{"P-224", ec.with("crv", "P-224"), jwks.Unsupported},
		{"Ed448", ed.with("crv", "Ed448"), jwks.Unsupported},
		{"X25519", ed.with("crv", "X25519"), jwks.Unsupported},

		{"oct", jwk{"kty": "oct", "k": b64(make([]byte, 32)), "kid": "k"}, jwks.Symmetric},
		{"oct without k", jwk{"kty": "oct"}, jwks.Symmetric},
		{"k", ec.with("k", "AA"), jwks.Private},
		{"d", ec.with("d", "AA"), jwks.Private},
		{"p", rs.with("p", "AA"), jwks.Private},
		{"q", rs.with("q", "AA"), jwks.Private},
		{"dp", rs.with("dp", "AA"), jwks.Private},
		{"dq", rs.with("dq", "AA"), jwks.Private},
		{"qi", rs.with("qi", "AA"), jwks.Private},
		{"oth", rs.with("oth", []any{}), jwks.Private},

		{"use enc", ec.with("use", "enc"), jwks.WrongUse},
		{"use empty", ec.with("use", ""), jwks.WrongUse},
		{"use in upper case", ec.with("use", "SIG"), jwks.WrongUse},
		{"key_ops without verify", ec.with("key_ops", []string{"sign"}), jwks.WrongUse},
		{"key_ops empty", ec.with("key_ops", []string{}), jwks.WrongUse},

		{"alg empty", ec.with("alg", ""), jwks.WrongAlgorithm},
		{"alg of another type", ec.with("alg", "RS256"), jwks.WrongAlgorithm},
		{"alg of another curve", ec.with("alg", "ES384"), jwks.WrongAlgorithm},
		{"alg HMAC", rs.with("alg", "HS256"), jwks.WrongAlgorithm},
		{"alg none", rs.with("alg", "none"), jwks.WrongAlgorithm},
		{"alg for encryption", rs.with("alg", "RSA-OAEP"), jwks.WrongAlgorithm},
		{"alg in lower case", rs.with("alg", "rs256"), jwks.WrongAlgorithm},
		{"alg EdDSA", ed.with("alg", "EdDSA"), ok},
		{"alg Ed25519", ed.with("alg", "Ed25519"), ok},
		{"alg Ed448", ed.with("alg", "Ed448"), jwks.WrongAlgorithm},

		{"n missing", rs.with("n", absent), jwks.Invalid},
		{"n empty", rs.with("n", ""), jwks.Invalid},
		{"n padded", rs.with("n", n+"=="), jwks.Invalid},
		{"n with standard alphabet", rs.with("n", "+/"+n[2:]), jwks.Invalid},
		{"n with a line break", rs.with("n", n[:4]+"\n"+n[4:]), jwks.Invalid},
		{"n with a carriage return", rs.with("n", n+"\r"), jwks.Invalid},
		{"n not canonical", rs.with("n", nonCanonical(n)), jwks.Invalid},
		{"n with a leading zero", rs.with("n", b64(append([]byte{0}, raw(n)...))), jwks.Invalid},
		{"n even", rs.with("n", b64(append(raw(n)[:255:255], 2))), jwks.Invalid},
		{"2047 bits", rs.with("n", b64(modulus(2047))), jwks.BadSize},
		{"2048 bits", rs.with("n", b64(modulus(2048))), ok},
		{"8192 bits", rs.with("n", b64(modulus(8192))), ok},
		{"8193 bits", rs.with("n", b64(modulus(8193))), jwks.BadSize},
		{"e missing", rs.with("e", absent), jwks.Invalid},
		{"e zero", rs.with("e", "AA"), jwks.Invalid},
		{"e with a leading zero", rs.with("e", "AAEAAQ"), jwks.Invalid},
		{"e 1", rs.with("e", "AQ"), jwks.Invalid},
		{"e 2", rs.with("e", "Ag"), jwks.Invalid},
		{"e 3", rs.with("e", "Aw"), ok},
		{"e even", rs.with("e", "AQAA"), jwks.Invalid},
		{"e 2^31-1", rs.with("e", b64([]byte{0x7f, 0xff, 0xff, 0xff})), ok},
		{"e 2^31+1", rs.with("e", b64([]byte{0x80, 0, 0, 1})), jwks.Invalid},
		{"e 2^64+3", rs.with("e", b64([]byte{1, 0, 0, 0, 0, 0, 0, 0, 3})), jwks.Invalid},

		{"x missing", ec.with("x", absent), jwks.Invalid},
		{"y missing", ec.with("y", absent), jwks.Invalid},
		{"x not canonical", ec.with("x", nonCanonical(x)), jwks.Invalid},
		{"x padded", ec.with("x", x+"="), jwks.Invalid},
		{"x short", ec.with("x", b64(raw(x)[1:])), jwks.Invalid},
		{"x long", ec.with("x", b64(append([]byte{0}, raw(x)...))), jwks.Invalid},
		{"y long", ec.with("y", b64(append([]byte{0}, raw(y)...))), jwks.Invalid},
		{"y short", ec.with("y", b64(raw(y)[1:])), jwks.Invalid},
		{"y with line breaks for octets", ec.with("y", y[:42]+"\n"), jwks.Invalid},
		{"off the curve", ec.with("y", b64(offCurve)), jwks.Invalid},
		{"the origin", ec.with("x", b64(make([]byte, 32)), "y", b64(make([]byte, 32))), jwks.Invalid},
		{"x beyond the field", ec.with("x", strings.Repeat("_", 42)+"8"), jwks.Invalid},
		{"point of another curve", ec.with("crv", "P-384"), jwks.Invalid},

		{"Ed25519 without x", ed.with("x", absent), jwks.Invalid},
		{"Ed25519 of 3 octets", ed.with("x", "AQID"), jwks.Invalid},
		{"Ed25519 of 31 octets", ed.with("x", b64(raw(edX)[:31])), jwks.Invalid},
		{"Ed25519 of 33 octets", ed.with("x", b64(append(raw(edX), 0))), jwks.Invalid},
		{"Ed25519 not canonical base64", ed.with("x", nonCanonical(edX)), jwks.Invalid},
		{"Ed25519 off the curve", ed.with("x", b64(append([]byte{2}, make([]byte, 31)...))), jwks.Invalid},
		{"Ed25519 of small order", ed.with("x", b64(make([]byte, 32))), jwks.Invalid},
	}
}

// deep returns an array nested so deeply.
func deep(levels int) any {
	var v any = []any{}
	for range levels - 1 {
		v = []any{v}
	}
	return v
}

func TestAdmission(t *testing.T) {
	good := describe("good", ecKey("P-256", "good"))
	for _, tt := range admissionTests() {
		t.Run(tt.name, func(t *testing.T) {
			// Whatever becomes of the key, the one after it lives.
			set, dropped, err := jwks.Parse([]byte(document(tt.key, good)))
			if err != nil {
				t.Fatal(err)
			}
			if _, known := set.Find("good", "ES256"); !known {
				t.Error("the other key is gone")
			}
			if tt.want == ok {
				if set.Len() != 2 || len(dropped) != 0 {
					t.Errorf("dropped: %v", dropped)
				}
				return
			}
			if set.Len() != 1 || len(dropped) != 1 {
				t.Fatalf("%d keys, dropped: %v", set.Len(), dropped)
			}
			if d := dropped[0]; d.Index != 0 || d.Reason != tt.want {
				t.Errorf("dropped %+v, want %v", d, tt.want)
			}
		})
	}
}

func TestDroppedNamesTheKey(t *testing.T) {
	good, bad := describe("good", edKey(1)), describe("bad", edKey(2)).with("use", "enc")
	_, dropped, err := jwks.Parse([]byte(document(good, bad)))
	if want := (jwks.Dropped{Index: 1, ID: "bad", Reason: jwks.WrongUse}); err != nil || len(dropped) != 1 || dropped[0] != want {
		t.Errorf("dropped %+v, %v, want %+v", dropped, err, want)
	}
}

func TestDocument(t *testing.T) {
	key := describe("k", edKey(1)).String()
	many := func(n int) string {
		return `{"keys":[` + strings.TrimSuffix(strings.Repeat(`{},`, n-1), ",") + "," + key + `]}`
	}
	tests := []struct {
		name, in string
		keys     int // 0: an error
		why      string
	}{
		{"one key", `{"keys":[` + key + `]}`, 1, ""},
		{"other members", `{"a":{"keys":null},"keys":[` + key + `],"b":null}`, 1, ""},
		{"name escaped", `{"\u006beys":[` + key + `]}`, 1, ""},
		{"1024 keys", many(1024), 1, ""},
		{"1025 keys", many(1025), 0, "more than 1024"},
		{"no keys", `{"keys":[]}`, 0, "empty"},
		{"all dropped", `{"keys":[{},{"kty":"oct"}]}`, 0, "none that can be used"},
		{"nothing", ``, 0, "not a JSON object"},
		{"HTML", `<html>`, 0, "not a JSON object"},
		{"a single key", key, 0, "not a JSON object"},
		{"an array", `[` + key + `]`, 0, "not a JSON object"},
		{"keys missing", `{}`, 0, "not a JSON object"},
		{"keys null", `{"keys":null}`, 0, "not a JSON object"},
		{"keys an object", `{"keys":{"a":` + key + `}}`, 0, "not a JSON object"},
		{"Keys", `{"Keys":[` + key + `]}`, 0, "not a JSON object"},
		{"keys twice", `{"keys":[` + key + `],"keys":[` + key + `]}`, 0, "not a JSON object"},
		{"keys twice by escape", `{"keys":[` + key + `],"key\u0073":[]}`, 0, "not a JSON object"},
		{"another member twice", `{"a":1,"a":1,"keys":[` + key + `]}`, 0, "not a JSON object"},
		{"something after it", `{"keys":[` + key + `]}{}`, 0, "not a JSON object"},
		{"cut off", `{"keys":[` + key, 0, "not a JSON object"},
		{"cut off after the keys", `{"keys":[` + key + `]`, 0, "not a JSON object"},
		{"trailing comma", `{"keys":[` + key + `,]}`, 0, "not a JSON object"},
		{"byte order mark", "\ufeff" + `{"keys":[` + key + `]}`, 0, "not a JSON object"},
		{"too deep beside the keys", `{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `,"keys":[` + key + `]}`, 0, "not a JSON object"},
		{"deep beside the keys", `{"a":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `,"keys":[` + key + `]}`, 1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, _, err := jwks.Parse([]byte(tt.in))
			switch {
			case tt.keys > 0 && (err != nil || set.Len() != tt.keys):
				t.Errorf("Parse = %v, %v, want %d keys", set, err, tt.keys)
			case tt.keys == 0 && (err == nil || set != nil || !strings.Contains(err.Error(), tt.why)):
				t.Errorf("Parse = %v, %v, want an error about %q", set, err, tt.why)
			}
		})
	}
	// The reason why there is no key at all is in the list.
	_, dropped, err := jwks.Parse([]byte(`{"keys":[{"kty":"oct","kid":"s"}]}`))
	if err == nil || fmt.Sprint(dropped) != "[{0 s symmetric key}]" {
		t.Errorf("dropped %v, %v", dropped, err)
	}
}

// point is (xy, xy), which is on none of the curves.
func point(curve elliptic.Curve, xy int64) *ecdsa.PublicKey {
	//lint:ignore SA1019 no other way leads to a bad key
	return &ecdsa.PublicKey{Curve: curve, X: big.NewInt(xy), Y: big.NewInt(xy)}
}

func TestNewKey(t *testing.T) {
	weak := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus(1024)), E: 65537}
	offCurve := point(elliptic.P256(), 1)
	tests := []struct {
		name, alg string
		public    any
		want      jwks.Reason
	}{
		{"RSA", "", rsaKey(), ok},
		{"RSA with alg", "PS512", rsaKey(), ok},
		{"EC", "ES256", ecKey("P-256", "k"), ok},
		{"Ed25519", "EdDSA", edKey(1), ok},
		{"wrong alg", "HS256", rsaKey(), jwks.WrongAlgorithm},
		{"weak", "", weak, jwks.BadSize},
		{"negative", "", &rsa.PublicKey{N: new(big.Int).Neg(rsaKey().N), E: 65537}, jwks.Invalid},
		{"off the curve", "", offCurve, jwks.Invalid},
		{"P-224", "", point(elliptic.P224(), 1), jwks.Unsupported},
		{"no curve", "", &ecdsa.PublicKey{}, jwks.Unsupported},
		{"no point", "", &ecdsa.PublicKey{Curve: elliptic.P256()}, jwks.Invalid},
		{"negative point", "", point(elliptic.P256(), -1), jwks.Invalid},
		{"no modulus", "", &rsa.PublicKey{}, jwks.Invalid},
		{"nil RSA", "", (*rsa.PublicKey)(nil), jwks.Invalid},
		{"nil EC", "", (*ecdsa.PublicKey)(nil), jwks.Invalid},
		{"short Ed25519", "", edKey(1)[:3], jwks.Invalid},
		{"nil", "", nil, jwks.Unsupported},
		{"bytes", "", []byte("secret"), jwks.Unsupported},
		{"by value", "", *rsaKey(), jwks.Unsupported},
		{"private", "", &rsa.PrivateKey{PublicKey: *rsaKey()}, jwks.Unsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := jwks.NewKey("id", tt.alg, tt.public)
			if tt.want != ok {
				if k != nil || err != error(tt.want) {
					t.Fatalf("NewKey = %v, %v, want %v", k, err, tt.want)
				}
				return
			}
			if err != nil || k.ID() != "id" || k.Algorithm() != tt.alg {
				t.Fatalf("NewKey = %+v, %v", k, err)
			}
			if !k.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(tt.public) {
				t.Error("another key came out")
			}
		})
	}
}
