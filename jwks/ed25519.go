package jwks

import (
	"crypto/ed25519"
	"encoding/hex"
	"math/big"
	"slices"
)

// validEd25519 reports whether the public key is the canonical encoding of a
// point on the curve (RFC 8032 §5.1.3) that is not of small order. The standard
// library looks at neither: it panics on a wrong length, calls every signature
// under an undecodable key bad, and under a key of small order a signature can
// be good for many messages without anybody having signed them.
func validEd25519(public ed25519.PublicKey) bool {
	if len(public) != ed25519.PublicKeySize {
		return false
	}
	le := slices.Clone(public)
	le[31] &= 0x7f // the sign of x
	if slices.Contains(smallOrder, hex.EncodeToString(le)) {
		return false
	}
	slices.Reverse(le)
	y := new(big.Int).SetBytes(le)
	if y.Cmp(fieldPrime) >= 0 {
		return false
	}
	// x² = (y²-1)/(dy²+1) has a root if and only if (y²-1)(dy²+1) is a square;
	// the denominator is never zero, since -1/d is not a square.
	yy := new(big.Int).Mul(y, y)
	v := new(big.Int).Mul(yy, edwardsD)
	v.Add(v, big.NewInt(1))
	u := yy.Sub(yy, big.NewInt(1))
	return big.Jacobi(u.Mul(u, v), fieldPrime) != -1
}

// smallOrder lists the y coordinates, as encoded and without the sign, of the
// eight points whose order divides the cofactor 8.
var smallOrder = []string{
	"0100000000000000000000000000000000000000000000000000000000000000", // 1
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // 2
	"0000000000000000000000000000000000000000000000000000000000000000", // 4
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // 8
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // 8
}

// The field and the constant d of edwards25519 (RFC 8032 §5.1).
var (
	fieldPrime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	edwardsD   = func() *big.Int {
		// d = -121665/121666
		d := new(big.Int).ModInverse(big.NewInt(121666), fieldPrime)
		d.Mul(d, big.NewInt(-121665))
		return d.Mod(d, fieldPrime)
	}()
)
