package validator

import (
	"crypto/sha256"
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
// round (the CLOCK policy). It is safe for concurrent use, and who only asks takes no
// lock.
type cache struct {
	shards       []shard // a power of two
	hits, misses counter
}

type shard struct {
	entries index

	mu         sync.Mutex // for all changes
	probation  fifo
	main       fifo
	maxEntries int
	maxBytes   int
	evictions  uint64
	swept      int64 // when it was looked for expired tokens, in seconds since the epoch
}

// An entry has what a look at it needs on the first memory lines, and what changes
// it on the last.
type entry struct {
	digest     digest
	link       atomic.Pointer[entry] // of the index
	times      times                 // the token's, here for being near
	token      *Token
	audience   *retiringName // on which it depends; nil: a current one
	key        *jwks.Key
	generation atomic.Uint64 // of the last set in which key was found

	next    *entry // of the queue
	size    int32
	asked   atomic.Int32 // lately, at most maxAsked
	kidless uint8        // as in verdict
}

const (
	maxShards   = 64
	maxAsked    = 3
	probationOf = 10 // the tenth
	// minShardBytes is ten times what the largest token takes.
	minShardBytes = 256 << 10
	sweepInterval = 10 // seconds
	// entryOverhead is what an entry takes beside the claims: the entry, the
	// Token, its places in the index and in the heap, rounded up.
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
	e := c.shard(d).entries.find(d)
	if e == nil {
		c.misses.add()
		return nil
	}
	c.hits.add()
	if asked := e.asked.Load(); asked < maxAsked {
		e.asked.CompareAndSwap(asked, asked+1) // one lost count is no loss
	}
	return e
}

// put remembers a verified token, unless it is larger than all there is room for. What
// has expired by then, in seconds since the epoch, makes room first.
func (c *cache) put(d *digest, judged verdict, then int64) {
	s := c.shard(d)
	size := entryOverhead + judged.token.size()
	if size > s.maxBytes {
		return
	}
	e := &entry{token: judged.token, key: judged.key, kidless: judged.kidless, audience: judged.audience, times: judged.token.times, digest: *d, size: int32(size)}
	e.generation.Store(judged.generation)

	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.entries.find(d); old != nil {
		if old.key == e.key {
			return // somebody else was quicker
		}
		s.entries.remove(old)
		old.asked.Store(0) // it stays in its queue until its turn comes
	}
	s.probation.push(e)
	s.entries.add(e, s.probation.n+s.main.n)
	// Readers do not wait for this to end, so how long it takes must not be up to them:
	// so many rounds are all that was asked for before.
	rounds := maxAsked * s.main.n
	for s.full() {
		if then-s.swept >= sweepInterval || then < s.swept { // the clock was set back
			s.sweep(then)
			continue
		}
		s.evict(&rounds)
	}
}

func (s *shard) full() bool {
	return s.probation.n+s.main.n > s.maxEntries || s.probation.bytes+s.main.bytes > s.maxBytes
}

// sweep drops the tokens that have expired. Without it they would fill the main queue
// until others get there, for which these would have to be asked for again while they
// are in the tenth: where clients take turns, none ever is.
func (s *shard) sweep(then int64) {
	s.swept = then
	for _, q := range []*fifo{&s.probation, &s.main} {
		for range q.n {
			if e := q.pop(); e.times.expiry > then {
				q.push(e)
			} else {
				s.drop(e)
			}
		}
	}
}

// evict takes one step towards room; rounds is how many more the entries of the main
// queue can get. The caller holds mu; there is an entry.
func (s *shard) evict(rounds *int) {
	// The newest may always stay, however little a tenth is.
	if s.probation.n > max(1, s.maxEntries/probationOf) || s.probation.n > 1 && s.probation.bytes > s.maxBytes/probationOf || s.main.n == 0 {
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
	if asked := e.asked.Load(); asked > 0 && *rounds > 0 {
		*rounds--
		e.asked.Store(asked - 1)
		s.main.push(e)
		return
	}
	s.drop(e)
}

func (s *shard) drop(e *entry) {
	s.entries.remove(e)
	s.evictions++
}

// stats adds up the shards.
func (c *cache) stats() (all CacheStats) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		all.Entries += s.probation.n + s.main.n
		all.Bytes += s.probation.bytes + s.main.bytes
		all.Evictions += s.evictions
		s.mu.Unlock()
	}
	all.Hits, all.Misses = c.hits.total(), c.misses.total()
	return all
}

// CacheStats returns what the cache of verified tokens is worth, zero if it is
// off.
func (v *Validator) CacheStats() CacheStats {
	if v.cache == nil {
		return CacheStats{}
	}
	return v.cache.stats()
}
