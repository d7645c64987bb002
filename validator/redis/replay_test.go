package redis_test

import (
	"crypto/sha256"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator/redis"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	goredis "github.com/redis/go-redis/v9"
)

// Of many requests with one proof, at two replicas, one is let in.
func TestReplay(t *testing.T) {
	eachServer(t, func(t *testing.T, options goredis.Options) {
		clock := validatortest.NewClock(epoch)
		replicas := []*redis.Store{
			newStore(t, options, redis.Config{Clock: clock}),
			newStore(t, options, redis.Config{Clock: clock}),
		}
		for _, proof := range []string{"a", "b", "c"} {
			var fresh atomic.Int64
			var all sync.WaitGroup
			for i := range 20 {
				all.Go(func() {
					is, err := replicas[i%2].Use(ctx, sha256.Sum256([]byte(proof)), epoch.Add(time.Minute))
					if err != nil {
						t.Error(err)
					}
					if is {
						fresh.Add(1)
					}
				})
			}
			all.Wait()
			if n := fresh.Load(); n != 1 {
				t.Errorf("the proof was fresh %d times", n)
			}
		}
	})
}

// A proof is remembered until its time and for as long as the clocks of replicas
// may be apart, but not for ever.
func TestReplayTime(t *testing.T) {
	eachServer(t, func(t *testing.T, options goredis.Options) {
		s := newStore(t, options, redis.Config{Clock: validatortest.NewClock(epoch)})
		client := newClient(t, options)
		for name, tt := range map[string]struct{ until, want time.Duration }{
			"some time":            {2 * time.Minute, 3 * time.Minute},
			"part of a second":     {time.Minute + time.Millisecond/2, 2*time.Minute + time.Millisecond},
			"past, for this clock": {-30 * time.Second, 30 * time.Second},
		} {
			client.FlushAll(ctx)
			if fresh, err := s.Use(ctx, sha256.Sum256([]byte(name)), epoch.Add(tt.until)); !fresh || err != nil {
				t.Fatalf("%s: fresh is %v, %v", name, fresh, err)
			}
			keys := client.Keys(ctx, "*").Val()
			if len(keys) != 1 || !strings.HasPrefix(keys[0], redis.DefaultPrefix+"replay:") {
				t.Fatalf("%s: the keys are %q", name, keys)
			}
			if got := client.PTTL(ctx, keys[0]).Val(); got > tt.want || got < tt.want-20*time.Second {
				t.Errorf("%s: it lasts %v, want %v", name, got, tt.want)
			}
		}
		if fresh, err := s.Use(ctx, [32]byte{}, epoch.Add(-time.Hour)); !fresh || err != nil {
			t.Errorf("long past: fresh is %v, %v", fresh, err)
		}
		for _, key := range client.Keys(ctx, "*").Val() {
			if client.PTTL(ctx, key).Val() == -1 {
				t.Error("long past: it lasts for ever")
			}
		}
	})
}
