// Package clock is the one source of time for every package of this module,
// timers included, so that a test can move it by hand.
package clock

import "time"

// Clock tells the time and starts timers. Implementations are safe for
// concurrent use.
type Clock interface {
	// Now returns the current time.
	Now() time.Time
	// AfterFunc calls f in its own goroutine once d has passed. The returned
	// function stops the timer, and reports whether it did so before f was
	// started.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// System is the clock of the operating system.
type System struct{}

// Now is time.Now.
func (System) Now() time.Time { return time.Now() }

// AfterFunc is time.AfterFunc.
func (System) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// Or returns c, or the system clock if c is nil.
func Or(c Clock) Clock {
	if c == nil {
		return System{}
	}
	return c
}

// Elapsed returns the time from one reading of a clock to a later one: the
// larger of what the monotonic and the wall clock say. The monotonic one stands
// still while a machine is suspended, the wall clock may be set back.
func Elapsed(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}
