package jwks

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/internal/fetch"
)

const (
	firstBackoff = 1 * time.Second
	lastBackoff  = 4 * time.Second
	// maxHoldOff bounds Retry-After: an issuer may ask for quiet, but not for so
	// long that it costs the API its keys.
	maxHoldOff = 30 * time.Second
	// minFreshness bounds Cache-Control, so that an issuer that forbids caching
	// is not asked for every token.
	minFreshness = 1 * time.Minute
)

// backoff returns how long to wait after so many failures in a row. It only ever
// jitters downwards: an endpoint that is back is noticed within the last step.
func backoff(failures int) time.Duration {
	d := firstBackoff
	for range failures - 1 {
		if d *= 2; d >= lastBackoff {
			d = lastBackoff
			break
		}
	}
	return earlier(d)
}

// earlier shortens d by up to a tenth, so that many instances that were started
// together do not ask together.
func earlier(d time.Duration) time.Duration {
	return d - rand.N(d/10+1)
}

// freshness returns how long a response may be used (RFC 9111 §4.2.1), at least
// minFreshness, and whether it says so at all. Contradictions and what cannot
// be read count as the shorter time.
func freshness(h http.Header) (time.Duration, bool) {
	fresh, told := time.Duration(0), false
	limit := func(d time.Duration) {
		if !told || d < fresh {
			fresh, told = d, true
		}
	}
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-cache", "no-store":
			limit(0)
		case "max-age":
			limit(fetch.Seconds(strings.Trim(value, `"`)) - fetch.Seconds(h.Get("Age")))
		}
	}
	return max(fresh, minFreshness), told
}
