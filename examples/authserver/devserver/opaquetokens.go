package devserver

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// TokenFormat is what an access token looks like.
type TokenFormat string

const (
	// FormatJWT is a signed token that an API can read and verify by itself.
	FormatJWT TokenFormat = "jwt"
	// FormatOpaque is a random string; what it means is told by introspection
	// (RFC 7662) alone.
	FormatOpaque TokenFormat = "opaque"
)

func (f TokenFormat) known() bool { return f == FormatJWT || f == FormatOpaque }

// opaqueTokens remembers what opaque tokens stand for, until they expire. It is
// bounded: a full one takes no more. It is safe for concurrent use.
type opaqueTokens struct {
	mu sync.Mutex
	// Tokens are hashed: what is kept here is good for nothing.
	byHash expiring[[sha256.Size]byte, []byte]
}

func newOpaqueTokens(limit int) *opaqueTokens {
	return &opaqueTokens{byHash: newExpiring[[sha256.Size]byte, []byte](limit)}
}

// room says that there is none for another token, or nothing.
func (o *opaqueTokens) room(now time.Time) *refusal {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.byHash.full(now) {
		return nil
	}
	return &refusal{code: unavailable, reason: "too many opaque tokens are still good", retryAfter: o.byHash.untilRoom(now)}
}

// issue returns a new token that stands for these claims.
func (o *opaqueTokens) issue(claims map[string]any, expires, now time.Time) (string, *refusal) {
	encoded, err := json.Marshal(claims)
	if err != nil {
		return "", refuse(internal, "encoding failed")
	}
	token := rand.Text() // more than 128 random bits (RFC 6749 §10.10)
	o.mu.Lock()
	stored := o.byHash.put(sha256.Sum256([]byte(token)), encoded, expires, now)
	o.mu.Unlock()
	if !stored {
		return "", o.room(now)
	}
	return token, nil
}

// claims returns what a token stands for, unless it has expired.
func (o *opaqueTokens) claims(token string, now time.Time) (tokenClaims, bool) {
	o.mu.Lock()
	encoded, known := o.byHash.get(sha256.Sum256([]byte(token)), now)
	o.mu.Unlock()
	var claims tokenClaims
	return claims, known && json.Unmarshal(encoded, &claims) == nil
}
