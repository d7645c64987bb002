package jwks

import "time"

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
		back := min(int(elapsed(b.since, now)/bucketRefill), b.missing)
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

// elapsed returns the time from one reading of the clock to a later one: the
// larger of what the monotonic and the wall clock say. The monotonic one stands
// still while a machine is suspended, the wall clock may be set back.
func elapsed(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}
