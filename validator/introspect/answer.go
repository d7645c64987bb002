package introspect

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxAnswerBytes is far more than any token's claims take.
	maxAnswerBytes = 64 << 10
	maxDepth       = 16
)

// The errors hold nothing of the answer.
var (
	errAnswerSize = errors.New("answer over 64 KiB")
	errNoActive   = errors.New("answer without a member active")
	errActiveType = errors.New("active is not a boolean")
	errExpiryType = errors.New("exp is not a number of seconds")
)

// An answer is what the authorization server says of a token. It is immutable.
type answer struct {
	active bool
	claims []byte // of an active token: the JSON object
	expiry int64  // NumericDate; noExpiry: it tells none
}

const noExpiry = math.MaxInt64

// inactive has no claims: RFC 7662 §2.2 lets nothing be told of such a token.
var inactive = answer{expiry: noExpiry}

// parseAnswer reads an introspection response (RFC 7662 §2.2). What it says besides
// active matters only if that is true. A token whose exp is over is not active,
// whatever else is said.
func parseAnswer(body []byte, now time.Time) (answer, error) {
	hasActive, active := false, false
	expiry, goodExpiry := int64(noExpiry), true
	err := strictjson.Object(body, maxDepth, func(name []byte, value jsontext.Value) error {
		switch string(name) {
		case "active":
			hasActive = true
			switch value.Kind() {
			case 't':
				active = true
			case 'f':
			default:
				return errActiveType
			}
		case "exp":
			expiry, goodExpiry = numericDate(value)
		}
		return nil
	})
	switch {
	case err != nil:
		return answer{}, err
	case !hasActive:
		return answer{}, errNoActive
	case !active:
		return inactive, nil
	case !goodExpiry:
		return answer{}, errExpiryType
	case now.Unix() >= expiry:
		return inactive, nil
	}
	// A copy, because the body's buffer may be larger than the body.
	return answer{active: true, claims: slices.Clip(slices.Clone(body)), expiry: expiry}, nil
}

// numericDate reads a NumericDate (RFC 7519 §2) as the whole second before it:
// positive and below 2^53. The value is well-formed JSON, of any kind.
func numericDate(value jsontext.Value) (int64, bool) {
	text := string(value)
	if !strings.ContainsAny(text, "eE") {
		text, _, _ = strings.Cut(text, ".") // exact, as a float64 is not
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 1 || n >= 1<<53 {
		return 0, false
	}
	return int64(n), true
}
