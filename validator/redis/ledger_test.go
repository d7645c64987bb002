package redis_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/ledger"
	"github.com/bearerguard/bearerguard/validator/redis"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	goredis "github.com/redis/go-redis/v9"
)

const (
	ledgerKeys  = redis.DefaultPrefix + "ledger:"
	ledgerIndex = redis.DefaultPrefix + "ledgers"
)

// An account is the ledger of a replica that has been called.
type account struct {
	*ledger.Ledger
	call func(client string, granted ...string) // it needs orders:read
}

func newAccount(t *testing.T, clock *validatortest.Clock) account {
	t.Helper()
	l, err := ledger.New(ledger.Config{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	issuer := validatortest.Start(t, validatortest.Config{Clock: validatortest.NewClock(epoch)}) // its timers are its own
	guard := validator.NewGuard(issuer.Validator(func(c *validator.Config) { c.OnDecision = l.Record }))
	return account{l, func(client string, granted ...string) {
		token := issuer.Mint(validatortest.Client(client).Scope(granted...))
		_, _, _ = guard.Authorize(ctx, validator.Request{Operation: "list", Requirement: scopes.All("orders:read"), Authorization: []string{"Bearer " + token}})
	}}
}

func (a account) name() string { return a.Snapshot().Instances[0] }

func expectLedger(t *testing.T, s *redis.Store, want ...ledger.Snapshot) {
	t.Helper()
	sum, err := ledger.Merge(want...)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.MergedLedger(ctx); err != nil || !reflect.DeepEqual(got, sum) {
		t.Errorf("the sum is %+v, %v\nwant %+v", got, err, sum)
	}
}

// What replicas have saved adds up, each counted once, also that of a replica that
// is gone; prefixes keep APIs apart.
func TestLedger(t *testing.T) {
	eachServer(t, func(t *testing.T, options goredis.Options) {
		clock := validatortest.NewClock(epoch)
		here, there := newStore(t, options, redis.Config{Clock: clock}), newStore(t, options, redis.Config{Clock: clock})
		one, two := newAccount(t, clock), newAccount(t, clock)
		save := func(s *redis.Store, a account) {
			if err := s.SaveLedger(ctx, a.Snapshot()); err != nil {
				t.Fatal(err)
			}
		}
		expectLedger(t, here)
		one.call("billing", "orders:read", "orders:write")
		save(here, one)
		expectLedger(t, there, one.Snapshot())
		two.call("billing", "orders:read")
		two.call("shop", "orders:write")
		save(there, two)
		one.call("billing", "orders:read")
		save(here, one) // again
		expectLedger(t, here, one.Snapshot(), two.Snapshot())
		other, third := newStore(t, options, redis.Config{Clock: clock, Prefix: "other:"}), newAccount(t, clock)
		expectLedger(t, other)
		save(other, third)
		expectLedger(t, other, third.Snapshot())
		expectLedger(t, here, one.Snapshot(), two.Snapshot())
	})
}

// Adding up in parts gives the same as at once.
func TestManyLedgers(t *testing.T) {
	clock := validatortest.NewClock(epoch)
	s := newStore(t, goredis.Options{Addr: miniredis.RunT(t).Addr()}, redis.Config{Clock: clock})
	var all []ledger.Snapshot
	for i := range 40 {
		l, err := ledger.New(ledger.Config{Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		for range i {
			l.Record(ctx, validator.Decision{}) // anonymous
		}
		all = append(all, l.Snapshot())
		if err := s.SaveLedger(ctx, l.Snapshot()); err != nil {
			t.Fatal(err)
		}
	}
	expectLedger(t, s, all...)
}

// A ledger lasts for its time after it was last saved, and nothing lasts for ever.
func TestLedgerLifetime(t *testing.T) {
	eachServer(t, func(t *testing.T, options goredis.Options) {
		clock := validatortest.NewClock(epoch)
		s, client := newStore(t, options, redis.Config{Clock: clock}), newClient(t, options)
		old, renewed := newAccount(t, clock), newAccount(t, clock)
		first := old.Snapshot()
		for _, a := range []account{old, renewed} {
			if err := s.SaveLedger(ctx, a.Snapshot()); err != nil {
				t.Fatal(err)
			}
		}
		for _, key := range []string{ledgerKeys + old.name(), ledgerIndex} {
			if got := client.PTTL(ctx, key).Val(); got > redis.LedgerLifetime || got < redis.LedgerLifetime-time.Minute {
				t.Errorf("%s lasts %v", key, got)
			}
			client.Expire(ctx, key, time.Hour) // as if time had passed
		}
		clock.Advance(redis.LedgerLifetime - time.Second)
		again := renewed.Snapshot()
		if err := s.SaveLedger(ctx, again); err != nil {
			t.Fatal(err)
		}
		if got := client.PTTL(ctx, ledgerIndex).Val(); got < redis.LedgerLifetime-time.Minute {
			t.Errorf("the index was not renewed: it lasts %v", got)
		}
		expectLedger(t, s, first, again)
		clock.Advance(time.Second)
		expectLedger(t, s, again)
		if err := s.SaveLedger(ctx, again); err != nil {
			t.Fatal(err)
		}
		if names := client.ZRange(ctx, ledgerIndex, 0, -1).Val(); len(names) != 1 || names[0] != renewed.name() {
			t.Errorf("the index is %q", names)
		}
		client.Del(ctx, ledgerKeys+renewed.name()) // Redis was the first to know
		expectLedger(t, s)
	})
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	_, err := io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A sum that is not one of all is an error: part of it would call scopes unused
// that are not. What is read is bounded.
func TestForeignLedger(t *testing.T) {
	t.Parallel() // it is about large values
	options := goredis.Options{Addr: miniredis.RunT(t).Addr()}
	clock := validatortest.NewClock(epoch)
	s, client := newStore(t, options, redis.Config{Clock: clock}), newClient(t, options)
	good, other := newAccount(t, clock).Snapshot(), newAccount(t, clock).Snapshot()
	plain := func(s ledger.Snapshot) string {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	merged, err := ledger.Merge(good, other)
	if err != nil {
		t.Fatal(err)
	}
	later := good
	later.Version++
	for name, tt := range map[string]struct{ value, want string }{
		"not packed":          {plain(good), "gzip"},
		"cut off":             {packed(t, plain(good))[:50], "unexpected EOF"},
		"not a snapshot":      {packed(t, "{}"), "version 0"},
		"a later version":     {packed(t, plain(later)), "version 2"},
		"that of another":     {packed(t, plain(other)), "not the snapshot of one"},
		"merged":              {packed(t, plain(merged)), "not the snapshot of one"},
		"large once unpacked": {packed(t, strings.Repeat(" ", ledger.MaxSnapshotBytes+1)), "over 64 MiB"},
		"large":               {strings.Repeat("x", redis.MaxLedgerBytes+1), "over 16 MiB"},
	} {
		if err := s.SaveLedger(ctx, good); err != nil {
			t.Fatal(err)
		}
		client.Set(ctx, ledgerKeys+good.Instances[0], tt.value, time.Hour)
		if _, err := s.MergedLedger(ctx); !errors.Is(err, redis.ErrLedger) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), good.Instances[0]) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	client.FlushAll(ctx)
	client.Set(ctx, ledgerIndex, "x", time.Hour)
	if _, err := s.MergedLedger(ctx); err == nil {
		t.Error("an index that is none: no error")
	}
}

func TestTooManyLedgers(t *testing.T) {
	eachServer(t, func(t *testing.T, options goredis.Options) {
		s, client := newStore(t, options, redis.Config{Clock: validatortest.NewClock(epoch)}), newClient(t, options)
		var names []goredis.Z
		for i := range redis.MaxLedgers {
			names = append(names, goredis.Z{Score: 1e12, Member: strconv.Itoa(i)})
		}
		client.ZAdd(ctx, ledgerIndex, names...)
		if err := client.ZAdd(ctx, ledgerIndex, goredis.Z{Score: 1e12, Member: "one more"}).Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.MergedLedger(ctx); err == nil || !strings.Contains(err.Error(), "over 10000") {
			t.Errorf("the error is %v", err)
		}
	})
}

// Only what can be counted is saved.
func TestSaveOther(t *testing.T) {
	server := miniredis.RunT(t)
	clock := validatortest.NewClock(epoch)
	s := newStore(t, goredis.Options{Addr: server.Addr()}, redis.Config{Clock: clock})
	one := newAccount(t, clock).Snapshot()
	merged, err := ledger.Merge(one, newAccount(t, clock).Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	old := one
	old.Version = 0
	random := make([]byte, redis.MaxLedgerBytes+1) // it cannot be made smaller
	_, _ = rand.Read(random)
	large := one
	large.Refusals = []ledger.Refusals{{Code: base64.StdEncoding.EncodeToString(random)}}
	for name, snapshot := range map[string]ledger.Snapshot{"large": large, "zero": {}, "merged": merged, "another version": old, "of nobody": {Version: ledger.Version}} {
		if err := s.SaveLedger(ctx, snapshot); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if keys := server.Keys(); len(keys) != 0 {
		t.Errorf("the keys are %q", keys)
	}
}

// However Redis fails, saving and reading end with an error, requests are not kept
// from asking, and all is well once Redis is back.
func TestLedgerFaults(t *testing.T) {
	for fault := range faults {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			eachServer(t, func(t *testing.T, options goredis.Options) {
				r := newRelay(t, options)
				clock := validatortest.NewClock(epoch)
				log := &buffer{}
				s := newStore(t, patient(r.options()), redis.Config{Clock: clock, Logger: slog.New(slog.NewTextHandler(log, nil))})
				mine := newAccount(t, clock).Snapshot()
				r.set(fault)
				for range 6 { // more than the breaker takes
					short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
					if err := s.SaveLedger(short, mine); err == nil {
						t.Error("saving: no error")
					}
					cancel()
				}
				short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
				defer cancel()
				if _, err := s.MergedLedger(short); err == nil {
					t.Error("reading: no error")
				}
				if text := log.String(); text != "" {
					t.Errorf("requests are told that %s", text)
				}
				r.set("")
				eventually(t, "after recovery", func() error { return s.SaveLedger(ctx, mine) })
				expectLedger(t, s, mine)
			})
		})
	}
}

// A Redis that hangs is waited for no longer than MaxTimeout.
func TestLedgerHangs(t *testing.T) {
	t.Parallel() // it waits for as long
	r := newRelay(t, goredis.Options{Addr: miniredis.RunT(t).Addr()})
	clock := validatortest.NewClock(epoch)
	s := newStore(t, patient(r.options()), redis.Config{Clock: clock})
	mine := newAccount(t, clock).Snapshot()
	r.set("hang")
	start := time.Now()
	failed := make(chan error, 2)
	go func() { failed <- s.SaveLedger(ctx, mine) }()
	go func() { _, err := s.MergedLedger(ctx); failed <- err }()
	for range 2 {
		if err := <-failed; err == nil || time.Since(start) > enough {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	}
}

// A ledger is saved at the interval, through an outage, and once more at the end.
func TestPublishLedger(t *testing.T) {
	eachServer(t, func(t *testing.T, options goredis.Options) {
		r := newRelay(t, options)
		clock := validatortest.NewClock(epoch)
		log := &buffer{}
		client := newClient(t, r.options())
		saved := make(saves)
		client.AddHook(saved)
		s := newStore(t, options, redis.Config{Client: client, Clock: clock, Logger: slog.New(slog.NewTextHandler(log, nil))})
		reader := newStore(t, options, redis.Config{Clock: clock})
		mine := newAccount(t, clock)
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- s.PublishLedger(running, mine.Ledger, time.Minute) }()
		waiting := func() {
			for clock.Timers() == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		after := func(d time.Duration) error {
			waiting()
			clock.Advance(d)
			return <-saved
		}

		mine.call("billing", "orders:read")
		waiting()
		if clock.Advance(time.Minute - 1); clock.Timers() != 1 {
			t.Error("it does not wait for a minute")
		}
		if err := after(1); err != nil {
			t.Fatal(err)
		}
		expectLedger(t, reader, mine.Snapshot())
		r.set("refuse")
		for range 3 {
			if err := after(time.Minute); err == nil {
				t.Error("saved without Redis")
			}
		}
		r.set("")
		for range 2 {
			mine.call("shop", "orders:read")
			if err := after(time.Minute); err != nil {
				t.Error(err)
			}
			expectLedger(t, reader, mine.Snapshot())
		}
		mine.call("crm", "orders:read")
		stop()
		if err := <-saved; err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		expectLedger(t, reader, mine.Snapshot())
		if n := clock.Timers(); n != 0 {
			t.Errorf("%d timers are left", n)
		}
		if text := log.String(); strings.Count(text, "cannot be saved") != 1 || strings.Count(text, "is saved in Redis again") != 1 {
			t.Errorf("it was said: %s", text)
		}
	})
}

// What cannot be saved at the end is reported.
func TestPublishLedgerEnd(t *testing.T) {
	r := newRelay(t, goredis.Options{Addr: miniredis.RunT(t).Addr()})
	r.set("refuse")
	clock := validatortest.NewClock(epoch)
	s := newStore(t, r.options(), redis.Config{Clock: clock})
	over, stop := context.WithCancel(ctx)
	stop()
	if err := s.PublishLedger(over, newAccount(t, clock).Ledger, 0); err == nil {
		t.Error("no error")
	}
}

// saves tells of each attempt to save a ledger, when it is over.
type saves chan error

func (saves) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (saves) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook { return next }

func (c saves) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, commands []goredis.Cmder) error {
		err := next(ctx, commands)
		if commands[0].Name() == "set" {
			c <- err
		}
		return err
	}
}
