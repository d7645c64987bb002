package redis

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/bearerguard/bearerguard/validator/ledger"
)

// DefaultLedgerInterval is how often [Store.PublishLedger] saves a ledger.
const DefaultLedgerInterval = time.Minute

// PublishLedger saves the ledger of a replica again and again until ctx ends, and
// then once more, which takes twice [MaxTimeout] at most. Every is how much time is
// between two; zero: [DefaultLedgerInterval], at least a second. It goes on when
// Redis is down, tells the Logger, and makes up for it, as each snapshot has all that
// those before it have. It blocks; the error is that of the last attempt.
func (s *Store) PublishLedger(ctx context.Context, l *ledger.Ledger, every time.Duration) error {
	every = max(cmp.Or(every, DefaultLedgerInterval), time.Second)
	saving := context.WithoutCancel(ctx) // the end cuts none short, and has one of its own
	var last error
	for {
		due := make(chan struct{})
		stop := s.clock.AfterFunc(every, func() { close(due) })
		select {
		case <-ctx.Done():
			stop()
			// The last requests are in no other snapshot.
			return s.SaveLedger(saving, l.Snapshot())
		case <-due:
		}
		err := s.SaveLedger(saving, l.Snapshot())
		switch {
		case err != nil && last == nil:
			s.log.LogAttrs(ctx, slog.LevelError, "bearerguard: the ledger cannot be saved in Redis", slog.Any("error", err))
		case err == nil && last != nil:
			s.log.LogAttrs(ctx, slog.LevelInfo, "bearerguard: the ledger is saved in Redis again")
		}
		last = err
	}
}
