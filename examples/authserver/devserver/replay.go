package devserver

import (
	"container/heap"
	"crypto/sha256"
	"sync"
	"time"
)

// replayStore remembers which assertions one client has used (RFC 7523 §3,
// item 7). It is bounded, and never forgets an assertion that could still be
// used: a full store refuses. One store per client keeps a busy client from
// locking out the others. It is safe for concurrent use.
type replayStore struct {
	limit int

	mu   sync.Mutex
	seen map[[sha256.Size]byte]struct{}
	// entries are ordered by expiry, so that the expired ones are found without
	// a walk over the rest.
	entries replayHeap
}

type replayEntry struct {
	id      [sha256.Size]byte
	expires time.Time
}

func newReplayStore(limit int) *replayStore {
	return &replayStore{limit: limit, seen: map[[sha256.Size]byte]struct{}{}}
}

// use records an assertion id until the time it expires at. Ids are hashed, so
// that their length costs no memory.
func (s *replayStore) use(jti string, expires, now time.Time) *refusal {
	id := sha256.Sum256([]byte(jti))
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.entries) > 0 && !now.Before(s.entries[0].expires) {
		delete(s.seen, heap.Pop(&s.entries).(replayEntry).id)
	}
	if _, replayed := s.seen[id]; replayed {
		return refuse(invalidClient, "the assertion has been used before")
	}
	if len(s.entries) >= s.limit {
		return &refusal{
			code:       unavailable,
			reason:     "too many assertions of this client are still good",
			retryAfter: s.entries[0].expires.Sub(now),
		}
	}
	s.seen[id] = struct{}{}
	heap.Push(&s.entries, replayEntry{id, expires})
	return nil
}

// replayHeap implements [heap.Interface]: what expires first is on top.
type replayHeap []replayEntry

func (h replayHeap) Len() int           { return len(h) }
func (h replayHeap) Less(i, j int) bool { return h[i].expires.Before(h[j].expires) }
func (h replayHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *replayHeap) Push(x any)        { *h = append(*h, x.(replayEntry)) }
func (h *replayHeap) Pop() any {
	last := len(*h) - 1
	popped := (*h)[last]
	*h = (*h)[:last]
	return popped
}
