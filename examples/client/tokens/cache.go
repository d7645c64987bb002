package tokens

import (
	"sync"
	"time"

	"golang.org/x/oauth2"
)

const (
	// maxMargin is how long before its end a token is renewed, or a fifth of its
	// lifetime if that is less: a request takes time to arrive, and clocks differ.
	maxMargin = 30 * time.Second
	// dropInterval is the least time between two tokens that are dropped. An API
	// that refuses every token must not make a token request of every call.
	dropInterval = time.Second
)

// Cache hands out one token until shortly before it expires, and then gets another
// from its source. Callers wait for that together. It is safe for concurrent use.
type Cache struct {
	source oauth2.TokenSource

	mu      sync.Mutex
	reuse   oauth2.TokenSource
	current *oauth2.Token
	dropped time.Time
}

// NewCache returns an empty cache.
func NewCache(source oauth2.TokenSource) *Cache {
	c := &Cache{source: source}
	c.reuse = renewal{c}
	return c
}

// Token returns the current token. The error is that of the source; the next call
// asks it again.
func (c *Cache) Token() (*oauth2.Token, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reuse.Token()
}

// renewal gets a token when a cache has none that is good for long enough.
type renewal struct{ c *Cache }

// Token is called with the cache locked.
func (r renewal) Token() (*oauth2.Token, error) {
	token, err := r.c.source.Token()
	if err != nil {
		return nil, err
	}
	r.c.current = token
	// A new one for each token: the margin depends on its lifetime.
	r.c.reuse = oauth2.ReuseTokenSourceWithExpiry(token, r, margin(token))
	return token, nil
}

// margin returns how long before its end a token that was just issued is renewed.
func margin(token *oauth2.Token) time.Duration {
	if token.Expiry.IsZero() { // the server has not said (RFC 6749 §5.1), see Drop
		return maxMargin
	}
	return min(maxMargin, time.Until(token.Expiry)/5)
}

// Drop takes a token out of the cache that an API has refused. It reports whether
// it makes sense to try again with what Token returns now: not if a token was
// dropped only just before.
func (c *Cache) Drop(refused *oauth2.Token) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil || c.current.AccessToken != refused.AccessToken {
		return true // somebody else was faster, or it was renewed
	}
	now := time.Now()
	if !c.dropped.IsZero() && now.Before(c.dropped.Add(dropInterval)) {
		return false
	}
	c.current, c.dropped = nil, now
	c.reuse = renewal{c}
	return true
}
