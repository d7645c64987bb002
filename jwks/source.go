package jwks

import (
	"context"
	"fmt"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
)

// A Source hands out the keys of one issuer as immutable snapshots. Keys of two
// issuers never meet in one Source. Implementations are safe for concurrent use.
type Source interface {
	// Current returns the snapshot in force. Once there has been one it answers
	// at once and without the network; before, it waits for the first one, no
	// longer than ctx allows. When no snapshot can be had, or the last one is
	// too old to trust, the error is an [*UnavailableError], or ctx's own.
	Current(ctx context.Context) (*Set, error)

	// Newer is asked when seen, the snapshot in hand, lacks the key that a token
	// names. It returns the snapshot that is in force after asking the issuer
	// again, as far as the limits of the Source allow that. It may be seen
	// itself: then the key is unknown, as far as anybody can tell, and seen is
	// fresh. When the issuer could not be asked the error is an
	// [*UnavailableError], or ctx's own.
	Newer(ctx context.Context, seen *Set) (*Set, error)
}

// An UnavailableError says that keys could not be had, so that nothing can be
// said about the tokens they would verify: neither good nor bad.
type UnavailableError struct {
	// RetryAfter is when another attempt makes sense, from now; zero if unknown.
	RetryAfter time.Duration
	// Err is why.
	Err error
}

func (e *UnavailableError) Error() string { return fmt.Sprintf("keys unavailable: %v", e.Err) }

// Unwrap returns the reason.
func (e *UnavailableError) Unwrap() error { return e.Err }

// Clock is where a Source takes its time from, timers included. Tests inject
// their own; nil means the system's.
type Clock = clock.Clock

// ConfigError is one problem with one field of a configuration. Constructors
// return all problems they find, joined (see [errors.Join]).
type ConfigError = configerr.Error
