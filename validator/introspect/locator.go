package introspect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/discovery"
	"github.com/bearerguard/bearerguard/internal/fetch"
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
	client           *fetch.Client
	clock            clock.Clock
	insecureLoopback bool
	showsCertificate bool
	timeout          time.Duration
	issuer           string // empty: found is configured and never changes
	metadata         [2]*url.URL
	asking           chan struct{} // has room for the one who asks

	mu        sync.Mutex
	found     *url.URL
	asked     time.Time
	doubtful  bool // the endpoint has failed since
	attempts  int
	lastError error // of the last attempt
	preferred int   // which of metadata is asked first
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
	found, err := l.discover(ctx)
	return l.settle(found, err)
}

func (l *locator) known() (found *url.URL, due bool, attempt int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.issuer == "" {
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

// discover asks the issuer.
func (l *locator) discover(ctx context.Context) (*url.URL, error) {
	var problems []error
	for i := range l.metadata {
		u := l.metadata[(l.preferred+i)%len(l.metadata)]
		found, err := l.readMetadata(ctx, u)
		if err == nil {
			return found, nil
		}
		problems = append(problems, fmt.Errorf("metadata at %s: %w", u.Path, err))
		if ctx.Err() != nil {
			// A document that hangs must not keep the other from ever being
			// asked. Only the one who asks uses preferred.
			l.preferred = (l.preferred + i + 1) % len(l.metadata)
			break
		}
	}
	return nil, errors.Join(problems...)
}

func (l *locator) readMetadata(ctx context.Context, u *url.URL) (*url.URL, error) {
	response, err := l.client.Get(ctx, u, http.Header{"Accept": {"application/json"}})
	if err != nil {
		return nil, err
	}
	if response.Status != http.StatusOK {
		return nil, newStatusError(response, l.clock.Now())
	}
	find := discovery.Endpoint
	if l.showsCertificate {
		find = discovery.MTLSEndpoint // RFC 8705 §5
	}
	return find(response.Body, l.issuer, "introspection_endpoint", l.insecureLoopback)
}
