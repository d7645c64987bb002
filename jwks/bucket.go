package jwks

import (
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
)

// The limits on fetches that unknown key ids cause. Anybody can make up key ids.
const (
	bucketBurst  = 2
	bucketRefill = 30 * time.Second // brings one back
)

// A bucket limits how often something happens. The zero value is full.
type bucket struct {
	missing int
	since   time.Time // when the refill of the next one began
}

// take removes one, and reports whether there was one.
func (b *bucket) take(now time.Time) bool {
	if b.missing > 0 {
		back := min(int(clock.Elapsed(b.since, now)/bucketRefill), b.missing)
		if back > 0 {
			b.missing -= back
			b.since = b.since.Add(time.Duration(back) * bucketRefill)
		}
	}
	if b.missing == bucketBurst {
		return false
	}
	if b.missing == 0 {
		b.since = now
	}
	b.missing++
	return true
}
