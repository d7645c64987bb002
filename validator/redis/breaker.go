package redis

import (
	"sync/atomic"
	"time"
)

const (
	// maxFailures is after how many failures in a row Redis is down.
	maxFailures = 5
	// pause is how long it is then left alone between two attempts.
	pause = time.Second
)

// breaker keeps requests from waiting, one after the other, for what does not
// answer. The zero value is closed: everybody may ask.
type breaker struct {
	failures atomic.Int32
	retryAt  atomic.Int64 // in Unix nanoseconds
}

// admits reports whether a request may ask. While Redis is down, one per pause
// may.
func (b *breaker) admits(now time.Time) bool {
	if b.failures.Load() < maxFailures {
		return true
	}
	retryAt := b.retryAt.Load()
	return now.UnixNano() >= retryAt && b.retryAt.CompareAndSwap(retryAt, now.Add(pause).UnixNano())
}

// failed counts a failure and reports whether Redis has just gone down.
func (b *breaker) failed(now time.Time) bool {
	b.retryAt.Store(now.Add(pause).UnixNano())
	return b.failures.Add(1) == maxFailures
}

// answered reports whether Redis has just come back.
func (b *breaker) answered() bool {
	return b.failures.Load() > 0 && b.failures.Swap(0) >= maxFailures
}
