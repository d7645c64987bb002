package introspect

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
)

// A BreakerState says whether the authorization server is asked.
type BreakerState string

// The states.
const (
	// BreakerClosed: it is.
	BreakerClosed BreakerState = "closed"
	// BreakerOpen: it has failed several times in a row, and is left alone for a
	// while.
	BreakerOpen BreakerState = "open"
	// BreakerHalfOpen: it is asked about one token, to find out whether it is back.
	BreakerHalfOpen BreakerState = "half-open"
)

const (
	// breakAfter is how many failures in a row open the breaker.
	breakAfter = 5
	// The breaker is open for firstBreak, and then twice as long after each
	// probe that fails.
	firstBreak = 1 * time.Second
	lastBreak  = 30 * time.Second
)

// A breaker keeps requests from an endpoint that is down, so that neither it nor
// those who ask get more to wait for. It is safe for concurrent use. The zero value
// is closed.
type breaker struct {
	mu       sync.Mutex
	state    BreakerState // empty: closed
	failures int          // in a row, before it opened
	opened   time.Time
	wait     time.Duration // how long from opened on
	reason   error
}

// allow reports whether a request may be made, and otherwise after what time
// another attempt makes sense. Each request that may must be followed by a call of
// succeeded or failed.
func (b *breaker) allow(now time.Time) (retryAfter time.Duration, reason error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch left := b.wait - clock.Elapsed(b.opened, now); {
	case b.state == BreakerHalfOpen:
		return firstBreak, b.reason
	case b.state != BreakerOpen:
	case left > 0:
		return left, b.reason
	default:
		b.state = BreakerHalfOpen
	}
	return 0, nil
}

// succeeded closes the breaker, and reports whether it was not closed.
func (b *breaker) succeeded() (recovered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	recovered = b.state != "" && b.state != BreakerClosed
	b.state, b.failures, b.wait, b.reason = BreakerClosed, 0, 0, nil
	return recovered
}

// failed counts a failure, and reports for how long the breaker is open from now
// on; zero if it is not, or if it was before. The endpoint may ask to be left
// alone for a while, which opens it at once.
func (b *breaker) failed(now time.Time, holdOff time.Duration, reason error) (open time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	if b.state == BreakerOpen {
		return 0 // a request that was made before it opened
	}
	if b.state != BreakerHalfOpen && b.failures < breakAfter && holdOff == 0 {
		return 0
	}
	b.wait = min(max(2*b.wait, firstBreak), lastBreak)
	// Jittered downwards, so that many instances do not ask together.
	open = max(b.wait-rand.N(b.wait/10+1), min(holdOff, lastBreak))
	b.state, b.opened, b.wait, b.reason = BreakerOpen, now, open, reason
	return open
}

// status returns the state, and, as long as requests are kept back, the reason.
func (b *breaker) status(now time.Time) (BreakerState, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.state == "":
		return BreakerClosed, nil
	case b.state == BreakerOpen && clock.Elapsed(b.opened, now) >= b.wait:
		return BreakerOpen, nil // the next request is the probe
	}
	return b.state, b.reason
}
