package jwks_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"
)

// This is a second, slow implementation of key admission, written from the texts
// of RFC 7517, 7518, 8032 and 8037 with nothing but big numbers. It shares no
// code with the package.

// referenceAdmits says whether an element of "keys" is a key to use, and of which
// numbers it is made.
func referenceAdmits(element []byte) (numbers []*big.Int, admitted bool) {
	if !utf8.Valid(element) || !referenceStrict(json.NewDecoder(bytes.NewReader(element)), 1) {
		return nil, false
	}
	var m map[string]any
	if json.Unmarshal(element, &m) != nil || m == nil {
		return nil, false
	}
	text := map[string]string{}
	for name, value := range m {
		switch name {
		case "d", "p", "q", "dp", "dq", "qi", "oth", "k":
			return nil, false
		case "kty", "crv", "n", "e", "x", "y", "kid", "use", "alg":
			s, isString := value.(string)
			if !isString {
				return nil, false
			}
			text[name] = s
		}
		if value == nil {
			return nil, false
		}
	}
	if use, given := text["use"]; given && use != "sig" {
		return nil, false
	}
	if ops, given := m["key_ops"]; given {
		list, isList := ops.([]any)
		seen := map[any]bool{}
		for _, op := range list {
			if _, isString := op.(string); !isString || seen[op] {
				return nil, false
			}
			seen[op] = true
		}
		if !isList || !seen["verify"] {
			return nil, false
		}
	}
	algs, numbers := referenceNumbers(text)
	if alg, given := text["alg"]; given && !slices.Contains(strings.Fields(algs), alg) {
		return nil, false
	}
	return numbers, numbers != nil
}

// referenceStrict walks the JSON tokens: no duplicate names, bounded depth.
func referenceStrict(dec *json.Decoder, depth int) bool {
	token, err := dec.Token()
	if err != nil {
		return false
	}
	if depth > 14 && (token == json.Delim('{') || token == json.Delim('[')) {
		return false
	}
	switch token {
	case json.Delim('{'):
		seen := map[string]bool{}
		for dec.More() {
			name, err := dec.Token()
			if err != nil || seen[name.(string)] {
				return false
			}
			seen[name.(string)] = true
			if !referenceStrict(dec, depth+1) {
				return false
			}
		}
		_, err = dec.Token()
	case json.Delim('['):
		for dec.More() {
			if !referenceStrict(dec, depth+1) {
				return false
			}
		}
		_, err = dec.Token()
	}
	return err == nil
}

// referenceNumbers returns the algorithms and numbers of a key, or no numbers.
func referenceNumbers(text map[string]string) (algs string, numbers []*big.Int) {
	switch text["kty"] + " " + text["crv"] {
	case "EC P-256":
		return "ES256", referencePoint(text, 32, "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
			"5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")
	case "EC P-384":
		return "ES384", referencePoint(text, 48, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
			"b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef")
	case "EC P-521":
		return "ES512", referencePoint(text, 66, "01ff"+strings.Repeat("ff", 64),
			"0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00")
	case "OKP Ed25519":
		x, isOctets := referenceOctets(text["x"])
		if !isOctets || len(x) != 32 || !referenceEd25519(x) {
			return "", nil
		}
		return "EdDSA Ed25519", []*big.Int{new(big.Int).SetBytes(x)}
	}
	if text["kty"] != "RSA" {
		return "", nil
	}
	n, isN := referenceOctets(text["n"])
	e, isE := referenceOctets(text["e"])
	if !isN || !isE || len(n) == 0 || n[0] == 0 || len(e) == 0 || e[0] == 0 {
		return "", nil
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if modulus.Bit(0) == 0 || modulus.BitLen() < 2048 || modulus.BitLen() > 8192 || exponent.Bit(0) == 0 ||
		exponent.Cmp(big.NewInt(3)) < 0 || exponent.Cmp(big.NewInt(1<<31-1)) > 0 {
		return "", nil
	}
	return "RS256 RS384 RS512 PS256 PS384 PS512", []*big.Int{modulus, exponent}
}

// referencePoint solves y² = x³ - 3x + b (FIPS 186-4 D.1.2).
func referencePoint(text map[string]string, size int, primeHex, bHex string) []*big.Int {
	prime, _ := new(big.Int).SetString(primeHex, 16)
	b, _ := new(big.Int).SetString(bHex, 16)
	xs, isX := referenceOctets(text["x"])
	ys, isY := referenceOctets(text["y"])
	if !isX || !isY || len(xs) != size || len(ys) != size {
		return nil
	}
	x, y := new(big.Int).SetBytes(xs), new(big.Int).SetBytes(ys)
	if x.Cmp(prime) >= 0 || y.Cmp(prime) >= 0 {
		return nil
	}
	right := new(big.Int).Exp(x, big.NewInt(3), prime)
	right.Sub(right, new(big.Int).Mul(x, big.NewInt(3)))
	right.Add(right, b).Mod(right, prime)
	if new(big.Int).Exp(y, big.NewInt(2), prime).Cmp(right) != 0 {
		return nil
	}
	return []*big.Int{x, y}
}

// referenceOctets reads base64url bit by bit (RFC 4648 §5, without padding and
// with nothing in the spare bits).
func referenceOctets(s string) ([]byte, bool) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	bits, pending, out := 0, 0, []byte{}
	for _, c := range []byte(s) {
		v := strings.IndexByte(alphabet, c)
		if v < 0 {
			return nil, false
		}
		pending, bits = pending<<6|v, bits+6
		if bits >= 8 {
			bits -= 8
			out = append(out, byte(pending>>bits))
			pending &= 1<<bits - 1
		}
	}
	return out, bits < 6 && pending == 0
}

// The curve edwards25519 (RFC 8032 §5.1): -x² + y² = 1 + dx²y² over the integers
// modulo 2^255 - 19.
var (
	edP = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	edD = edMul(big.NewInt(-121665), edInv(big.NewInt(121666)))
	edI = new(big.Int).Exp(big.NewInt(2), edShift(edP, 2), edP) // a square root of -1
)

func edShift(p *big.Int, by uint) *big.Int { return new(big.Int).Rsh(p, by) } // (p-1)/2^by
func edInv(a *big.Int) *big.Int            { return new(big.Int).ModInverse(a, edP) }
func edMul(a, b *big.Int) *big.Int         { c := new(big.Int).Mul(a, b); return c.Mod(c, edP) }
func edAdd(a, b *big.Int) *big.Int         { c := new(big.Int).Add(a, b); return c.Mod(c, edP) }
func edNeg(a *big.Int) *big.Int            { c := new(big.Int).Neg(a); return c.Mod(c, edP) }

type edPoint struct{ x, y *big.Int }

// add is the addition law of RFC 8032 §5.1.4 in affine coordinates.
func (p edPoint) add(q edPoint) edPoint {
	one, k := big.NewInt(1), edMul(edD, edMul(edMul(p.x, q.x), edMul(p.y, q.y)))
	x := edAdd(edMul(p.x, q.y), edMul(q.x, p.y))
	y := edAdd(edMul(p.y, q.y), edMul(p.x, q.x))
	return edPoint{edMul(x, edInv(edAdd(one, k))), edMul(y, edInv(edAdd(one, edNeg(k))))}
}

func (p edPoint) smallOrder() bool {
	for range 3 {
		p = p.add(p)
	}
	return p.x.Sign() == 0 && p.y.Cmp(big.NewInt(1)) == 0
}

// edDecode is RFC 8032 §5.1.3.
func edDecode(encoded []byte) (edPoint, bool) {
	le := slices.Clone(encoded)
	sign := uint(le[31] >> 7)
	le[31] &= 0x7f
	slices.Reverse(le)
	y := new(big.Int).SetBytes(le)
	if y.Cmp(edP) >= 0 {
		return edPoint{}, false
	}
	one := big.NewInt(1)
	yy := edMul(y, y)
	xx := edMul(edAdd(yy, edNeg(one)), edInv(edAdd(edMul(edD, yy), one)))
	x := new(big.Int).Exp(xx, edAdd(edShift(edP, 3), one), edP) // xx^((p+3)/8)
	if edMul(x, x).Cmp(xx) != 0 {
		x = edMul(x, edI)
	}
	if edMul(x, x).Cmp(xx) != 0 || x.Sign() == 0 && sign == 1 {
		return edPoint{}, false
	}
	if x.Bit(0) != sign {
		x = edNeg(x)
	}
	return edPoint{x, y}, true
}

func referenceEd25519(encoded []byte) bool {
	p, isPoint := edDecode(encoded)
	return isPoint && !p.smallOrder()
}

// numbersOf are those of a key that was admitted.
func numbersOf(public any) []*big.Int {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return []*big.Int{k.N, big.NewInt(int64(k.E))}
	case *ecdsa.PublicKey:
		x, y := coordinates(k)
		return []*big.Int{new(big.Int).SetBytes(x), new(big.Int).SetBytes(y)}
	case ed25519.PublicKey:
		return []*big.Int{new(big.Int).SetBytes(k)}
	}
	return nil
}
