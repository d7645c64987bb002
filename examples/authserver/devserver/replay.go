package devserver

import (
	"crypto/sha256"
	"sync"
	"time"
)

// replayStore remembers which assertions one client has used (RFC 7523 §3,
// item 7). It is bounded, and never forgets an assertion that could still be
// used: a full store refuses. One store per client keeps a busy client from
// locking out the others. It is safe for concurrent use.
type replayStore struct {
	mu   sync.Mutex
	seen expiring[[sha256.Size]byte, struct{}]
}

func newReplayStore(limit int) *replayStore {
	return &replayStore{seen: newExpiring[[sha256.Size]byte, struct{}](limit)}
}

// use records an assertion id until the time it expires at. Ids are hashed, so
// that their length costs no memory.
func (s *replayStore) use(jti string, expires, now time.Time) *refusal {
	id := sha256.Sum256([]byte(jti))
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, replayed := s.seen.get(id, now); replayed {
		return refuse(invalidClient, "the assertion has been used before")
	}
	if !s.seen.put(id, struct{}{}, expires, now) {
		return &refusal{
			code:       unavailable,
			reason:     "too many assertions of this client are still good",
			retryAfter: s.seen.untilRoom(now),
		}
	}
	return nil
}
