package jwks

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/discovery"
	"github.com/bearerguard/bearerguard/internal/fetch"
)

// ErrClosed is the reason why a closed [Remote] has no keys.
var ErrClosed = errors.New("closed")

// Remote is a [Source] that keeps the keys an issuer publishes. It does nothing
// until it is asked for keys. From then on it refreshes them in the background
// until it is closed, and whoever reads them never waits for the network, except
// for the first set, or if the last one is older than [Config].MaxStale. It is safe
// for concurrent use.
type Remote struct {
	issuer          string
	refreshInterval time.Duration
	maxStale        time.Duration
	clock           clock.Clock
	client          *fetch.Client
	cache           *cache // nil: none
	events          notifier

	// What readers see. It is written under mu.
	current atomic.Pointer[snapshot]

	mu      sync.Mutex
	closed  bool
	origin  origin   // belongs to the attempt that is running
	attempt *attempt // the one that is running, or else the next one
	running sync.WaitGroup

	// The outcome of the last attempt.
	ended       time.Time
	wait        time.Duration // from ended to the next attempt
	failures    int           // in a row
	lastError   error
	heldOff     bool // the issuer asked to be left alone that long
	interval    time.Duration
	lastSuccess time.Time
	location    string // where the keys came from
	dropped     []Dropped
	cacheError  error

	waiting        atomic.Int32 // calls of Newer, for an attempt
	unknown        bucket       // fetches for unknown key ids
	suppressed     int          // since the last event about it
	suppressedTold time.Time
}

var _ Source = (*Remote)(nil)

// A snapshot is a set with what is needed to judge its age. It is immutable.
type snapshot struct {
	set       *Set
	confirmed time.Time     // when the fetch began that brought it
	due       time.Duration // the age at which the next attempt should begin
}

// never is the due of a snapshot while an attempt is running.
const never = time.Duration(math.MaxInt64)

// NewRemote returns a Remote that has not fetched anything yet. The error joins
// one [ConfigError] per problem. Close releases it.
func NewRemote(config Config) (*Remote, error) {
	keys, issuer, err := config.compile()
	if err != nil {
		return nil, err
	}
	r := &Remote{
		issuer:          config.Issuer,
		refreshInterval: config.RefreshInterval,
		maxStale:        config.MaxStale,
		clock:           config.Clock,
		client:          config.newClient(),
		events:          notifier{notify: config.OnEvent},
		attempt:         newAttempt(),
	}
	r.origin = origin{
		client: r.client,
		clock:  config.Clock,
		keys:   keys,
		maxAge: config.MaxStale,
	}
	if issuer != nil {
		r.origin.finder = discovery.NewFinder(r.client, issuer, config.Issuer, "jwks_uri", false, config.InsecureLoopbackHTTP)
	}
	if config.CacheFile != "" {
		r.cache = newCache(config.CacheFile, config.Issuer+config.URL, config.Clock)
	}
	return r, nil
}

// Current implements [Source]. Once there is a set it costs a clock reading and
// takes no lock.
func (r *Remote) Current(ctx context.Context) (*Set, error) {
	return r.CurrentAt(ctx, r.clock.Now())
}

// CurrentAt is [Remote.Current] for callers that have read the clock of this
// Remote just now. Once there is a set it costs next to nothing.
func (r *Remote) CurrentAt(ctx context.Context, now time.Time) (*Set, error) {
	if s := r.current.Load(); s != nil {
		if age := clock.Elapsed(s.confirmed, now); age < r.maxStale {
			if age > s.due {
				r.nudge()
			}
			return s.set, nil
		}
	}
	return r.await(ctx)
}

// nudge starts an attempt that should have been started by a timer, as happens
// when a machine was suspended. If the lock is taken the next reader does it.
func (r *Remote) nudge() {
	if !r.mu.TryLock() {
		return
	}
	defer r.mu.Unlock()
	now := r.clock.Now()
	if !r.closed && !r.attempt.running && clock.Elapsed(r.ended, now) >= r.wait {
		r.start(now)
	}
}

// await is Current without a set that can be used.
func (r *Remote) await(ctx context.Context) (*Set, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a, set, err := r.joinOrStart()
	if a == nil {
		return set, err
	}
	return a.result(ctx)
}

// joinOrStart returns the attempt to wait for, or the result if there is nothing
// to wait for.
func (r *Remote) joinOrStart() (*attempt, *Set, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock.Now()
	if r.closed {
		return nil, nil, &UnavailableError{Err: ErrClosed}
	}
	s := r.current.Load()
	if s != nil && clock.Elapsed(s.confirmed, now) < r.maxStale {
		return nil, s.set, nil // it has just come
	}
	if s != nil && r.attempt.running && r.failures > 0 && clock.Elapsed(r.ended, now) <= r.wait+2*fetch.Timeout {
		// The keys ran out while attempt after attempt failed, the last one just now,
		// and not before the machine was suspended. Who waits for this
		// one, for 10 seconds if the issuer hangs, is in for the same answer, and
		// there may be thousands.
		return nil, nil, r.unavailable(now)
	}
	if !r.attempt.running {
		if r.failures > 0 && r.untilNext(now) > 0 {
			return nil, nil, r.unavailable(now)
		}
		r.start(now)
	}
	return r.attempt, nil, nil
}

// Newer implements [Source]. Key ids are made up easily, so only two calls, and
// then one every 30 seconds, cause a fetch of their own; the others join a fetch
// that is under way anyway, or get what there is.
func (r *Remote) Newer(ctx context.Context, seen *Set) (*Set, error) {
	set, err := r.Current(ctx)
	if err != nil || set != seen {
		return set, err
	}
	if a := r.underway(); a != nil {
		set, err := r.waitFor(ctx, a)
		if err != nil || set != seen {
			return set, err
		}
		// It began before this call and may have missed the key by a moment. A
		// new key shall work at its first use.
	}
	a, set, err := r.askAgain(seen)
	if a == nil {
		return set, err
	}
	return r.waitFor(ctx, a)
}

// maxWaiting is how many calls of Newer wait at the same time. Each holds a request
// of somebody who may have made the key id up, for as long as the issuer hangs.
const maxWaiting = 1024

// waitFor waits for the attempt, unless too many do.
func (r *Remote) waitFor(ctx context.Context, a *attempt) (*Set, error) {
	defer r.waiting.Add(-1)
	if r.waiting.Add(1) > maxWaiting {
		return nil, &UnavailableError{Err: errWaiting}
	}
	return a.result(ctx)
}

var errWaiting = errors.New("too many wait for the keys to be fetched")

// underway returns the attempt that is running, or nil.
func (r *Remote) underway() *attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.attempt.running {
		return r.attempt
	}
	return nil
}

// askAgain returns an attempt that began after the call of Newer, or the result
// if there is none to wait for.
func (r *Remote) askAgain(seen *Set) (*attempt, *Set, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock.Now()
	switch s := r.current.Load(); {
	case r.closed:
		return nil, nil, &UnavailableError{Err: ErrClosed}
	case s.set != seen:
		return nil, s.set, nil
	case r.attempt.running:
		return r.attempt, nil, nil
	case r.heldOff && r.untilNext(now) > 0:
		return nil, nil, r.unavailable(now)
	case r.unknown.take(now):
		r.start(now)
		return r.attempt, nil, nil
	case r.failures > 0:
		r.suppress(now)
		return nil, nil, r.unavailable(now)
	}
	r.suppress(now)
	return nil, seen, nil
}

// suppress counts a lookup that was not made, and tells of it now and then.
func (r *Remote) suppress(now time.Time) {
	r.suppressed++
	if r.suppressedTold.IsZero() || clock.Elapsed(r.suppressedTold, now) >= bucketRefill {
		r.events.send(Event{Kind: FloodSuppressed, Time: now, Suppressed: r.suppressed})
		r.suppressed, r.suppressedTold = 0, now
	}
}

// Ready waits until there are keys. It fetches them if nobody has yet, and again
// after failures, until ctx is done; then the error is ctx's, together with the
// reason why there are none. Nobody has to call it: a program does so at its start
// to learn of a wrong configuration before the first request. For a check of its
// health there is [Remote.Healthy].
func (r *Remote) Ready(ctx context.Context) error {
	for {
		next, _ := r.progress()
		_, err := r.Current(ctx)
		if err == nil || errors.Is(err, ErrClosed) {
			return err
		}
		select {
		case <-next.done:
			continue
		case <-ctx.Done():
		}
		_, reason := r.progress()
		if reason == nil {
			reason = errNoAnswer
		}
		return fmt.Errorf("%w; keys unavailable: %w", ctx.Err(), reason)
	}
}

// progress returns the attempt that is running or next, and how the last one
// failed.
func (r *Remote) progress() (*attempt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.attempt, r.lastError
}

// Close stops everything: the fetch that may be under way, its timers, the
// connections of the transport unless that is the caller's. It waits for that,
// for at most 5 seconds if the caller's transport does not come back, and for the
// event that may be being delivered. Closing twice does no harm.
// Afterwards there are no keys, for the reason [ErrClosed].
func (r *Remote) Close() error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		r.current.Store(nil)
		r.attempt.abort()
	}
	r.mu.Unlock()
	r.running.Wait()
	r.events.close()
	r.client.Close()
	return nil
}
