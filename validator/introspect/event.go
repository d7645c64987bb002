package introspect

import (
	"sync/atomic"
	"time"
)

// An EventKind says what happened.
type EventKind string

const (
	// Failed: a request failed, for the reason Err.
	Failed EventKind = "failed"
	// Opened follows a Failed: the authorization server is left alone for
	// RetryAfter.
	Opened EventKind = "breaker opened"
	// Recovered: it answers again.
	Recovered EventKind = "recovered"
)

// An Event tells what happened to the endpoint. Fields that its kind does not
// mention are zero. It holds nothing of any token.
type Event struct {
	Kind       EventKind
	Time       time.Time
	Err        error
	RetryAfter time.Duration
}

// tell hands out events.
func (c *Client) tell(events []Event) {
	if c.onEvent == nil || len(events) == 0 {
		return
	}
	c.telling.Lock()
	defer c.telling.Unlock()
	for _, event := range events {
		event.Time = c.clock.Now()
		func() {
			defer func() { _ = recover() }()
			c.onEvent(event)
		}()
	}
}

// Stats are the figures of a [Client] since it was made. Hits ÷ (Hits + Misses) is
// the hit rate of the cache.
type Stats struct {
	// Hits were answered from the cache, Misses were not.
	Hits, Misses uint64
	// Of the misses, Fetches made a request, Shared joined one, and Rejected got
	// their 503 at once: too many requests, or the breaker was open.
	Fetches, Shared, Rejected uint64
	// Failures is how many of Fetches did not bring an answer.
	Failures uint64
	// Breaker says whether the authorization server is asked.
	Breaker BreakerState

	// Evictions is how many answers made room for others; Entries is how many
	// there are, and Bytes how much memory they take.
	Evictions      uint64
	Entries, Bytes int
}

type counters struct {
	hits, misses, fetches, shared, rejected, failures atomic.Uint64
}

// Stats returns the figures of now.
func (c *Client) Stats() Stats {
	all := Stats{
		Hits: c.hits.Load(), Misses: c.misses.Load(),
		Fetches: c.fetches.Load(), Shared: c.shared.Load(), Rejected: c.rejected.Load(),
		Failures: c.failures.Load(),
	}
	all.Breaker, _ = c.breaker.status(c.clock.Now())
	if c.active != nil {
		c.active.addTo(&all)
		c.inactive.addTo(&all)
	}
	return all
}
