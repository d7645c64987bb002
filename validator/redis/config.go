package redis

import (
	"log/slog"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/validator"
	goredis "github.com/redis/go-redis/v9"
)

// The defaults and bounds of a [Config].
const (
	DefaultPrefix  = "bearerguard:"
	DefaultTimeout = 200 * time.Millisecond
	MaxTimeout     = 5 * time.Second
)

// Config says where Redis is and what happens without it.
type Config struct {
	_ [0]func() // no unkeyed literals, no ==

	// Client talks to Redis. Required. It must heed deadlines
	// (ContextTimeoutEnabled), and stays the caller's to close. It should not
	// repeat commands by itself (MaxRetries: -1): a proof that Redis has recorded,
	// but whose answer got lost, looks like a replay the second time.
	Client goredis.UniversalClient

	// Prefix is what all keys begin with, and the name of the channel on which
	// revocations are announced. Replicas of one API have the same. Empty:
	// [DefaultPrefix].
	Prefix string

	// Timeout is how long one request waits for Redis, as a duration. Zero:
	// [DefaultTimeout]. At most [MaxTimeout].
	Timeout time.Duration

	// InsecureAllowWhenDown lets requests in while Redis cannot be asked: revoked
	// tokens work then, and proofs can be used again. It is loud about it in
	// Logger. Revoking still fails. To have it for one use only, make two Stores.
	InsecureAllowWhenDown bool

	// Logger is told when Redis fails and when it is back, for requests and for
	// [Store.PublishLedger]. Nil: nobody, or with
	// InsecureAllowWhenDown [slog.Default].
	Logger *slog.Logger

	// Clock is for tests; nil means the system's.
	Clock validator.Clock
}

// New returns a Store. It does not wait for Redis, which may be down: see
// [Store.Check]. The error joins one [validator.ConfigError] per problem.
func New(config Config) (*Store, error) {
	var problems configerr.List
	if configerr.IsNil(config.Client) {
		problems.Add("Client", "required")
	} else {
		problems.Check(heedsDeadlines(config.Client), "Client",
			"does not heed deadlines: set ContextTimeoutEnabled in its options, or requests would wait for its own timeouts")
	}
	problems.Check(config.Timeout >= 0, "Timeout", "negative")
	problems.Check(config.Timeout <= MaxTimeout, "Timeout", "more than 5 seconds")
	if err := problems.Err(); err != nil {
		return nil, err
	}
	s := &Store{
		client:   config.Client,
		prefix:   config.Prefix,
		timeout:  config.Timeout,
		clock:    clock.Or(config.Clock),
		insecure: config.InsecureAllowWhenDown,
		log:      config.Logger,
		closing:  make(chan struct{}),
		changed:  make(chan struct{}),
	}
	if s.prefix == "" {
		s.prefix = DefaultPrefix
	}
	if s.timeout == 0 {
		s.timeout = DefaultTimeout
	}
	if s.log == nil && s.insecure {
		s.log = slog.Default()
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.insecure {
		s.log.Warn("bearerguard: InsecureAllowWhenDown is set: while Redis is down, revoked tokens and replayed proofs are let in")
	}
	return s, nil
}

// heedsDeadlines reports whether the client gives up when a context does. A client
// of another kind than those of go-redis is taken at its word.
func heedsDeadlines(client goredis.UniversalClient) bool {
	switch c := client.(type) {
	case *goredis.Client:
		return c.Options().ContextTimeoutEnabled
	case *goredis.ClusterClient:
		return c.Options().ContextTimeoutEnabled
	case *goredis.Ring:
		return c.Options().ContextTimeoutEnabled
	}
	return true
}
