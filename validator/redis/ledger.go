package redis

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/bearerguard/bearerguard/validator/ledger"
	goredis "github.com/redis/go-redis/v9"
)

const (
	// LedgerLifetime is how long the ledger of a replica is kept after it was last
	// saved.
	LedgerLifetime = 30 * 24 * time.Hour
	// MaxLedgers is how many ledgers [Store.MergedLedger] adds up.
	MaxLedgers = 10_000
	// MaxLedgerBytes is how large a ledger can be in Redis, compressed.
	MaxLedgerBytes = 16 << 20
)

const (
	ledgerRoom = "ledger:"
	// ledgerIndex is the names of the ledgers, scored by when they end. SCAN would
	// walk over every used proof, and in a cluster over every node.
	ledgerIndex = "ledgers"
	// mergedAtOnce is how many ledgers are in memory at a time.
	mergedAtOnce = 16
)

var (
	// ErrLedger is the error for a ledger that is none of ours, which somebody else
	// has written or which is of another version.
	ErrLedger = errors.New("redis: not a ledger of ours")

	errNotOne         = errors.New("redis: not the snapshot of one ledger: merged ones would be counted twice")
	errLedgerTooLarge = errors.New("redis: a ledger of over 16 MiB, compressed")
	errTooManyLedgers = errors.New("redis: over 10000 ledgers: a sum of some of them would call unused what others have used")
)

// SaveLedger keeps the snapshot of one ledger for [LedgerLifetime], in place of the
// one that was saved of it before. It waits for Redis for [MaxTimeout], and what
// comes of it is nothing to the requests that ask Redis.
func (s *Store) SaveLedger(ctx context.Context, snapshot ledger.Snapshot) error {
	if snapshot.Version != ledger.Version || len(snapshot.Instances) != 1 {
		return errNotOne
	}
	name := snapshot.Instances[0]
	value, err := pack(snapshot)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, MaxTimeout)
	defer cancel()
	now, index := s.clock.Now(), s.prefix+ledgerIndex
	_, err = s.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		pipe.Set(ctx, s.prefix+ledgerRoom+name, value, LedgerLifetime)
		pipe.ZAdd(ctx, index, goredis.Z{Score: float64(now.Add(LedgerLifetime).Unix()), Member: name})
		pipe.ZRemRangeByScore(ctx, index, "-inf", unix(now))
		pipe.Expire(ctx, index, LedgerLifetime)
		return nil
	})
	return err
}

// MergedLedger adds up what all replicas have saved last, also those that are gone.
// It is for reports, not for requests. There is either a sum of all or an error,
// [ErrLedger] or one of Redis: in part of a sum, scopes look unused that are not.
func (s *Store) MergedLedger(ctx context.Context) (ledger.Snapshot, error) {
	names, err := s.ledgerNames(ctx)
	if err != nil {
		return ledger.Snapshot{}, err
	}
	var some []ledger.Snapshot
	for _, name := range names {
		one, found, err := s.ledger(ctx, name)
		if err != nil {
			return ledger.Snapshot{}, err
		}
		if found {
			some = append(some, one)
		}
		if len(some) == mergedAtOnce {
			sum, err := ledger.Merge(some...)
			if err != nil {
				return ledger.Snapshot{}, err
			}
			some = append(some[:0], sum)
		}
	}
	return ledger.Merge(some...)
}

func (s *Store) ledgerNames(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, MaxTimeout)
	defer cancel()
	names, err := s.client.ZRangeArgs(ctx, goredis.ZRangeArgs{
		Key: s.prefix + ledgerIndex, ByScore: true, Start: "(" + unix(s.clock.Now()), Stop: "+inf", Count: MaxLedgers + 1,
	}).Result()
	if len(names) > MaxLedgers {
		err = errTooManyLedgers
	}
	return names, err
}

// ledger returns what was saved of one ledger. It is not found once its time is
// over, which Redis can be the first to know.
func (s *Store) ledger(ctx context.Context, name string) (_ ledger.Snapshot, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, MaxTimeout)
	defer cancel()
	// Unlike GET it has a limit.
	value, err := s.client.GetRange(ctx, s.prefix+ledgerRoom+name, 0, MaxLedgerBytes).Bytes()
	if err != nil || len(value) == 0 {
		return ledger.Snapshot{}, false, err
	}
	snapshot, err := unpack(value)
	if err == nil && (len(snapshot.Instances) != 1 || snapshot.Instances[0] != name) {
		err = errNotOne
	}
	if err != nil {
		return ledger.Snapshot{}, false, fmt.Errorf("%w, %q: %w", ErrLedger, name, err)
	}
	return snapshot, true, nil
}

// pack makes JSON several times smaller: there is a ledger for each process
// of the last thirty days, in a Redis that must have room for revocations.
func pack(snapshot ledger.Snapshot) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if err := json.NewEncoder(w).Encode(snapshot); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if b.Len() > MaxLedgerBytes {
		return nil, errLedgerTooLarge
	}
	return b.Bytes(), nil
}

// unpack reads no more than [ledger.MaxSnapshotBytes], however small it was packed.
func unpack(value []byte) (ledger.Snapshot, error) {
	if len(value) > MaxLedgerBytes {
		return ledger.Snapshot{}, errLedgerTooLarge
	}
	r, err := gzip.NewReader(bytes.NewReader(value))
	if err != nil {
		return ledger.Snapshot{}, err
	}
	return ledger.ReadSnapshot(r)
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
