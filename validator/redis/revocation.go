package redis

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/revocation"
	goredis "github.com/redis/go-redis/v9"
)

const revokedRoom = "revoked:"

// Revoked reports whether t was revoked: itself, or with its subject, its client
// or its session. It takes one round trip. The error is an [*validator.Error].
func (s *Store) Revoked(ctx context.Context, t *validator.Token) (bool, error) {
	var found []*goredis.StringCmd
	err := s.ask(ctx, func(ctx context.Context) error {
		found = found[:0]
		// A pipeline and not one MGET: in a cluster the keys are on several nodes.
		_, err := s.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
			for _, target := range revocation.Targets(t) {
				if target.Kind != 0 {
					found = append(found, pipe.Get(ctx, s.key(revokedRoom, target.Digest())))
				}
			}
			return nil
		})
		return ignoreNil(err, found)
	})
	if err != nil {
		if s.excused(ctx, err) {
			return false, nil
		}
		return false, err
	}
	return covered(found, t.IssuedAt())
}

// ignoreNil returns the first error that is not about a key that does not exist.
// What the pipeline itself returns is that of its first command with one.
func ignoreNil(err error, commands []*goredis.StringCmd) error {
	if !errors.Is(err, goredis.Nil) {
		return err
	}
	for _, c := range commands {
		if err := c.Err(); err != nil && !errors.Is(err, goredis.Nil) {
			return err
		}
	}
	return nil
}

// covered reports whether one of the cutoffs covers a token with that iat. What
// is no cutoff is not excused by anything: somebody else writes to these keys.
func covered(found []*goredis.StringCmd, issuedAt time.Time) (bool, error) {
	for _, c := range found {
		if errors.Is(c.Err(), goredis.Nil) {
			continue
		}
		cutoff, err := strconv.ParseInt(c.Val(), 10, 64)
		if err != nil {
			return false, unavailable(errForeign)
		}
		if revocation.Cutoff(cutoff).Covers(issuedAt) {
			return true, nil
		}
	}
	return false, nil
}

var errForeign = errors.New("redis: a revocation is not one of ours")

// RevokeToken revokes one token by its jti. Until is its exp. The error is
// revocation.ErrNoTarget, revocation.ErrTimes or an [*validator.Error] if Redis
// did not answer, and means that it may not have been revoked.
func (s *Store) RevokeToken(ctx context.Context, issuer, id string, until time.Time) error {
	return s.revoke(ctx, revocation.Target{Kind: revocation.Token, Issuer: issuer, ID: id}, time.Time{}, until)
}

// RevokeSubject revokes the tokens of a subject that were issued up to before,
// and that all expire by until: see "Times" in package revocation. If it was
// revoked already, the later times count. The errors are those of
// [Store.RevokeToken].
func (s *Store) RevokeSubject(ctx context.Context, issuer, subject string, before, until time.Time) error {
	return s.revoke(ctx, revocation.Target{Kind: revocation.Subject, Issuer: issuer, ID: subject}, before, until)
}

// RevokeClient is [Store.RevokeSubject] for the tokens that a client was issued,
// whoever it acts for.
func (s *Store) RevokeClient(ctx context.Context, issuer, clientID string, before, until time.Time) error {
	return s.revoke(ctx, revocation.Target{Kind: revocation.Client, Issuer: issuer, ID: clientID}, before, until)
}

// RevokeSession is [Store.RevokeSubject] for the tokens of a session, by its sid.
func (s *Store) RevokeSession(ctx context.Context, issuer, sessionID string, before, until time.Time) error {
	return s.revoke(ctx, revocation.Target{Kind: revocation.Session, Issuer: issuer, ID: sessionID}, before, until)
}

// extend makes a revocation, or one that is there stronger, never weaker, and
// announces it. That nobody may hear of it, because of access rights for example,
// does not undo the revocation.
var extend = goredis.NewScript(`
local known = redis.call('GET', KEYS[1])
local cutoff, ttl = ARGV[1], tonumber(ARGV[2])
if known and tonumber(known) then
	if tonumber(known) > tonumber(cutoff) then cutoff = known end
	ttl = math.max(ttl, redis.call('PTTL', KEYS[1]))
end
redis.call('SET', KEYS[1], cutoff, 'PX', ttl)
redis.pcall('PUBLISH', ARGV[3], '')
return 1`)

func (s *Store) revoke(ctx context.Context, target revocation.Target, before, until time.Time) error {
	if err := target.Check(before, until); err != nil {
		return err
	}
	until = until.Add(validator.MaxLeeway)
	if until.Before(s.clock.Now()) {
		return nil // no such token would be accepted any more
	}
	cutoff := revocation.Always
	if target.Kind != revocation.Token {
		cutoff = revocation.NewCutoff(before)
	}
	return s.ask(ctx, func(ctx context.Context) error {
		return extend.Run(ctx, s.client, []string{s.key(revokedRoom, target.Digest())},
			int64(cutoff), s.untilIn(until).Milliseconds(), s.prefix+channel).Err()
	})
}

// untilIn returns how long it is until then, at least a millisecond, rounded up.
// Redis gets durations and not times, so that its clock does not matter.
func (s *Store) untilIn(until time.Time) time.Duration {
	return max(time.Millisecond, (until.Sub(s.clock.Now()) + time.Millisecond - 1).Truncate(time.Millisecond))
}
