package jwks

import "time"

// Status says how a [Remote] is doing, for logs and health pages.
type Status struct {
	Issuer  string    // as configured; empty if the URL was
	URL     string    // where the last set came from; empty before
	KeyIDs  []string  // of the keys in the set, "" for one without
	Dropped []Dropped // keys of the last document that are not used

	Usable      bool          // there are keys, and not older than MaxStale
	Age         time.Duration // since the issuer last confirmed them; zero if never
	LastSuccess time.Time     // when the last fetch that worked ended
	LastError   error         // of the last fetch; nil if it worked
	Failures    int           // fetches that failed since the last that worked
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
		status.Age = elapsed(s.confirmed, r.clock.Now())
		status.Usable = status.Age < r.maxStale
	}
	return status
}
