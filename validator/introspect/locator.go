package introspect

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/discovery"
)

const (
	// locationAge is when the issuer is asked again where its endpoint is,
	// without a reason.
	locationAge = time.Hour
	// locationPause is how often it is asked at most, with one.
	locationPause = time.Minute
)

// A locator knows where the introspection endpoint is. It is safe for concurrent
// use.
type locator struct {
	clock   clock.Clock
	timeout time.Duration
	finder  *discovery.Finder // used by the one who asks; nil: found is configured and never changes
	asking  chan struct{}     // has room for the one who asks

	mu        sync.Mutex
	found     *url.URL
	asked     time.Time
	doubtful  bool // the endpoint has failed since
	attempts  int
	lastError error // of the last attempt
}

// locate returns the endpoint. Callers wait for the issuer only if nothing is
// known yet: a location that may be outdated is as good as the requests to it.
func (l *locator) locate(ctx context.Context) (*url.URL, error) {
	known, due, attempt := l.known()
	switch {
	case known != nil && !due:
		return known, nil
	case known != nil:
		select {
		case l.asking <- struct{}{}:
		default:
			return known, nil // somebody else asks
		}
	default:
		select {
		case l.asking <- struct{}{}:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	defer func() { <-l.asking }()
	if found, err, ok := l.since(attempt); ok {
		return found, err // what this caller has waited for
	}
	timeout := l.timeout
	if known != nil {
		timeout /= 2 // the rest is for the endpoint
	}
	ctx, cancel := withTimeout(ctx, l.clock, timeout)
	defer cancel()
	found, err := l.finder.Find(ctx)
	return l.settle(found, err)
}

func (l *locator) known() (found *url.URL, due bool, attempt int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.finder == nil {
		return l.found, false, 0
	}
	age := clock.Elapsed(l.asked, l.clock.Now())
	return l.found, age >= locationAge || l.doubtful && age >= locationPause, l.attempts
}

// since returns the outcome of the last attempt, if there was one after the given
// one.
func (l *locator) since(attempt int) (*url.URL, error, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.attempts == attempt {
		return nil, nil, false
	}
	if l.found != nil {
		return l.found, nil, true
	}
	return nil, l.lastError, true
}

// settle records the outcome of an attempt.
func (l *locator) settle(found *url.URL, err error) (*url.URL, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts++
	l.asked, l.lastError = l.clock.Now(), err
	if err == nil {
		l.found, l.doubtful = found, false
	}
	if l.found != nil {
		return l.found, nil
	}
	return nil, err
}

// doubt says that the endpoint has failed: the issuer may have moved it.
func (l *locator) doubt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.doubtful = true
}
