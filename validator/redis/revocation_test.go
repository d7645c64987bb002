package redis_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/redis"
	"github.com/bearerguard/bearerguard/validator/revocation"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	goredis "github.com/redis/go-redis/v9"
)

// What one replica revokes, the other refuses: exactly what a list in memory
// would.
func TestRevoked(t *testing.T) {
	later := epoch.Add(time.Hour)
	type revoker interface {
		validator.Revocation
		RevokeToken(c context.Context, issuer, id string, until time.Time) error
		RevokeSubject(c context.Context, issuer, subject string, before, until time.Time) error
		RevokeClient(c context.Context, issuer, clientID string, before, until time.Time) error
		RevokeSession(c context.Context, issuer, sessionID string, before, until time.Time) error
	}
	tests := []struct {
		name   string
		revoke func(revoker) error
		want   bool
	}{
		{"nothing", func(revoker) error { return nil }, false},
		{"token", func(r revoker) error { return r.RevokeToken(ctx, issuerURL, "t1", later) }, true},
		{"another token", func(r revoker) error { return r.RevokeToken(ctx, issuerURL, "t2", later) }, false},
		{"token of another issuer", func(r revoker) error { return r.RevokeToken(ctx, "https://x", "t1", later) }, false},
		{"subject", func(r revoker) error { return r.RevokeSubject(ctx, issuerURL, "alice", epoch, later) }, true},
		{"subject, in the second before", func(r revoker) error {
			return r.RevokeSubject(ctx, issuerURL, "alice", epoch.Add(-time.Millisecond), later)
		}, true},
		{"subject, before the token", func(r revoker) error {
			return r.RevokeSubject(ctx, issuerURL, "alice", epoch.Add(-time.Second), later)
		}, false},
		{"subject named as the client", func(r revoker) error { return r.RevokeSubject(ctx, issuerURL, "billing", epoch, later) }, false},
		{"client", func(r revoker) error { return r.RevokeClient(ctx, issuerURL, "billing", epoch, later) }, true},
		{"client named as the subject", func(r revoker) error { return r.RevokeClient(ctx, issuerURL, "alice", epoch, later) }, false},
		{"session", func(r revoker) error { return r.RevokeSession(ctx, issuerURL, "s1", epoch, later) }, true},
		{"another session", func(r revoker) error { return r.RevokeSession(ctx, issuerURL, "s2", epoch, later) }, false},
	}
	eachServer(t, func(t *testing.T, options goredis.Options) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				config := redis.Config{Clock: validatortest.NewClock(epoch), Prefix: t.Name()}
				here, there := newStore(t, options, config), newStore(t, options, config)
				list, err := revocation.New(revocation.Config{Clock: config.Clock})
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range []revoker{here, list} {
					if err := tt.revoke(r); err != nil {
						t.Fatal(err)
					}
				}
				for _, r := range []revoker{here, there, list} {
					if got, err := r.Revoked(ctx, token(t)); got != tt.want || err != nil {
						t.Errorf("%T: revoked is %v, %v", r, got, err)
					}
				}
			})
		}
	})
}

// A second revocation makes the first one stronger, never weaker, and both last.
func TestRevokedTwice(t *testing.T) {
	eachServer(t, func(t *testing.T, options goredis.Options) {
		client := newClient(t, options)
		for name, order := range map[string][2]time.Duration{"rising": {-time.Minute, 0}, "falling": {0, -time.Minute}} {
			clock := validatortest.NewClock(epoch)
			s := newStore(t, options, redis.Config{Clock: clock, Prefix: name + ":"})
			for _, d := range order {
				if err := s.RevokeSubject(ctx, issuerURL, "alice", epoch.Add(d), epoch.Add(time.Hour+d)); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := s.Revoked(ctx, token(t)); !got || err != nil {
				t.Errorf("%s: revoked is %v, %v", name, got, err)
			}
			keys := client.Keys(ctx, name+":revoked:*").Val()
			if len(keys) != 1 || strings.Contains(keys[0], "alice") {
				t.Fatalf("%s: the keys are %q", name, keys)
			}
			want := time.Hour + validator.MaxLeeway
			if got := client.PTTL(ctx, keys[0]).Val(); got > want || got < want-30*time.Second {
				t.Errorf("%s: it lasts %v, want %v", name, got, want)
			}
		}
	})
}

func TestRevokeInThePast(t *testing.T) {
	eachServer(t, func(t *testing.T, options goredis.Options) {
		s := newStore(t, options, redis.Config{Clock: validatortest.NewClock(epoch)})
		client := newClient(t, options)
		past := epoch.Add(-validator.MaxLeeway - 1)
		if err := s.RevokeToken(ctx, issuerURL, "t1", past); err != nil || client.DBSize(ctx).Val() != 0 {
			t.Errorf("%v; there are %v", err, client.Keys(ctx, "*"))
		}
		if err := s.RevokeToken(ctx, issuerURL, "", epoch); !errors.Is(err, revocation.ErrNoTarget) {
			t.Errorf("without a jti: %v", err)
		}
		if err := s.RevokeSubject(ctx, issuerURL, "alice", epoch, epoch.Add(-1)); !errors.Is(err, revocation.ErrTimes) {
			t.Errorf("the wrong way round: %v", err)
		}
	})
}

// Somebody else's value is no reason to let a token in, whatever is configured.
func TestForeignValues(t *testing.T) {
	eachServer(t, func(t *testing.T, options goredis.Options) {
		s := newStore(t, options, redis.Config{Clock: validatortest.NewClock(epoch), InsecureAllowWhenDown: true, Logger: discard})
		client := newClient(t, options)
		revoke := func() error { return s.RevokeToken(ctx, issuerURL, "t1", epoch.Add(time.Hour)) }
		if err := revoke(); err != nil {
			t.Fatal(err)
		}
		key := client.Keys(ctx, "*").Val()[0]
		for _, value := range []string{"", "x", "1.5", "9223372036854775808"} {
			client.Set(ctx, key, value, 0)
			if got, err := s.Revoked(ctx, token(t)); got || codeOf(err) != validator.CodeDependencyUnavailable {
				t.Errorf("value %q: revoked is %v, %v", value, got, err)
			}
		}
		client.Set(ctx, key, "x", 0)
		if err := revoke(); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Revoked(ctx, token(t)); !got || err != nil {
			t.Errorf("revoked again: %v, %v", got, err)
		}

		// An error of one command, behind others that found nothing.
		client.Del(ctx, key)
		if err := s.RevokeSession(ctx, issuerURL, "s1", epoch, epoch.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		key = client.Keys(ctx, "*").Val()[0]
		client.Del(ctx, key)
		client.RPush(ctx, key, "x")
		strict := newStore(t, options, redis.Config{Clock: validatortest.NewClock(epoch)})
		got, err := strict.Revoked(ctx, token(t))
		if got || codeOf(err) != validator.CodeDependencyUnavailable || !strings.Contains(errors.Unwrap(err).Error(), "WRONGTYPE") {
			t.Errorf("a list: revoked is %v, %v (%v)", got, err, errors.Unwrap(err))
		}
	})
}

// Prefixes keep APIs apart.
func TestPrefix(t *testing.T) {
	eachServer(t, func(t *testing.T, options goredis.Options) {
		clock := validatortest.NewClock(epoch)
		a, b := newStore(t, options, redis.Config{Clock: clock}), newStore(t, options, redis.Config{Clock: clock, Prefix: "b:"})
		if err := a.RevokeToken(ctx, issuerURL, "t1", epoch); err != nil {
			t.Fatal(err)
		}
		if got, err := b.Revoked(ctx, token(t)); got || err != nil {
			t.Errorf("revoked is %v, %v", got, err)
		}
		for _, key := range newClient(t, options).Keys(ctx, "*").Val() {
			if !strings.HasPrefix(key, redis.DefaultPrefix) {
				t.Errorf("key %q", key)
			}
		}
	})
}

// A stream at one replica hears of what another one revokes.
func TestChanged(t *testing.T) {
	eachServer(t, func(t *testing.T, options goredis.Options) {
		clock := validatortest.NewClock(epoch)
		here, there := newStore(t, options, redis.Config{Clock: clock}), newStore(t, options, redis.Config{Clock: clock})
		mine := token(t)
		<-here.Changed() // the subscription
		rounds := make(chan int, 1)
		go func() {
			n := 0
			for ; ; n++ {
				changed := here.Changed()
				if is, _ := here.Revoked(ctx, mine); is {
					rounds <- n
					return
				}
				<-changed
			}
		}()
		start := time.Now()
		if err := there.RevokeSession(ctx, issuerURL, "s1", epoch, epoch.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		<-rounds
		if took := time.Since(start); took > 9*time.Second { // it would look again after ten
			t.Errorf("it took %v: nothing was announced", took)
		}
	})
}

// After a connection was lost, streams look again: they may have missed something.
func TestChangedAfterReconnect(t *testing.T) {
	eachServer(t, func(t *testing.T, options goredis.Options) {
		r := newRelay(t, options)
		clock := validatortest.NewClock(epoch)
		here, there := newStore(t, r.options(), redis.Config{Clock: clock}), newStore(t, options, redis.Config{Clock: clock})
		<-here.Changed()
		r.set("refuse")
		if err := there.RevokeToken(ctx, issuerURL, "t1", epoch); err != nil {
			t.Fatal(err)
		}
		r.set("")
		for start := time.Now(); ; {
			changed := here.Changed()
			if is, _ := here.Revoked(ctx, token(t)); is {
				break
			}
			<-changed
			if time.Since(start) > 9*time.Second {
				t.Fatal("nobody looked again after the connection was back")
			}
		}
	})
}

// Close ends what Changed has started, also where Redis does not answer, and does
// not wait for it.
func TestClose(t *testing.T) {
	for _, fault := range []string{"", "hang", "refuse", "garbage"} {
		r := newRelay(t, goredis.Options{Addr: miniredis.RunT(t).Addr()})
		r.set(fault)
		options := r.options()
		options.ReadTimeout = 100 * time.Millisecond
		s := newStore(t, options, redis.Config{})
		changed := s.Changed()
		if fault != "hang" {
			<-changed
		}
		start := time.Now()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%q: closing took %v", fault, took)
		}
		_ = s.Changed() // starts nothing any more
		for stacks := ""; ; time.Sleep(time.Millisecond) {
			buffer := make([]byte, 1<<20)
			stacks = string(buffer[:runtime.Stack(buffer, true)])
			if !strings.Contains(stacks, "followAnnouncements") {
				break
			}
			if time.Since(start) > enough {
				t.Fatalf("%q: it goes on after Close:\n%s", fault, stacks)
			}
		}
	}
}
