package revocation

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/validator"
)

// DefaultMaxEntries is how many revocations a [List] keeps by default. They take
// some 20 MiB, beside the identifiers.
const DefaultMaxEntries = 100_000

// ErrFull is the error of a revocation for which there is no room.
var ErrFull = errors.New("revocation: the list is full")

// Config bounds a [List].
type Config struct {
	_ [0]func() // no unkeyed literals, no ==

	// MaxEntries is how many revocations are kept at a time. Zero:
	// [DefaultMaxEntries]. None is given up before its time: with a full list,
	// revoking is an error.
	MaxEntries int
	// Clock is for tests; nil means the system's.
	Clock validator.Clock
}

// shards is into how many parts the list is divided. A revocation copies one.
const shards = 256

// A List is a [validator.Revocation] in memory. It is safe for concurrent use.
// Looking something up takes neither a lock nor memory, and does not wait for
// revocations.
type List struct {
	clock validator.Clock
	most  int
	seed  maphash.Seed

	parts [shards]atomic.Pointer[part]

	mu       sync.Mutex // of everything below, and of changes to parts
	held     int
	earliest time.Time // none of what is held can be forgotten before
	changed  chan struct{}
}

// A part is never changed, only replaced.
type part map[Target]entry

type entry struct {
	cutoff Cutoff
	until  time.Time
}

var _ validator.Revocation = (*List)(nil)

// New returns an empty List. The error is a [*validator.ConfigError].
func New(config Config) (*List, error) {
	var problems configerr.List
	problems.Check(config.MaxEntries >= 0, "MaxEntries", "negative")
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if config.MaxEntries == 0 {
		config.MaxEntries = DefaultMaxEntries
	}
	l := &List{
		clock:   clock.Or(config.Clock),
		most:    config.MaxEntries,
		seed:    maphash.MakeSeed(),
		changed: make(chan struct{}),
	}
	for i := range l.parts {
		l.parts[i].Store(&part{})
	}
	return l, nil
}

// Revoked reports whether t was revoked: itself, or with its subject, its client
// or its session. There is no error.
func (l *List) Revoked(_ context.Context, t *validator.Token) (bool, error) {
	for _, target := range Targets(t) {
		if target.Kind == 0 {
			continue
		}
		if e, ok := (*l.partOf(target).Load())[target]; ok && e.cutoff.Covers(t.IssuedAt()) {
			return true, nil
		}
	}
	return false, nil
}

func (l *List) partOf(target Target) *atomic.Pointer[part] {
	return &l.parts[maphash.String(l.seed, target.ID)%shards]
}

// RevokeToken revokes one token by its jti. Until is its exp. The error is
// [ErrFull], [ErrNoTarget] or [ErrTimes], and means that nothing was revoked.
func (l *List) RevokeToken(_ context.Context, issuer, id string, until time.Time) error {
	return l.revoke(Target{Token, issuer, id}, time.Time{}, until)
}

// RevokeSubject revokes the tokens of a subject that were issued up to before,
// and that all expire by until (see "Times" above). If it was revoked already, the
// later times count. The errors are those of [List.RevokeToken].
func (l *List) RevokeSubject(_ context.Context, issuer, subject string, before, until time.Time) error {
	return l.revoke(Target{Subject, issuer, subject}, before, until)
}

// RevokeClient is [List.RevokeSubject] for the tokens that a client was issued,
// whoever it acts for.
func (l *List) RevokeClient(_ context.Context, issuer, clientID string, before, until time.Time) error {
	return l.revoke(Target{Client, issuer, clientID}, before, until)
}

// RevokeSession is [List.RevokeSubject] for the tokens of a session, by its sid.
func (l *List) RevokeSession(_ context.Context, issuer, sessionID string, before, until time.Time) error {
	return l.revoke(Target{Session, issuer, sessionID}, before, until)
}

// Changed returns a channel that is closed at the next revocation, of whatever.
// Whoever watches over a token takes the channel first, then asks [List.Revoked],
// and waits if the answer is no: so nothing is missed.
func (l *List) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// Len returns how many revocations are held, some of which may have had their
// time.
func (l *List) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}
