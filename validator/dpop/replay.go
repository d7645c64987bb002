package dpop

import (
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/validator"
)

// A ReplayStore remembers the proofs that were used (RFC 9449 §11.1).
// Implementations are safe for concurrent use.
type ReplayStore interface {
	// Use records the key of a proof, and reports whether it was not there yet. It
	// must stay at least until the given time, which is some minutes away at most;
	// of concurrent calls with one key, one is told that it is fresh. An error
	// says that this could not be found out or not be recorded: the request is
	// answered with [validator.CodeDependencyUnavailable], unless the error is a
	// [*validator.Error].
	//
	// The key is a SHA-256 of the thumbprint of the client's key and of the jti.
	// Nobody can therefore use up another one's jti, and another signature of the
	// same proof makes no other proof.
	Use(ctx context.Context, key [32]byte, until time.Time) (fresh bool, err error)
}

// DefaultReplayEntries is how many proofs are remembered at a time by default: of
// 2,000 requests a second, with the default times. It can take 40 MiB.
const DefaultReplayEntries = 1 << 18

// ErrReplayFull is the error of a full [ReplayMemory].
var ErrReplayFull = errors.New("too many proofs at a time to be remembered")

const replayShards = 16

// A ReplayMemory is a [ReplayStore] in memory, for an API of one process. What it
// holds is never given up before its time: when it is full, nothing new gets in.
type ReplayMemory struct {
	clock  validator.Clock
	most   int64
	held   atomic.Int64
	shards [replayShards]replayShard
}

// NewReplayMemory returns an empty ReplayMemory for at most maxEntries proofs at a
// time. The clock must be the one of the [Verifier]; nil: the system's. The error
// is a [*ConfigError].
func NewReplayMemory(maxEntries int, c validator.Clock) (*ReplayMemory, error) {
	if maxEntries <= 0 {
		return nil, &ConfigError{Field: "maxEntries", Reason: "must be positive"}
	}
	return newReplayMemory(maxEntries, clock.Or(c)), nil
}

func newReplayMemory(maxEntries int, c validator.Clock) *ReplayMemory {
	m := &ReplayMemory{clock: c, most: int64(maxEntries)}
	for i := range m.shards {
		m.shards[i].held = make(map[[32]byte]struct{})
	}
	return m
}

// Len returns how many proofs are remembered; some may have had their time.
func (m *ReplayMemory) Len() int { return int(m.held.Load()) }

// Use implements [ReplayStore]. It takes no notice of ctx, as it waits for
// nothing. The error is [ErrReplayFull].
func (m *ReplayMemory) Use(_ context.Context, key [32]byte, until time.Time) (bool, error) {
	now := m.clock.Now()
	own := &m.shards[binary.BigEndian.Uint32(key[:])%replayShards]
	fresh, full := own.use(key, until, now, m)
	if !full {
		return fresh, nil
	}
	// Others may have entries that have had their time.
	for i := range m.shards {
		m.shards[i].forget(now, m)
	}
	if fresh, full = own.use(key, until, now, m); full {
		return false, ErrReplayFull
	}
	return fresh, nil
}

// reserve takes room for one entry, if there is any.
func (m *ReplayMemory) reserve() bool {
	if m.held.Add(1) <= m.most {
		return true
	}
	m.held.Add(-1)
	return false
}

// A replayShard has some of the keys, and the order in which they can be
// forgotten, so that this takes neither goroutines nor timers.
type replayShard struct {
	mu     sync.Mutex
	held   map[[32]byte]struct{}
	byTime replayQueue
}

// use records the key, unless it is there or there is no room.
func (s *replayShard) use(key [32]byte, until, now time.Time, m *ReplayMemory) (fresh, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now, m)
	if _, used := s.held[key]; used {
		return false, false
	}
	if !m.reserve() {
		return false, true
	}
	s.held[key] = struct{}{}
	heap.Push(&s.byTime, replayEntry{until, key})
	return true, false
}

// forget is expire for a shard that is not locked.
func (s *replayShard) forget(now time.Time, m *ReplayMemory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now, m)
}

// expire forgets what has had its time.
func (s *replayShard) expire(now time.Time, m *ReplayMemory) {
	for len(s.byTime) > 0 && s.byTime[0].until.Before(now) {
		delete(s.held, heap.Pop(&s.byTime).(replayEntry).key)
		m.held.Add(-1)
	}
}

type replayEntry struct {
	until time.Time
	key   [32]byte
}

// A replayQueue is a heap: the entry whose time comes first is first.
type replayQueue []replayEntry

func (q replayQueue) Len() int           { return len(q) }
func (q replayQueue) Less(i, j int) bool { return q[i].until.Before(q[j].until) }
func (q replayQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *replayQueue) Push(x any)        { *q = append(*q, x.(replayEntry)) }
func (q *replayQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
