package jwks_test

import (
	"crypto/ed25519"
	"math/big"
	"slices"
	"testing"

	"github.com/bearerguard/bearerguard/jwks"
)

// encode is RFC 8032 §5.1.2 for any y below 2^255.
func encode(y *big.Int, sign byte) []byte {
	b := y.FillBytes(make([]byte, 32))
	slices.Reverse(b)
	b[31] |= sign << 7
	return b
}

// TestEd25519SmallOrder derives all points of small order: those with
// y ∈ {1, -1, 0} and the four of order 8, and all ways to write them.
func TestEd25519SmallOrder(t *testing.T) {
	// A point of order 8 doubles to one of order 4, (±i, 0), so that x² = -y²
	// and the curve equation becomes 2y² = 1 - dy⁴.
	var ys []*big.Int
	for _, y := range []int64{1, -1, 0} {
		ys = append(ys, new(big.Int).Mod(big.NewInt(y), edP))
	}
	one := big.NewInt(1)
	root := new(big.Int).ModSqrt(edAdd(one, edD), edP) // dy⁴ + 2y² - 1 = 0
	for _, r := range []*big.Int{root, edNeg(root)} {
		yy := edMul(edAdd(edNeg(one), r), edInv(edD))
		if y := new(big.Int).ModSqrt(yy, edP); y != nil {
			ys = append(ys, y, edNeg(y))
		}
	}
	if len(ys) != 5 {
		t.Fatalf("%d y coordinates, want 5", len(ys))
	}
	points := 0
	for _, y := range ys {
		for _, sign := range []byte{0, 1} {
			encoded := encode(y, sign)
			if p, isPoint := edDecode(encoded); isPoint {
				points++
				if !p.smallOrder() {
					t.Errorf("%x is not of small order: the test is wrong", encoded)
				}
			}
			// With y + p, too, where that fits into 255 bits.
			for _, y := range []*big.Int{y, new(big.Int).Add(y, edP)} {
				if y.BitLen() > 255 {
					continue
				}
				if _, err := jwks.NewKey("", "", ed25519.PublicKey(encode(y, sign))); err != error(jwks.Invalid) {
					t.Errorf("NewKey(%x) = %v", encode(y, sign), err)
				}
			}
		}
	}
	if points != 8 {
		t.Errorf("%d points, want 8", points)
	}
}

// TestEd25519Encoding goes through small y with and without p added, and good keys.
func TestEd25519Encoding(t *testing.T) {
	var good, bad int
	check := func(encoded []byte) {
		t.Helper()
		_, err := jwks.NewKey("", "", ed25519.PublicKey(encoded))
		want := referenceEd25519(encoded)
		if got := err == nil; got != want {
			t.Errorf("NewKey(%x) = %v, the reference says %v", encoded, err, want)
		}
		if want {
			good++
		} else {
			bad++
		}
	}
	for i := range int64(200) {
		check(encode(big.NewInt(i), byte(i&1)))
	}
	for i := range byte(20) {
		check(edKey(i))
	}
	onCurve := 0
	for i := range int64(19) { // y + p: the same point, written in another way
		if _, isPoint := edDecode(encode(big.NewInt(i), 0)); isPoint {
			onCurve++
		}
		check(encode(new(big.Int).Add(big.NewInt(i), edP), 0))
	}
	if good < 50 || bad < 50 || onCurve < 5 {
		t.Errorf("%d good ones, %d bad ones, %d on the curve: not enough to tell", good, bad, onCurve)
	}
}
