package strictjson

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A Rounding says where the fraction of a NumericDate goes.
type Rounding bool

// A time goes where it makes a token good for less.
const (
	Floor Rounding = false // exp
	Ceil  Rounding = true  // nbf, iat
)

// NumericDate reads a NumericDate (RFC 7519 §2): seconds since the epoch as a
// JSON number, not negative and below 2^53, with or without a fraction and an
// exponent. It is read digit by digit, because a float64 would round a fraction
// to a whole second before it can be cut off. It is not ok if the value, which is
// well-formed JSON of any kind, is something else.
func NumericDate(value jsontext.Value, to Rounding) (seconds int64, ok bool) {
	if seconds, ok := wholeNumber(value); ok {
		return seconds, true
	}
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(string(value)), "e")
	unsigned, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(unsigned, ".")
	digits := whole + fraction
	zero := strings.Trim(digits, "0") == ""
	switch {
	case digits == "" || digits[0] < '0' || digits[0] > '9': // not a number at all
		return 0, false
	case zero:
		return 0, true
	case negative:
		return 0, false
	}
	point := len(whole)
	if hasExponent {
		shift, err := strconv.Atoi(exponent)
		if err != nil || shift > maxShift || shift < -maxShift {
			return 0, false
		}
		point += shift
	}
	return round(digits, point, to)
}

// round returns the digits as a number whose decimal point is before the digit
// point, rounded. The digits are not all zero.
func round(digits string, point int, to Rounding) (int64, bool) {
	lead := len(digits) - len(strings.TrimLeft(digits, "0"))
	digits, point = digits[lead:], point-lead
	if point > maxDateDigits {
		return 0, false
	}
	var n int64
	for i := range max(point, 0) {
		n *= 10
		if i < len(digits) {
			n += int64(digits[i] - '0')
		}
	}
	rest := digits
	if point > 0 {
		rest = digits[min(point, len(digits)):]
	}
	if to == Ceil && strings.Trim(rest, "0") != "" {
		n++
	}
	if n >= 1<<53 {
		return 0, false
	}
	return n, true
}

const (
	maxDateDigits = 16      // 2^53 has that many
	maxShift      = 1 << 20 // there is no room for more digits in what is read
)

// wholeNumber reads what nearly every NumericDate is: up to 15 digits, which is
// below 2^53.
func wholeNumber(value []byte) (n int64, ok bool) {
	if len(value) > 15 {
		return 0, false
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
