package introspect

import (
	"errors"
	"math"
	"slices"
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
			expiry, goodExpiry = strictjson.NumericDate(value, strictjson.Floor)
			goodExpiry = goodExpiry && expiry > 0
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
