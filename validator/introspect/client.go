package introspect

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/discovery"
	"github.com/bearerguard/bearerguard/validator"
)

// ErrClosed is the reason why a closed [Client] cannot tell.
var ErrClosed = errors.New("closed")

var (
	errInactive  = validator.NewError(validator.CodeTokenInactive, nil)
	errTokenSize = errors.New("token over 16 KiB")
	errTooMany   = errors.New("too many tokens are being asked about")
)

// maxTokenBytes is the validator's limit for all tokens.
const maxTokenBytes = 16 << 10

// A Client asks one authorization server about tokens. It is a
// [validator.Introspector] and safe for concurrent use.
type Client struct {
	clock    clock.Clock
	timeout  time.Duration
	endpoint endpoint
	onEvent  func(Event)
	telling  sync.Mutex // events

	// Tokens that are not active have a cache of their own, so that nobody can
	// push out active ones with made up ones, however often those are sent. Both
	// are nil if the cache is off.
	active, inactive *cache
	breaker          breaker

	closed  atomic.Bool // written under mu
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu         sync.Mutex
	flights    map[digest]*flight
	maxFlights int

	counters
}

var _ validator.Introspector = (*Client)(nil)

// New returns a Client that has not asked anything yet. The error joins one
// [validator.ConfigError] per problem. Close releases it.
func New(config Config) (*Client, error) {
	location, issuer, auth, err := config.compile()
	if err != nil {
		return nil, err
	}
	c := &Client{
		clock:      config.Clock,
		timeout:    config.Timeout,
		onEvent:    config.OnEvent,
		flights:    make(map[digest]*flight),
		maxFlights: config.MaxConcurrent,
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	client := config.newClient()
	c.endpoint = endpoint{
		client: client,
		clock:  config.Clock,
		auth:   auth,
		signed: config.SignedResponses,
		locator: locator{
			clock:   config.Clock,
			timeout: config.Timeout,
			found:   location,
			asking:  make(chan struct{}, 1),
		},
	}
	if issuer != nil {
		c.endpoint.locator.finder = discovery.NewFinder(client, issuer, config.Issuer, "introspection_endpoint", config.Auth.showsCertificate(), config.InsecureLoopbackHTTP)
	}
	if cache := config.Cache; !cache.Off {
		c.inactive = newCache(cache.InactiveTTL, cache.Entries/4, cache.Bytes/4)
		c.active = newCache(cache.TTL, cache.Entries-cache.Entries/4, cache.Bytes-cache.Bytes/4)
	}
	return c, nil
}

// Introspect implements [validator.Introspector]. The error is a
// [*validator.Error] of [validator.CodeTokenInactive], of
// [validator.CodeTokenTooLarge] beyond 16 KiB, of
// [validator.CodeDependencyUnavailable] if the authorization server cannot be
// asked or does not answer as it should, or says that ctx is over.
func (c *Client) Introspect(ctx context.Context, token string) (claims []byte, err error) {
	switch {
	case token == "":
		return nil, errInactive // there is no such token
	case len(token) > maxTokenBytes:
		return nil, validator.NewError(validator.CodeTokenTooLarge, errTokenSize)
	case c.closed.Load():
		return nil, unavailable(ErrClosed, 0)
	}
	d := sha256.Sum256(unsafe.Slice(unsafe.StringData(token), len(token)))
	if known, ok := c.remembered(&d); ok {
		c.hits.Add(1)
		return known.result()
	}
	c.misses.Add(1)
	if ctx.Err() != nil {
		return nil, validator.NewInterruptedError(ctx.Err())
	}
	f, failure := c.join(d, token)
	if failure != nil {
		return nil, failure
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return nil, validator.NewInterruptedError(ctx.Err())
	}
	if f.failure != nil {
		return nil, f.failure
	}
	return f.answer.result()
}

// remembered returns the answer that the cache has, if it is still good.
func (c *Client) remembered(d *digest) (answer, bool) {
	if c.active == nil {
		return answer{}, false
	}
	now := c.clock.Now()
	if a, ok := c.active.get(d, now); ok {
		return a, true
	}
	return c.inactive.get(d, now)
}

// remember puts an answer in the place of whatever was remembered.
func (c *Client) remember(d *digest, a answer, began time.Time) {
	switch {
	case c.active == nil:
	case a.active:
		c.inactive.forget(d)
		c.active.put(d, a, began)
	default:
		c.active.forget(d)
		c.inactive.put(d, a, began)
	}
}

func (a *answer) result() ([]byte, error) {
	if !a.active {
		return nil, errInactive
	}
	return a.claims, nil
}

// unavailable is the error when nobody can tell: never 401.
func unavailable(reason error, retryAfter time.Duration) *validator.Error {
	return validator.NewUnavailableError(validator.CodeDependencyUnavailable, retryAfter, reason)
}

// Healthy returns nil as long as tokens can be asked about, as far as is known: it
// asks nobody. Otherwise it says why they cannot.
func (c *Client) Healthy() error {
	if c.closed.Load() {
		return ErrClosed
	}
	if _, reason := c.breaker.status(c.clock.Now()); reason != nil {
		return fmt.Errorf("tokens cannot be introspected: %w", reason)
	}
	return nil
}

// Close stops everything: the requests under way, their timers, the connections
// of the transport unless that is the caller's. It waits for that, for at most 5
// seconds if the caller's transport does not come back, and for an event that may
// be being delivered. Closing twice does no harm. Afterwards
// nothing can be told of any token, for the reason [ErrClosed].
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed.Store(true)
	c.mu.Unlock()
	c.cancel()
	c.running.Wait()
	c.endpoint.client.Close()
	return nil
}
