package introspect

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
)

// digest is what a token is found by.
type digest = [sha256.Size]byte

// A cache remembers answers. A new one is on probation, in a queue that holds a
// tenth; only if it is asked for there it is moved to the main queue. So a flood
// of tokens that are used once each passes through the tenth and leaves the rest
// alone. In the main queue, whatever was asked for lately gets another round (the
// CLOCK policy). It is safe for concurrent use.
type cache struct {
	ttl    time.Duration
	shards []shard // a power of two
}

type shard struct {
	mu         sync.Mutex
	entries    map[digest]*list.Element // of an *entry, in its queue
	probation  queue
	main       queue
	maxEntries int
	maxBytes   int
	evictions  uint64
	_          [64]byte // keeps the locks of two shards apart
}

type queue struct {
	list.List
	bytes int
}

type entry struct {
	answer
	began  time.Time // when the authorization server was asked
	digest digest
	asked  uint8 // lately, at most maxAsked
	inMain bool
}

const (
	maxShards   = 64
	maxAsked    = 3
	probationOf = 10 // the tenth
	// minShardBytes lets the largest answer be on probation.
	minShardBytes = 1 << 20
	// entryOverhead is what an entry takes beside the claims: the entry, its
	// element, its slots in the map and in the heap, rounded up.
	entryOverhead = 384
)

func newCache(ttl time.Duration, entries, bytes int) *cache {
	n := maxShards
	for n > 1 && (entries/n < 4*probationOf || bytes/n < minShardBytes) {
		n /= 2 // so that a tenth is something
	}
	c := &cache{ttl: ttl, shards: make([]shard, n)}
	for i := range c.shards {
		c.shards[i] = shard{entries: make(map[digest]*list.Element), maxEntries: entries / n, maxBytes: bytes / n}
	}
	return c
}

func (c *cache) shard(d *digest) *shard { return &c.shards[int(d[0])&(len(c.shards)-1)] }

// get returns the answer that is remembered, if it is still good. One that is not
// stays where it is: if the token is in use, a new answer takes its place.
func (c *cache) get(d *digest, now time.Time) (answer, bool) {
	s := c.shard(d)
	s.mu.Lock()
	defer s.mu.Unlock()
	element := s.entries[*d]
	if element == nil {
		return answer{}, false
	}
	e := element.Value.(*entry)
	e.asked = min(e.asked+1, maxAsked)
	if now.Unix() >= e.expiry || clock.Elapsed(e.began, now) >= c.ttl {
		return answer{}, false
	}
	return e.answer, true
}

// put remembers an answer, for which there is room: see minBytes.
func (c *cache) put(d *digest, a answer, began time.Time) {
	s := c.shard(d)
	s.mu.Lock()
	defer s.mu.Unlock()
	added := &entry{answer: a, began: began, digest: *d}
	element := s.entries[*d]
	if element == nil {
		s.entries[*d] = s.probation.push(added)
	} else {
		old := element.Value.(*entry)
		added.asked, added.inMain = old.asked, old.inMain
		s.queue(old).bytes += added.size() - old.size()
		element.Value = added
	}
	for s.probation.Len()+s.main.Len() > s.maxEntries || s.probation.bytes+s.main.bytes > s.maxBytes {
		s.evict()
	}
}

// forget removes what is remembered.
func (c *cache) forget(d *digest) {
	s := c.shard(d)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(s.entries[*d])
}

// evict takes one step towards room. There is an entry.
func (s *shard) evict() {
	onProbation := s.main.Len() == 0 || s.probation.Len() > s.maxEntries/probationOf || s.probation.bytes > s.maxBytes/probationOf
	q := &s.main
	if onProbation {
		q = &s.probation
	}
	element := q.Front()
	e := element.Value.(*entry)
	switch {
	case onProbation && e.asked > 0 && q.Len() > 1:
		q.drop(element)
		e.asked, e.inMain = 0, true
		s.entries[e.digest] = s.main.push(e)
	case !onProbation && e.asked > 0:
		e.asked--
		q.MoveToBack(element)
	default:
		s.remove(element)
		s.evictions++
	}
}

func (s *shard) remove(element *list.Element) {
	if element == nil {
		return
	}
	e := element.Value.(*entry)
	s.queue(e).drop(element)
	delete(s.entries, e.digest)
}

func (s *shard) queue(e *entry) *queue {
	if e.inMain {
		return &s.main
	}
	return &s.probation
}

func (e *entry) size() int { return entryOverhead + cap(e.claims) }

func (q *queue) push(e *entry) *list.Element {
	q.bytes += e.size()
	return q.PushBack(e)
}

func (q *queue) drop(element *list.Element) {
	q.bytes -= element.Value.(*entry).size()
	q.Remove(element)
}

// addTo adds what the cache holds to the statistics.
func (c *cache) addTo(all *Stats) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		all.Entries += s.probation.Len() + s.main.Len()
		all.Bytes += s.probation.bytes + s.main.bytes
		all.Evictions += s.evictions
		s.mu.Unlock()
	}
}
