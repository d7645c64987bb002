package jwks

import (
	"context"
	"errors"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/fetch"
)

// An attempt is one fetch of the keys, shared by all who wait for it. It exists
// before it runs, so that one can wait for it then, too.
type attempt struct {
	running bool
	began   time.Time
	timer   func() bool // stops the timer that would start it
	cancel  context.CancelFunc

	done chan struct{} // closed when set and err are there
	set  *Set
	err  error
}

func newAttempt() *attempt {
	nothing := func() {}
	return &attempt{done: make(chan struct{}), timer: func() bool { return false }, cancel: nothing}
}

// result waits for the attempt to end, no longer than ctx allows.
func (a *attempt) result(ctx context.Context) (*Set, error) {
	select {
	case <-a.done:
		return a.set, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// abort ends the attempt for good, or keeps it from ever running.
func (a *attempt) abort() {
	a.timer()
	a.cancel()
	if !a.running {
		a.end(nil, &UnavailableError{Err: ErrClosed})
	}
}

func (a *attempt) end(set *Set, err error) {
	a.set, a.err = set, err
	close(a.done)
}

// start runs the attempt. The caller holds mu and knows that it is not running.
func (r *Remote) start(now time.Time) {
	a := r.attempt
	a.timer()
	a.running, a.began = true, now
	// Not a caller's context: others wait for the same fetch, and it goes on
	// when the first one has lost patience.
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	s := r.current.Load()
	if s != nil {
		r.current.Store(&snapshot{s.set, s.confirmed, never})
	}
	r.running.Go(func() { r.run(ctx, a, s != nil) })
}

var errAborted = errors.New("the fetch did not come to an end")

// run fetches, without mu: only one attempt at a time runs.
func (r *Remote) run(ctx context.Context, a *attempt, haveSet bool) {
	var got answer
	var restored *saved
	err := errAborted
	defer func() {
		_ = recover() // nothing on this path may take the process down
		a.cancel()
		r.save(r.finish(a, got, restored, err))
	}()
	got, err = r.origin.fetch(ctx, haveSet)
	if err != nil && !haveSet {
		restored = r.restore(ctx)
	}
}

// finish puts the outcome of an attempt into effect and plans the next one. It
// returns what the issuer has just confirmed, if anything.
func (r *Remote) finish(a *attempt, got answer, restored *saved, err error) (confirmed *snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		a.end(nil, &UnavailableError{Err: ErrClosed})
		return nil
	}
	r.ended = r.clock.Now()
	var events []Event
	if err == nil {
		events = r.accept(a, got)
		confirmed = r.current.Load()
	} else {
		events = r.reject(err, restored)
	}
	r.attempt = newAttempt()
	r.attempt.timer = r.startLater(r.attempt, r.wait)
	if err == nil || restored != nil {
		a.end(r.current.Load().set, nil)
	} else {
		a.end(nil, r.unavailable(r.ended))
	}
	for i := range events {
		events[i].Time = r.ended
	}
	r.events.send(events...)
	return confirmed
}

// startLater starts the attempt after d, unless something else has by then.
func (r *Remote) startLater(a *attempt, d time.Duration) (stop func() bool) {
	return r.clock.AfterFunc(d, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !r.closed && r.attempt == a && !a.running {
			r.start(r.clock.Now())
		}
	})
}

// accept puts what was fetched in place of the set in force: it is replaced, never
// merged, or a withdrawn key would live on.
func (r *Remote) accept(a *attempt, got answer) []Event {
	before := new(Set)
	if s := r.current.Load(); s != nil {
		before = s.set
	}
	after := before
	events := []Event{{Kind: Refreshed, Failures: r.failures}}
	if got.set != nil {
		after = got.set.adopt(before)
		events = append(events, changes(before, after)...)
		events = append(events, newlyDropped(r.dropped, got.dropped)...)
		r.dropped = got.dropped
	}
	events[0].Keys = after.Len()

	// What an unchanged document leaves out holds on from before (RFC 9111
	// §4.3.4).
	if got.set != nil || got.freshTold {
		r.interval = r.refreshInterval
		if got.freshTold {
			r.interval = min(r.interval, got.fresh)
		}
	}
	r.failures, r.lastError, r.heldOff = 0, nil, false
	r.lastSuccess = r.ended
	r.location = r.origin.keys.Redacted()
	r.wait = earlier(r.interval)
	// The age counts from the beginning of the fetch: what is in it may have
	// been written then.
	r.current.Store(&snapshot{after, a.began, clock.Elapsed(a.began, r.ended) + r.wait})
	return events
}

// reject leaves the set in force as it is: keys that were good a moment ago are a
// better answer than none. At the start that may be one that was saved.
func (r *Remote) reject(err error, restored *saved) []Event {
	r.failures++
	r.lastError = err
	r.wait = backoff(r.failures)
	off := r.bearable(min(fetch.HoldOff(err), maxHoldOff))
	if r.heldOff = off > r.wait; r.heldOff {
		r.wait = off
	}
	events := []Event{{Kind: RefreshFailed, Err: err, Failures: r.failures}}
	if unusable, ok := errors.AsType[*unusableError](err); ok {
		events = append(events, newlyDropped(r.dropped, unusable.dropped)...)
		r.dropped = unusable.dropped
	}
	if restored != nil {
		events = append(events, r.begin(restored)...)
	}
	if s := r.current.Load(); s != nil {
		age := clock.Elapsed(s.confirmed, r.ended)
		if age < r.maxStale {
			events = append(events, Event{Kind: StaleServed, Age: age})
		}
		r.current.Store(&snapshot{s.set, s.confirmed, age + r.wait})
	}
	return events
}

// bearable shortens how long the issuer asks to be left alone, so that keys that
// are still good do not run out for that alone.
func (r *Remote) bearable(off time.Duration) time.Duration {
	s := r.current.Load()
	if s == nil {
		return off
	}
	left := r.maxStale - clock.Elapsed(s.confirmed, r.ended)
	if left <= 0 {
		return off
	}
	return min(off, left/2)
}

// newlyDropped tells only of what was not there the last time: the same document
// comes again and again.
func newlyDropped(before, now []Dropped) []Event {
	type problem struct {
		id     string
		reason Reason
	}
	known := make(map[problem]bool, len(before))
	for _, d := range before {
		known[problem{d.ID, d.Reason}] = true
	}
	var events []Event
	for _, d := range now {
		if !known[problem{d.ID, d.Reason}] {
			events = append(events, Event{Kind: KeyDropped, KeyID: d.ID, Reason: d.Reason})
		}
	}
	return events
}

// untilNext returns how far away the next attempt is.
func (r *Remote) untilNext(now time.Time) time.Duration {
	return min(max(r.wait-clock.Elapsed(r.ended, now), 0), r.wait)
}

// unavailable is the error after a failed attempt.
func (r *Remote) unavailable(now time.Time) error {
	return &UnavailableError{RetryAfter: r.untilNext(now), Err: r.lastError}
}
