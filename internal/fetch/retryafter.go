package fetch

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter returns what a refusal says about the next attempt (RFC 9110
// §10.2.3), zero if nothing.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return Seconds(value)
}

// Seconds reads delta-seconds (RFC 9111 §1.2.2), at most a year; zero if it is
// something else.
func Seconds(s string) time.Duration {
	const year = 365 * 24 * time.Hour
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > int64(year/time.Second) {
		return year
	}
	return time.Duration(n) * time.Second
}
