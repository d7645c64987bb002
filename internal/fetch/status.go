package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// A StatusError is a response with another status than the one asked for.
type StatusError struct {
	Status     int
	RetryAfter time.Duration // zero: it does not say
}

// Refused returns the error of such a response.
func (c *Client) Refused(r *Response) *StatusError {
	return &StatusError{r.Status, RetryAfter(r.Header, c.clock.Now())}
}

func (e *StatusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("HTTP status %d %s", e.Status, http.StatusText(e.Status)))
}

// HoldOff returns how long the other side asks to be left alone: the longest that one
// of the joined errors says.
func HoldOff(err error) (longest time.Duration) {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range several.Unwrap() {
			longest = max(longest, HoldOff(err))
		}
		return longest
	}
	if refusal, ok := errors.AsType[*StatusError](err); ok {
		return refusal.RetryAfter
	}
	return 0
}
