package jwks

import (
	"errors"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
)

// Status says how a [Remote] is doing, for logs and health pages.
type Status struct {
	Issuer  string    // as configured; empty if the URL was
	URL     string    // where the last set came from, a file: URL for a file; empty before
	KeyIDs  []string  // of the keys in the set, "" for one without
	Dropped []Dropped // keys of the last document that are not used

	Usable      bool          // there are keys, and not older than MaxStale
	Age         time.Duration // since the issuer last confirmed them; zero if never
	LastSuccess time.Time     // when the last fetch that worked ended
	LastError   error         // of the last fetch; nil if it worked
	Failures    int           // fetches that failed since the last that worked
	CacheError  error         // of reading or writing the CacheFile; nil if it worked
	Refreshing  bool          // a fetch is under way
	NextRefresh time.Time     // when the next one is planned; zero before the first
}

// Status returns the state of affairs. It changes nothing and waits for nothing.
func (r *Remote) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	status := Status{
		Issuer:      r.issuer,
		URL:         r.location,
		Dropped:     append([]Dropped(nil), r.dropped...),
		LastSuccess: r.lastSuccess,
		LastError:   r.lastError,
		Failures:    r.failures,
		CacheError:  r.cacheError,
		Refreshing:  r.attempt.running,
	}
	if r.closed {
		status.Refreshing, status.LastError = false, ErrClosed
		return status
	}
	if !r.ended.IsZero() && !status.Refreshing {
		status.NextRefresh = r.ended.Add(r.wait)
	}
	if s := r.current.Load(); s != nil {
		for _, k := range s.set.keys {
			status.KeyIDs = append(status.KeyIDs, k.id)
		}
		status.Age = clock.Elapsed(s.confirmed, r.clock.Now())
		status.Usable = status.Age < r.maxStale
	}
	return status
}

// Healthy returns nil if there are keys that may be used, and an
// [*UnavailableError] with the reason if not. It waits for nothing, so that it is
// fit for a readiness check, but sees to it that the keys are being fetched: an
// instance that gets no request before it is ready would otherwise never be. An
// issuer that cannot be reached makes it fail only when keys are older than
// MaxStale, as until then every token is judged.
func (r *Remote) Healthy() error {
	pending, _, err := r.joinOrStart()
	if pending == nil {
		return err
	}
	if _, err = r.progress(); err == nil {
		err = errNoAnswer
	}
	return &UnavailableError{Err: err}
}

var errNoAnswer = errors.New("no answer yet")
