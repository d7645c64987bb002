package jwks

import (
	"context"

	"github.com/bearerguard/bearerguard/internal/clock"
)

// restore returns the set to begin with after the very first fetch has failed, or
// nil.
func (r *Remote) restore(ctx context.Context) *saved {
	if r.cache == nil {
		return nil
	}
	s, err := r.cache.load(ctx)
	if err == nil && s != nil {
		err = s.usable(r.clock.Now(), r.maxStale)
	}
	if r.noteCache(err); err != nil {
		return nil
	}
	return s
}

// save keeps what was confirmed, if anything, for the next start. If the last one
// is still being written, by a disk that is slow, it is the next refresh that
// tries again.
func (r *Remote) save(confirmed *snapshot) {
	if r.cache == nil || confirmed == nil || !r.cache.writing.TryLock() {
		return
	}
	defer r.cache.writing.Unlock()
	r.noteCache(r.cache.write(confirmed))
}

// noteCache keeps the outcome of reading or writing the file, and tells of a
// failure once until the next success.
func (r *Remote) noteCache(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && r.cacheError == nil {
		r.events.send(Event{Kind: CacheFailed, Time: r.clock.Now(), Err: err})
	}
	r.cacheError = err
}

// begin puts a restored set into force.
func (r *Remote) begin(s *saved) []Event {
	// Counted back from a reading of the clock that can be compared with others.
	age := clock.Elapsed(s.confirmed, r.ended)
	r.current.Store(&snapshot{set: s.set, confirmed: r.ended.Add(-age)})
	r.location, r.dropped = r.cache.file.String(), s.dropped
	events := []Event{{Kind: CacheRestored, Keys: s.set.Len(), Age: age}}
	events = append(events, changes(new(Set), s.set)...)
	return append(events, newlyDropped(nil, s.dropped)...)
}
