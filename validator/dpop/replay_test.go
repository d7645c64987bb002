package dpop_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

func newMemory(t *testing.T, entries int) (*dpop.ReplayMemory, *validatortest.Clock) {
	t.Helper()
	clock := validatortest.NewClock(start)
	m, err := dpop.NewReplayMemory(entries, clock)
	if err != nil {
		t.Fatal(err)
	}
	return m, clock
}

func randomKey() (key [32]byte) {
	_, _ = rand.Read(key[:])
	return key
}

func use(t *testing.T, m *dpop.ReplayMemory, key [32]byte, until time.Time) bool {
	t.Helper()
	fresh, err := m.Use(t.Context(), key, until)
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

func TestReplayMemory(t *testing.T) {
	m, clock := newMemory(t, 100)
	a, b := randomKey(), randomKey()
	if !use(t, m, a, start.Add(2*time.Second)) || !use(t, m, b, start.Add(time.Second)) {
		t.Fatal("not fresh the first time")
	}
	clock.Advance(time.Second) // b's time is not over yet
	if use(t, m, a, start.Add(time.Hour)) || use(t, m, b, start.Add(time.Hour)) {
		t.Fatal("fresh the second time")
	}
	clock.Advance(time.Nanosecond)
	if !use(t, m, b, start.Add(time.Hour)) {
		t.Error("not forgotten after its time")
	}
	if use(t, m, a, start.Add(time.Hour)) {
		t.Error("forgotten before its time")
	}
	if m.Len() != 2 {
		t.Errorf("%d entries", m.Len())
	}
}

// A full memory takes nothing more and forgets nothing, until its time has come.
func TestReplayMemoryFull(t *testing.T) {
	const entries = 50
	m, clock := newMemory(t, entries)
	keys := make([][32]byte, entries)
	for i := range keys {
		keys[i] = randomKey()
		if !use(t, m, keys[i], start.Add(time.Duration(1+i%2)*time.Second)) {
			t.Fatal("not fresh")
		}
	}
	for range 100 {
		if fresh, err := m.Use(t.Context(), randomKey(), start.Add(time.Hour)); fresh || !errors.Is(err, dpop.ErrReplayFull) {
			t.Fatalf("%v %v", fresh, err)
		}
	}
	for _, key := range keys {
		if use(t, m, key, start.Add(time.Hour)) {
			t.Fatal("a live entry was given up")
		}
	}
	clock.Advance(time.Second + 1)
	for range entries / 2 {
		if !use(t, m, randomKey(), start.Add(time.Hour)) {
			t.Fatal("not fresh")
		}
	}
	if _, err := m.Use(t.Context(), randomKey(), start.Add(time.Hour)); !errors.Is(err, dpop.ErrReplayFull) {
		t.Fatal("more than half became free")
	}
	if m.Len() != entries {
		t.Errorf("%d entries", m.Len())
	}
}

func TestReplayMemoryConcurrent(t *testing.T) {
	const goroutines, entries = 8, 200
	m, _ := newMemory(t, entries)
	keys := make([][32]byte, 2*entries)
	for i := range keys {
		keys[i] = randomKey()
	}
	var fresh, full atomic.Int64
	winners := make([]atomic.Int64, len(keys))
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			for i, key := range keys {
				switch ok, err := m.Use(context.Background(), key, start.Add(time.Minute)); {
				case ok:
					fresh.Add(1)
					winners[i].Add(1)
				case err != nil:
					full.Add(1)
				}
			}
		})
	}
	group.Wait()
	if m.Len() > entries || int(fresh.Load()) != m.Len() || full.Load() == 0 {
		t.Errorf("%d fresh, %d held, %d times full", fresh.Load(), m.Len(), full.Load())
	}
	for i := range winners {
		if winners[i].Load() > 1 {
			t.Fatal("one key fresh for two")
		}
	}
	if use(t, m, keys[0], start) {
		t.Error("the first key is not held")
	}
}

func TestReplay(t *testing.T) {
	clock := validatortest.NewClock(start)
	v := newVerifier(t, func(c *dpop.Config) { c.Clock = clock })
	first := newCraft()
	if err := first.verify(t, v); err != nil {
		t.Fatal(err)
	}
	// ECDSA: another signature, the same proof.
	refused(t, first.verify(t, v), validator.CodeDPoPProofInvalid, "used before")

	elsewhere := newCraft()
	elsewhere.claims["jti"], elsewhere.claims["htm"], elsewhere.method = first.claims["jti"], "GET", "GET"
	refused(t, elsewhere.verify(t, v), validator.CodeDPoPProofInvalid, "used before")

	another := newCraft()
	another.claims["jti"] = first.claims["jti"]
	another.header["jwk"], another.key, another.jkt = jwkOf(otherKey), otherKey, thumbprint(otherKey.Public())
	if err := another.verify(t, v); err != nil {
		t.Errorf("the jti of another key: %v", err)
	}

	clock.Advance(dpop.DefaultMaxAge + dpop.DefaultLeeway)
	refused(t, first.verify(t, v), validator.CodeDPoPProofInvalid, "used before")
	clock.Advance(1)
	refused(t, first.verify(t, v), validator.CodeDPoPProofInvalid, "past")
}

// What is refused for another reason can be sent again once that is put right.
func TestReplayIsLast(t *testing.T) {
	nonces := must(dpop.NewNonces(dpop.NonceConfig{Clock: validatortest.NewClock(start)}))
	memory, _ := newMemory(t, 10)
	v := newVerifier(t, func(c *dpop.Config) { c.Replay, c.Nonces = memory, nonces })
	refused(t, newCraft().verify(t, v), validator.CodeDPoPNonceRequired, "nonce")
	for _, tt := range negatives {
		c := newCraft()
		c.claims["nonce"] = nonces.Current()
		tt.spoil(c)
		if c.verify(t, v) == nil {
			t.Error(tt.name)
		}
	}
	other := newCraft()
	other.claims["nonce"], other.jkt = nonces.Current(), thumbprint(otherKey.Public())
	refused(t, other.verify(t, v), validator.CodeBindingFailed, "another key")
	if memory.Len() != 0 {
		t.Errorf("%d proofs recorded", memory.Len())
	}
}

// storeFunc is a store that does what a test wants it to.
type storeFunc func(context.Context) (bool, error)

func (f storeFunc) Use(ctx context.Context, _ [32]byte, _ time.Time) (bool, error) { return f(ctx) }

// A store that cannot tell is no reason to call a proof bad, nor to let it in.
func TestReplayStoreFails(t *testing.T) {
	clock := validatortest.NewClock(start)
	cause := errors.New("connection refused")
	for name, tt := range map[string]struct {
		store storeFunc
		code  validator.Code
		cause string
	}{
		"error":           {func(context.Context) (bool, error) { return false, cause }, validator.CodeDependencyUnavailable, "connection refused"},
		"fresh and error": {func(context.Context) (bool, error) { return true, cause }, validator.CodeDependencyUnavailable, "connection refused"},
		"an Error": {func(context.Context) (bool, error) {
			return false, validator.NewError(validator.CodeInternal, cause)
		}, validator.CodeInternal, "connection refused"},
		"too late": {func(context.Context) (bool, error) {
			clock.Advance(dpop.DefaultMaxAge + dpop.DefaultLeeway + 1)
			return true, nil
		}, validator.CodeDPoPProofInvalid, "past"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVerifier(t, func(c *dpop.Config) { c.Replay, c.Clock = tt.store, clock })
			c := newCraft()
			c.claims["iat"] = clock.Now().Unix()
			err := c.verify(t, v)
			refused(t, err, tt.code, tt.cause)
			if e := err.(*validator.Error); e.Code().Retryable() && e.RetryAfter() != time.Second {
				t.Errorf("again after %v", e.RetryAfter())
			}
		})
	}
	full, _ := newMemory(t, 1)
	v := newVerifier(t, func(c *dpop.Config) { c.Replay = full })
	if err := newCraft().verify(t, v); err != nil {
		t.Fatal(err)
	}
	refused(t, newCraft().verify(t, v), validator.CodeDependencyUnavailable, "too many")
}

func TestRequestEnds(t *testing.T) {
	v := newVerifier(t, func(c *dpop.Config) {
		c.Replay = storeFunc(func(ctx context.Context) (bool, error) {
			<-ctx.Done()
			return false, ctx.Err()
		})
	})
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	refused(t, v.Verify(canceled, newCraft().credential(nil), jkt), validator.CodeCanceled, "before the proof was recorded: context canceled")
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	refused(t, v.Verify(late, newCraft().credential(nil), jkt), validator.CodeDeadlineExceeded, "before the proof was recorded: context deadline exceeded")
}
