package dpop

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/validator"
)

// The default and bounds of a [NonceConfig].
const (
	DefaultNoncePeriod = 5 * time.Minute
	MinNoncePeriod     = time.Second
	MaxNoncePeriod     = 24 * time.Hour
	MinNonceKey        = 32 // bytes
)

// NonceConfig says how nonces are made. [NewNonces] copies it.
type NonceConfig struct {
	_ [0]func() // no unkeyed literals, no ==

	// Keys are the secrets that nonces are made from, of at least [MinNonceKey]
	// random bytes each and the same for all replicas of an API. The first makes
	// nonces, those of the others are accepted, too: a new key is appended on
	// every replica first, then put in front. Empty: a random one, for an API of
	// one process.
	Keys [][]byte

	// Period is how long a nonce is handed out, as a duration; the one before is
	// still good. Zero: [DefaultNoncePeriod]. From [MinNoncePeriod] to
	// [MaxNoncePeriod].
	Period time.Duration

	// Clock is for tests. Nil: the system's.
	Clock validator.Clock
}

// Nonces are values for proofs that cannot be foreseen and are good for a while
// (RFC 9449 §8 and §9). They are computed from the time: replicas with the same
// keys know each other's, and none has to remember any. Nonces are safe for
// concurrent use.
type Nonces struct {
	keys   [][]byte
	period time.Duration
	clock  validator.Clock
}

// NewNonces returns Nonces. The error joins every problem of the configuration,
// each a [*ConfigError].
func NewNonces(config NonceConfig) (*Nonces, error) {
	var problems configerr.List
	n := &Nonces{period: config.Period, clock: clock.Or(config.Clock)}
	for i, key := range config.Keys {
		problems.Check(len(key) >= MinNonceKey, fmt.Sprintf("Keys[%d]", i), fmt.Sprintf("shorter than %d bytes", MinNonceKey))
		n.keys = append(n.keys, bytes.Clone(key))
	}
	if len(n.keys) == 0 {
		key := make([]byte, MinNonceKey)
		_, _ = rand.Read(key) // never fails
		n.keys = [][]byte{key}
	}
	if n.period == 0 {
		n.period = DefaultNoncePeriod
	}
	problems.Check(n.period >= MinNoncePeriod && n.period <= MaxNoncePeriod, "Period", fmt.Sprintf("not from %v to %v", MinNoncePeriod, MaxNoncePeriod))
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return n, nil
}

// Current returns the nonce that is handed out now.
func (n *Nonces) Current() string { return nonceOf(n.keys[0], n.window()) }

// Check reports whether a nonce is good, and whether it is the current one: if
// not, the client should be given that.
func (n *Nonces) Check(nonce string) (good, current bool) {
	window := n.window()
	if equal(nonce, nonceOf(n.keys[0], window)) {
		return true, true
	}
	for _, key := range n.keys {
		// The next one comes from a replica whose clock is ahead.
		for w := window - 1; w <= window+1; w++ {
			good = good || equal(nonce, nonceOf(key, w))
		}
	}
	return good, false
}

func (n *Nonces) window() int64 { return n.clock.Now().UnixNano() / int64(n.period) }

// nonceOf returns the nonce of a period: 128 bits, in characters that RFC 9449 §8.1
// allows.
func nonceOf(key []byte, window int64) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("bearerguard DPoP nonce\x00")) // the key may have other uses
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(window)))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// equal compares in constant time, as a nonce must not be found letter by letter.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
