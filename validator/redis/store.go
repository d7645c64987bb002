package redis

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	goredis "github.com/redis/go-redis/v9"
)

// A Store shares revocations, used proofs and ledgers between replicas. It is safe
// for concurrent use.
type Store struct {
	client   goredis.UniversalClient
	prefix   string
	timeout  time.Duration
	clock    validator.Clock
	insecure bool
	log      *slog.Logger

	breaker   breaker
	letIn     atomic.Int64 // unchecked, since it was last said so
	nextAlarm atomic.Int64 // when it may be said again, in Unix nanoseconds

	follow    sync.Once // starts what follows the announcements
	closeOnce sync.Once
	closing   chan struct{}
	mu        sync.Mutex // of changed
	changed   chan struct{}
}

var (
	_ validator.ChangingRevocation = (*Store)(nil)
	_ dpop.ReplayStore             = (*Store)(nil)
)

var (
	errDown     = errors.New("redis: did not answer several times and is left alone for a moment")
	errEvicting = errors.New("redis: maxmemory-policy is not noeviction: revocations and used proofs could be evicted")
	errPolicy   = errors.New("redis: INFO does not tell maxmemory_policy")
)

// ask calls f within the timeout, unless Redis is down. The error is an
// [*validator.Error].
func (s *Store) ask(ctx context.Context, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return validator.NewInterruptedError(err)
	}
	if !s.breaker.admits(s.clock.Now()) {
		return unavailable(errDown)
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := f(limited)
	switch {
	case err == nil:
		if s.breaker.answered() {
			s.log.LogAttrs(ctx, slog.LevelInfo, "bearerguard: Redis is back")
		}
		return nil
	case ctx.Err() != nil:
		return validator.NewInterruptedError(ctx.Err())
	case isTimeout(err) && sameDeadline(ctx, limited):
		return validator.NewInterruptedError(context.DeadlineExceeded)
	}
	if s.breaker.failed(s.clock.Now()) {
		s.log.LogAttrs(ctx, slog.LevelError, "bearerguard: Redis is down", slog.Any("error", err))
	}
	return unavailable(err)
}

// sameDeadline reports whether it is the caller who did not wait, although ctx may
// not know yet. Deadlines of gRPC calls are made by clients, who must not be able
// to declare Redis down.
func sameDeadline(ctx, limited context.Context) bool {
	theirs, ok := ctx.Deadline()
	ours, _ := limited.Deadline()
	return ok && theirs.Equal(ours)
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

func unavailable(cause error) error {
	return validator.NewUnavailableError(validator.CodeDependencyUnavailable, pause, cause)
}

// excused reports whether a request is to be let in although Redis could not be
// asked, and says so, once a second at most.
func (s *Store) excused(ctx context.Context, err error) bool {
	e, ok := errors.AsType[*validator.Error](err)
	if !s.insecure || !ok || e.Code() != validator.CodeDependencyUnavailable {
		return false
	}
	s.letIn.Add(1)
	now, next := s.clock.Now(), s.nextAlarm.Load()
	if now.UnixNano() >= next && s.nextAlarm.CompareAndSwap(next, now.Add(time.Second).UnixNano()) {
		s.log.LogAttrs(ctx, slog.LevelError, "bearerguard: Redis cannot be asked, requests are let in unchecked",
			slog.Int64("requests", s.letIn.Swap(0)), slog.Any("error", e.Unwrap()))
	}
	return true
}

// key returns the key of a digest.
func (s *Store) key(room string, digest [32]byte) string {
	return s.prefix + room + base64.RawURLEncoding.EncodeToString(digest[:])
}

// Close ends what [Store.Changed] has started, without waiting for it: a Redis that
// does not answer can keep it for as long as the client's ReadTimeout. Close does
// not close the client, and the Store can still be asked. Closing twice does no
// harm.
func (s *Store) Close() error {
	s.closeOnce.Do(func() { close(s.closing) })
	return nil
}
