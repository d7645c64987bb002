package validator

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/bearerguard/bearerguard/jwks"
)

// The defaults of [CacheConfig].
const (
	DefaultCacheEntries = 1 << 14
	DefaultCacheBytes   = 32 << 20
)

// CacheConfig bounds the memory of verified tokens, so that a client that sends
// the same token again pays for a hash and not for a signature. A token is found
// by its SHA-256; the token itself is not kept. The zero value is a cache with
// the defaults.
//
// Everything that can change is checked again each time: the clock, whether the
// key that verified the token is still published, the age of the keys, the dates
// of [Config.RetiringAudiences] and [Config.AcceptUntil], [Config.Check].
type CacheConfig struct {
	// Off turns the cache off.
	Off bool
	// Entries is how many tokens are remembered. Zero: [DefaultCacheEntries].
	Entries int
	// Bytes is how much memory they may take, claims included, as an estimate
	// that is on the safe side. Zero: [DefaultCacheBytes].
	Bytes int
}

// CacheStats says what the cache is worth. Hits ÷ (Hits + Misses) is its hit
// rate.
type CacheStats struct {
	Hits, Misses, Evictions uint64
	Entries, Bytes          int
}

// digest is what a token is found by.
type digest = [sha256.Size]byte

func digestOf(token string) digest { return sha256.Sum256(bytesOf(token)) }

// cache remembers verified tokens. A new one is on probation, in a queue that
// holds a tenth; only if it is asked for there it is moved to the main queue. So
// a flood of tokens that are used once each passes through the tenth and leaves
// the rest alone. In the main queue, whatever was asked for lately gets another
// round (the CLOCK policy). It is safe for concurrent use.
type cache struct {
	shards []shard // a power of two
}

type shard struct {
	// front has the tokens that are asked for most, to be found without the lock, of
	// which each reader would have to tell all the others.
	front [frontSlots]slot

	mu         sync.RWMutex
	entries    map[digest]*entry
	probation  fifo
	main       fifo
	maxEntries int
	maxBytes   int
	evictions  uint64

	_            [64]byte // keeps what every reader writes apart from the rest
	hits, misses atomic.Uint64
	_            [64]byte
}

type entry struct {
	token      *Token
	key        *jwks.Key
	generation atomic.Uint64 // of the last set in which key was found
	audience   *retiringName // on which it depends; nil: a current one
	times      times         // the token's, here for being near

	digest  digest
	next    *entry
	size    int32
	asked   atomic.Int32 // lately, at most maxAsked
	kidless uint8        // as in verdict
}

const (
	maxShards   = 64
	maxAsked    = 3
	probationOf = 10 // the tenth
	frontSlots  = 8  // per shard
	// minShardBytes is ten times what the largest token takes.
	minShardBytes = 256 << 10
	// entryOverhead is what an entry takes beside the claims: the entry, the
	// Token, its slots in the map and in the heap, rounded up.
	entryOverhead = 512
)

// newCache returns nil if the cache is off.
func newCache(c CacheConfig) *cache {
	if c.Off {
		return nil
	}
	shards := maxShards
	for shards > 1 && (c.Entries/shards < 4*probationOf || c.Bytes/shards < minShardBytes) {
		shards /= 2 // so that a tenth is something, and the largest token fits
	}
	s := &cache{shards: make([]shard, shards)}
	for i := range s.shards {
		s.shards[i].entries = make(map[digest]*entry)
		s.shards[i].maxEntries = max(1, c.Entries/shards)
		s.shards[i].maxBytes = c.Bytes / shards
	}
	return s
}

func (c *cache) shard(d *digest) *shard {
	return &c.shards[int(d[0])&(len(c.shards)-1)]
}

// get returns what is remembered under a digest, or nil.
func (c *cache) get(d *digest) *entry {
	s := c.shard(d)
	slot := s.slot(d)
	if e := slot.get(d); e != nil {
		s.hits.Add(1)
		e.wasAsked()
		return e
	}
	s.mu.RLock()
	e := s.entries[*d]
	if e == nil {
		s.mu.RUnlock()
		s.misses.Add(1)
		return nil
	}
	// Where many tokens are asked for often, they do not take each other's place all
	// the time.
	if hits := s.hits.Add(1); e.wasAsked() && (slot.entry.Load() == nil || hits%16 == 0) {
		slot.put(e) // with the lock, so that it is still remembered
	}
	s.mu.RUnlock()
	return e
}

// A slot is a place in the front. The tag is a part of the digest, so that one need
// not look at the entry of another token.
type slot struct {
	tag   atomic.Uint64
	entry atomic.Pointer[entry]
}

func tagOf(d *digest) uint64 { return binary.LittleEndian.Uint64(d[8:]) }

func (s *slot) get(d *digest) *entry {
	if s.tag.Load() != tagOf(d) {
		return nil
	}
	if e := s.entry.Load(); e != nil && e.digest == *d {
		return e
	}
	return nil
}

func (s *slot) put(e *entry) {
	s.entry.Store(e)
	s.tag.Store(tagOf(&e.digest))
}

// clear empties the slot, if it is the entry's.
func (s *slot) clear(e *entry) { s.entry.CompareAndSwap(e, nil) }

// slot is where a token has its place in the front, if it has one.
func (s *shard) slot(d *digest) *slot { return &s.front[d[1]%frontSlots] }

// wasAsked notes that the token was asked for, and reports whether that is often.
func (e *entry) wasAsked() bool {
	asked := e.asked.Load()
	if asked < maxAsked {
		e.asked.CompareAndSwap(asked, asked+1) // one lost count is no loss
	}
	return asked == maxAsked
}

// put remembers a verified token, unless it is larger than all there is room for.
func (c *cache) put(d *digest, judged verdict) {
	s := c.shard(d)
	size := entryOverhead + judged.token.size()
	if size > s.maxBytes {
		return
	}
	e := &entry{token: judged.token, key: judged.key, kidless: judged.kidless, audience: judged.audience, times: judged.token.times, digest: *d, size: int32(size)}
	e.generation.Store(judged.generation)

	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.entries[*d]; old != nil {
		if old.key == e.key {
			return // somebody else was quicker
		}
		old.asked.Store(0) // it stays in its queue until its turn comes
		s.slot(d).clear(old)
	}
	s.entries[*d] = e
	s.probation.push(e)
	for s.probation.n+s.main.n > s.maxEntries || s.probation.bytes+s.main.bytes > s.maxBytes {
		s.evict()
	}
}

// evict takes one step towards room. The caller holds mu; there is an entry.
func (s *shard) evict() {
	if s.probation.n > s.maxEntries/probationOf || s.probation.bytes > s.maxBytes/probationOf || s.main.n == 0 {
		e := s.probation.pop()
		if e.asked.Load() > 0 && s.probation.n > 0 {
			e.asked.Store(0)
			s.main.push(e)
			return
		}
		s.drop(e)
		return
	}
	e := s.main.pop()
	if asked := e.asked.Load(); asked > 0 {
		e.asked.Store(asked - 1)
		s.main.push(e)
		return
	}
	s.drop(e)
}

func (s *shard) drop(e *entry) {
	if s.entries[e.digest] == e {
		delete(s.entries, e.digest)
		s.slot(&e.digest).clear(e)
	}
	s.evictions++
}

// stats adds up the shards.
func (c *cache) stats() (all CacheStats) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.RLock()
		all.Entries += s.probation.n + s.main.n
		all.Bytes += s.probation.bytes + s.main.bytes
		all.Evictions += s.evictions
		s.mu.RUnlock()
		all.Hits += s.hits.Load()
		all.Misses += s.misses.Load()
	}
	return all
}

// fifo is a queue of entries, linked through themselves.
type fifo struct {
	head, tail *entry
	n, bytes   int
}

func (q *fifo) push(e *entry) {
	e.next = nil
	if q.tail == nil {
		q.head = e
	} else {
		q.tail.next = e
	}
	q.tail = e
	q.n++
	q.bytes += int(e.size)
}

func (q *fifo) pop() *entry {
	e := q.head
	if q.head = e.next; q.head == nil {
		q.tail = nil
	}
	e.next = nil
	q.n--
	q.bytes -= int(e.size)
	return e
}

// CacheStats returns what the cache of verified tokens is worth, zero if it is
// off.
func (v *Validator) CacheStats() CacheStats {
	if v.cache == nil {
		return CacheStats{}
	}
	return v.cache.stats()
}
