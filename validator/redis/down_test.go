package redis_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/redis"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	goredis "github.com/redis/go-redis/v9"
)

var discard = slog.New(slog.NewTextHandler(io.Discard, nil))

const (
	timeout = 200 * time.Millisecond
	pause   = time.Second // of the breaker

	// patience is what a client would wait by itself, and enough for a busy machine
	// to do what takes no time.
	patience = time.Minute
	enough   = patience / 2
)

// patient returns options of a client that only gives up when its caller does.
func patient(options goredis.Options) goredis.Options {
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = patience, patience, patience
	return options
}

// eventually calls f until it succeeds: one attempt within the timeout can fail
// because the machine is busy.
func eventually(t *testing.T, what string, f func() error) {
	t.Helper()
	for deadline := time.Now().Add(enough); ; {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%s: %v", what, err)
			return
		}
	}
}

// attempts counts the pipelines of [redis.Store.Revoked], and not what a client
// sends by itself on a new connection.
type attempts struct{ atomic.Int64 }

func (*attempts) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (*attempts) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook { return next }

func (a *attempts) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, commands []goredis.Cmder) error {
		if commands[0].Name() == "get" {
			a.Add(1)
		}
		return next(ctx, commands)
	}
}

// countedClient returns a client and what counts its attempts.
func countedClient(t *testing.T, options goredis.Options) (*goredis.Client, *attempts) {
	client, asked := newClient(t, options), &attempts{}
	client.AddHook(asked)
	return client, asked
}

// However Redis fails, a request is answered with 503 within the timeout, nobody
// is let in, and all is well once Redis is back.
func TestFaults(t *testing.T) {
	for fault := range faults {
		t.Run(fault, func(t *testing.T) {
			t.Parallel() // most of the time it waits
			eachServer(t, func(t *testing.T, options goredis.Options) {
				r := newRelay(t, options)
				clock := validatortest.NewClock(epoch)
				s := newStore(t, patient(r.options()), redis.Config{Clock: clock, Timeout: timeout})
				mine := token(t)
				uses := map[string]func() (bool, error){
					"revoked": func() (bool, error) { return s.Revoked(ctx, mine) },
					"use":     func() (bool, error) { return s.Use(ctx, [32]byte{1}, epoch.Add(time.Minute)) },
					"revoke":  func() (bool, error) { return false, s.RevokeToken(ctx, issuerURL, "t2", epoch) },
					"check":   func() (bool, error) { return false, s.Check(ctx) },
				}
				r.set(fault)
				for name, use := range uses {
					start := time.Now()
					yes, err := use()
					if yes || codeOf(err) != validator.CodeDependencyUnavailable {
						t.Errorf("%s: %v, %v", name, yes, err)
					}
					if took := time.Since(start); took > enough {
						t.Errorf("%s: took %v", name, took)
					}
				}
				r.set("")
				eventually(t, "after recovery", func() error {
					clock.Advance(pause)
					is, err := s.Revoked(ctx, mine)
					if is {
						t.Error("after recovery, it is revoked")
					}
					return err
				})
				used := byte(1)
				eventually(t, "after recovery", func() error {
					clock.Advance(pause)
					used++ // an attempt that failed for the caller may have used it
					fresh, err := s.Use(ctx, [32]byte{used}, clock.Now().Add(time.Minute))
					if !fresh && err == nil {
						t.Error("after recovery, no proof is fresh")
					}
					return err
				})
			})
		})
	}
}

// Nobody accepts the connection, and the dialer does not care for deadlines.
func TestDialHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	options := goredis.Options{Dialer: func(context.Context, string, string) (net.Conn, error) {
		<-release
		return nil, errors.New("too late")
	}}
	s := newStore(t, patient(options), redis.Config{Timeout: timeout})
	start := time.Now()
	if _, err := s.Revoked(ctx, token(t)); codeOf(err) != validator.CodeDependencyUnavailable {
		t.Errorf("the error is %v", err)
	}
	if took := time.Since(start); took > enough {
		t.Errorf("it took %v", took)
	}
}

// After several failures Redis is left alone, but for one attempt per second.
func TestBreaker(t *testing.T) {
	r := newRelay(t, goredis.Options{Addr: miniredis.RunT(t).Addr()})
	clock := validatortest.NewClock(epoch)
	log := &buffer{}
	client, asked := countedClient(t, r.options())
	s := newStore(t, r.options(), redis.Config{Client: client, Clock: clock, Logger: slog.New(slog.NewTextHandler(log, nil))})
	mine := token(t)
	ask := func() error { _, err := s.Revoked(ctx, mine); return err }

	r.set("refuse")
	for range 5 {
		if e, ok := errors.AsType[*validator.Error](ask()); !ok || e.RetryAfter() != pause {
			t.Fatalf("the error is %v", e)
		}
	}
	before := asked.Load()
	for range 10 {
		if err := ask(); codeOf(err) != validator.CodeDependencyUnavailable {
			t.Fatalf("the error is %v", err)
		}
	}
	if n := asked.Load(); n != before {
		t.Errorf("a Redis that is down was asked (%d times)", n-before)
	}
	clock.Advance(pause - 1)
	_ = ask()
	if asked.Load() != before {
		t.Error("asked before the pause was over")
	}
	clock.Advance(1)
	_ = ask()
	if asked.Load() == before {
		t.Error("not asked after the pause")
	}
	before = asked.Load()
	_ = ask()
	if asked.Load() != before {
		t.Error("asked again right after the attempt")
	}
	r.set("")
	clock.Advance(pause)
	for range 3 {
		if err := ask(); err != nil {
			t.Errorf("after recovery: %v", err)
		}
	}
	if down, back := strings.Count(log.String(), "Redis is down"), strings.Count(log.String(), "Redis is back"); down != 1 || back != 1 {
		t.Errorf("it was said %d times that Redis is down, and %d times that it is back:\n%s", down, back, log)
	}
	r.set("refuse")
	for range 4 { // less than it takes, with successes between
		_ = ask()
	}
	r.set("")
	_ = ask()
	r.set("refuse")
	_ = ask()
	r.set("")
	if err := ask(); err != nil {
		t.Errorf("failures count that are not in a row: %v", err)
	}
}

// Of many at once, one makes the attempt.
func TestOneAttempt(t *testing.T) {
	r := newRelay(t, goredis.Options{Addr: miniredis.RunT(t).Addr()})
	clock := validatortest.NewClock(epoch)
	client, asked := countedClient(t, r.options())
	s := newStore(t, r.options(), redis.Config{Client: client, Clock: clock, Timeout: timeout})
	mine := token(t)
	r.set("hang")
	for range 5 {
		_, _ = s.Revoked(ctx, mine)
	}
	clock.Advance(pause)
	before := asked.Load()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { _, _ = s.Revoked(ctx, mine) })
	}
	all.Wait()
	if n := asked.Load() - before; n != 1 {
		t.Errorf("Redis was asked %d times", n)
	}
}

// A client that does not wait says nothing about Redis.
func TestCallerGivesUp(t *testing.T) {
	r := newRelay(t, goredis.Options{Addr: miniredis.RunT(t).Addr()})
	// The clock stands still: if callers could declare Redis down, it would stay so,
	// and what is revoked would be let in.
	s := newStore(t, r.options(), redis.Config{
		Clock: validatortest.NewClock(epoch), InsecureAllowWhenDown: true, Logger: discard, Timeout: time.Second,
	})
	mine := token(t)
	eventually(t, "revoking", func() error { return s.RevokeToken(ctx, issuerURL, "t1", epoch) })
	r.set("hang")
	for range 10 {
		short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		if _, err := s.Revoked(short, mine); codeOf(err) != validator.CodeDeadlineExceeded {
			t.Errorf("the error is %v", err)
		}
		cancel()
		if _, err := s.Use(short, [32]byte{}, time.Now()); codeOf(err) == 0 {
			t.Errorf("the error is %v", err)
		}
	}
	canceled, cancel := context.WithCancel(ctx)
	defer time.AfterFunc(20*time.Millisecond, cancel).Stop()
	if _, err := s.Revoked(canceled, mine); codeOf(err) != validator.CodeCanceled {
		t.Errorf("canceled while waiting: the error is %v", err)
	}
	if _, err := s.Revoked(canceled, mine); codeOf(err) != validator.CodeCanceled {
		t.Errorf("the error is %v", err)
	}
	r.set("")
	eventually(t, "afterwards", func() error {
		if is, err := s.Revoked(ctx, mine); !is || err != nil {
			return fmt.Errorf("revoked is %v, %v", is, err)
		}
		return nil
	})
}

// Whoever asks for it gets requests let in, and is told so.
func TestInsecureAllowWhenDown(t *testing.T) {
	server := miniredis.RunT(t)
	r := newRelay(t, goredis.Options{Addr: server.Addr()})
	clock := validatortest.NewClock(epoch)
	log := &buffer{}
	s := newStore(t, r.options(), redis.Config{
		Clock: clock, InsecureAllowWhenDown: true, Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	if !strings.Contains(log.String(), "level=WARN") {
		t.Errorf("no warning at the start: %s", log)
	}
	if err := s.RevokeToken(ctx, issuerURL, "t1", epoch); err != nil {
		t.Fatal(err)
	}
	r.set("refuse")
	const said = "let in unchecked"
	for i := range 20 {
		if is, err := s.Revoked(ctx, token(t)); is || err != nil {
			t.Fatalf("revoked is %v, %v", is, err)
		}
		if fresh, err := s.Use(ctx, [32]byte{}, epoch.Add(time.Minute)); !fresh || err != nil {
			t.Fatalf("fresh is %v, %v", fresh, err)
		}
		if i == 0 && strings.Count(log.String(), said) != 1 {
			t.Errorf("not told at once: %s", log)
		}
	}
	if n := strings.Count(log.String(), said); n != 1 {
		t.Errorf("told %d times in one second", n)
	}
	clock.Advance(pause)
	_, _ = s.Revoked(ctx, token(t))
	if !strings.Contains(log.String(), "requests=40") {
		t.Errorf("the number of requests is not told: %s", log)
	}
	if err := s.RevokeToken(ctx, issuerURL, "t2", epoch); codeOf(err) != validator.CodeDependencyUnavailable {
		t.Errorf("revoking: %v", err)
	}
	r.set("")
	clock.Advance(pause)
	if is, err := s.Revoked(ctx, token(t)); !is || err != nil {
		t.Errorf("after recovery, revoked is %v, %v", is, err)
	}
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Check sees a Redis that evicts, or that does not tell whether it does.
func TestCheck(t *testing.T) {
	for info, good := range map[string]bool{
		"# Memory\r\nused_memory:1\r\nmaxmemory_policy:noeviction\r\nmem_x:1\r\n": true,
		"# Memory\r\nmaxmemory_policy:volatile-lru\r\n":                           false,
		"# Memory\r\nmaxmemory_policy:\r\n":                                       false,
		"# Memory\r\nused_memory:1\r\n":                                           false,
		"":                                                                        false,
	} {
		client := newClient(t, goredis.Options{Addr: miniredis.RunT(t).Addr()})
		client.AddHook(infoHook(info))
		s, err := redis.New(redis.Config{Client: client})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(ctx); (err == nil) != good {
			t.Errorf("%q: %v", info, err)
		}
	}
	binary := os.Getenv(serverBinary)
	if binary == "" {
		return
	}
	for policy, good := range map[string]bool{"noeviction": true, "allkeys-lru": false, "volatile-ttl": false} {
		s := newStore(t, startServer(t, binary, "--maxmemory-policy", policy), redis.Config{})
		if err := s.Check(ctx); (err == nil) != good {
			t.Errorf("%s: %v", policy, err)
		}
	}
}

// infoHook answers INFO, which miniredis knows nothing about.
type infoHook string

func (infoHook) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (infoHook) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}

func (h infoHook) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, c goredis.Cmder) error {
		if info, ok := c.(*goredis.StringCmd); ok && c.Name() == "info" {
			info.SetVal(string(h))
			return nil
		}
		return next(ctx, c)
	}
}
