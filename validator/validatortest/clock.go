package validatortest

import (
	"slices"
	"sync"
	"time"
)

// A Clock is a [validator.Clock] that stands still until it is advanced. It is
// for tests of what becomes of tokens with time: expiry, retiring audiences.
// For the schedule of key refreshes, which go on in goroutines of their own, a
// testing/synctest bubble is the better place, and needs no clock.
type Clock struct {
	advancing sync.Mutex

	mu     sync.Mutex
	now    time.Time
	timers []*timer // in the order in which they fire
}

type timer struct {
	at time.Time
	f  func()
}

// NewClock returns a clock that shows the given time.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AfterFunc plans a call of f for when the clock has been advanced by d; at the
// next Advance if d is zero or negative. Stop takes it back, and reports whether
// that was in time.
func (c *Clock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	added := &timer{at: c.now.Add(max(d, 0)), f: f}
	i := len(c.timers)
	for i > 0 && c.timers[i-1].at.After(added.at) {
		i--
	}
	c.timers = slices.Insert(c.timers, i, added)
	return func() bool { return c.stop(added) }
}

func (c *Clock) stop(t *timer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.timers, t)
	if i < 0 {
		return false
	}
	c.timers = slices.Delete(c.timers, i, i+1)
	return true
}

// Timers returns how many timers have neither fired nor been stopped.
func (c *Clock) Timers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.timers)
}

// Advance moves the clock on by d, which must not be negative. Timers that are
// due fire one after the other, in the order of their times and, among equals, in
// that of their making; each sees the time it was made for, and timers that it
// makes fire in turn. It returns when all of their functions have; what those
// have started in other goroutines may still be going on. They must not call
// Advance.
func (c *Clock) Advance(d time.Duration) {
	if d < 0 {
		panic("validatortest: a clock does not go backwards")
	}
	c.advancing.Lock()
	defer c.advancing.Unlock()
	end := c.Now().Add(d)
	for {
		f := c.next(end)
		if f == nil {
			return
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			f()
		}()
		<-done
	}
}

// next moves the clock to the next timer that is due by end and returns its
// function, or moves it to end and returns nil.
func (c *Clock) next(end time.Time) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.timers) == 0 || c.timers[0].at.After(end) {
		c.now = end
		return nil
	}
	due := c.timers[0]
	c.timers = slices.Delete(c.timers, 0, 1)
	c.now = due.at
	return due.f
}
