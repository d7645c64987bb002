package validator

import (
	"strconv"
	"strings"
)

// A rounding says where the fraction of a NumericDate goes: away from validity.
type rounding bool

const (
	floor rounding = false // exp
	ceil  rounding = true  // nbf, iat
)

// numericDate reads a NumericDate (RFC 7519 §2): seconds since the epoch as a
// JSON number, not negative and below 2^53, with or without a fraction and an
// exponent. It is read digit by digit, because a float64 would round a fraction
// to a whole second before it can be cut off. The value is well-formed JSON.
func numericDate(value []byte, to rounding) (int64, error) {
	if seconds, ok := wholeNumber(value); ok {
		return seconds, nil
	}
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(string(value)), "e")
	unsigned, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(unsigned, ".")
	digits := whole + fraction
	zero := strings.Trim(digits, "0") == ""
	switch {
	case digits == "" || digits[0] < '0' || digits[0] > '9': // not a number at all
		return 0, errClaimNumber
	case zero:
		return 0, nil
	case negative:
		return 0, errClaimNumber
	}
	point := len(whole)
	if hasExponent {
		shift, err := strconv.Atoi(exponent)
		if err != nil || shift > maxTokenBytes || shift < -maxTokenBytes {
			return 0, errClaimNumber
		}
		point += shift
	}
	return round(digits, point, to)
}

// round returns the digits as a number whose decimal point is before the digit
// point, rounded. The digits are not all zero.
func round(digits string, point int, to rounding) (int64, error) {
	lead := len(digits) - len(strings.TrimLeft(digits, "0"))
	digits, point = digits[lead:], point-lead
	if point > maxDateDigits {
		return 0, errClaimNumber
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
	if to == ceil && strings.Trim(rest, "0") != "" {
		n++
	}
	if n >= 1<<53 {
		return 0, errClaimNumber
	}
	return n, nil
}

const maxDateDigits = 16 // 2^53 has that many

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
