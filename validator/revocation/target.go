package revocation

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"time"

	"github.com/bearerguard/bearerguard/validator"
)

// A Kind says what a [Target] is.
type Kind uint8

// The kinds. Their numbers are part of [Target.Digest].
const (
	Token   Kind = iota + 1 // one token, by its jti (RFC 7519 §4.1.7)
	Subject                 // the tokens of a subject (RFC 7519 §4.1.2)
	Client                  // the tokens issued to a client (RFC 8693 §4.3)
	Session                 // the tokens of a session, by its sid (OpenID Connect Front-Channel Logout 1.0 §3)
)

// A Target is what can be revoked. Each is of one issuer, because identifiers
// are unique only there. It is for implementations of [validator.Revocation],
// so that all of them mean the same.
type Target struct {
	Kind   Kind
	Issuer string
	ID     string
}

// Targets returns what t can be revoked as: the zero Target in place of what t
// does not name.
func Targets(t *validator.Token) (targets [4]Target) {
	issuer := t.Issuer()
	for i, id := range [...]string{t.ID(), t.Subject(), t.ClientID(), t.SessionID()} {
		if id != "" {
			targets[i] = Target{Token + Kind(i), issuer, id}
		}
	}
	return targets
}

// Digest returns a key of fixed length for shared stores: a SHA-256, which does
// not show who is meant. The length of the issuer is part of it, so that no two
// targets have the same.
func (t Target) Digest() (digest [sha256.Size]byte) {
	h := sha256.New()
	prefix := [9]byte{byte(t.Kind)}
	binary.BigEndian.PutUint64(prefix[1:], uint64(len(t.Issuer)))
	_, _ = h.Write(prefix[:])
	_, _ = io.WriteString(h, t.Issuer)
	_, _ = io.WriteString(h, t.ID)
	h.Sum(digest[:0])
	return digest
}

// A Cutoff is the last second of whose tokens a revocation holds, as a NumericDate
// (RFC 7519 §2).
type Cutoff int64

// Always is the Cutoff of a single token: its iat does not matter.
const Always Cutoff = math.MaxInt64

// NewCutoff returns the Cutoff of tokens issued up to the given time, rounded up
// to the second.
func NewCutoff(before time.Time) Cutoff {
	seconds := before.Unix()
	if before.Nanosecond() > 0 {
		seconds++
	}
	return Cutoff(seconds)
}

// Covers reports whether it holds for a token with that iat. The zero time, of a
// token that does not say, is earlier than any other.
func (c Cutoff) Covers(issuedAt time.Time) bool { return issuedAt.Unix() <= int64(c) }

// The errors of a revocation that makes no sense, and so of a mistake that would
// let tokens live.
var (
	ErrNoTarget = errors.New("revocation: the issuer or the identifier is empty")
	ErrTimes    = errors.New("revocation: a time is not set, or until is earlier than before")
)

// Check reports what is wrong with a revocation: [ErrNoTarget] or [ErrTimes].
func (t Target) Check(before, until time.Time) error {
	switch {
	case t.Issuer == "" || t.ID == "":
		return ErrNoTarget
	case until.IsZero() || t.Kind != Token && (before.IsZero() || until.Before(before)):
		return ErrTimes
	}
	return nil
}
