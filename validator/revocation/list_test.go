package revocation_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/revocation"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

var (
	ctx   = context.Background()
	epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

const issuerURL = "https://auth.example.com"

func mustNew(t testing.TB, config revocation.Config) *revocation.List {
	t.Helper()
	l, err := revocation.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// token returns a token that was really validated, issued at the epoch.
func token(t testing.TB, edits ...func(validatortest.Claims) validatortest.Claims) *validator.Token {
	t.Helper()
	c := validatortest.User("alice", "billing").With("jti", "t1").With("sid", "s1").With("iat", epoch.Unix()).With("exp", time.Now().Add(time.Hour).Unix())
	for _, edit := range edits {
		c = edit(c)
	}
	token, ok := validator.TokenFrom(validatortest.WithToken(ctx, c))
	if !ok {
		t.Fatal("no token")
	}
	return token
}

func without(claim string) func(validatortest.Claims) validatortest.Claims {
	return func(c validatortest.Claims) validatortest.Claims { return c.With(claim, nil) }
}

func revoked(t testing.TB, l validator.Revocation, token *validator.Token) bool {
	t.Helper()
	is, err := l.Revoked(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

func TestRevoked(t *testing.T) {
	later := epoch.Add(time.Hour)
	tests := []struct {
		name   string
		revoke func(*revocation.List) error
		want   bool
	}{
		{"nothing", func(*revocation.List) error { return nil }, false},
		{"token", func(l *revocation.List) error { return l.RevokeToken(ctx, issuerURL, "t1", later) }, true},
		{"another token", func(l *revocation.List) error { return l.RevokeToken(ctx, issuerURL, "t2", later) }, false},
		{"token of another issuer", func(l *revocation.List) error { return l.RevokeToken(ctx, issuerURL+"/", "t1", later) }, false},
		{"subject", func(l *revocation.List) error { return l.RevokeSubject(ctx, issuerURL, "alice", epoch, later) }, true},
		{"subject, before the token", func(l *revocation.List) error {
			return l.RevokeSubject(ctx, issuerURL, "alice", epoch.Add(-time.Second), later)
		}, false},
		{"another subject", func(l *revocation.List) error { return l.RevokeSubject(ctx, issuerURL, "Alice", epoch, later) }, false},
		{"subject of another issuer", func(l *revocation.List) error { return l.RevokeSubject(ctx, "https://x", "alice", epoch, later) }, false},
		{"subject named as the client", func(l *revocation.List) error { return l.RevokeSubject(ctx, issuerURL, "billing", epoch, later) }, false},
		{"client", func(l *revocation.List) error { return l.RevokeClient(ctx, issuerURL, "billing", epoch, later) }, true},
		{"client, before the token", func(l *revocation.List) error {
			return l.RevokeClient(ctx, issuerURL, "billing", epoch.Add(-time.Second), later)
		}, false},
		{"client named as the subject", func(l *revocation.List) error { return l.RevokeClient(ctx, issuerURL, "alice", epoch, later) }, false},
		{"session", func(l *revocation.List) error { return l.RevokeSession(ctx, issuerURL, "s1", epoch, later) }, true},
		{"another session", func(l *revocation.List) error { return l.RevokeSession(ctx, issuerURL, "s2", epoch, later) }, false},
		{"session named as the token", func(l *revocation.List) error { return l.RevokeSession(ctx, issuerURL, "t1", epoch, later) }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := mustNew(t, revocation.Config{Clock: validatortest.NewClock(epoch)})
			if err := tt.revoke(l); err != nil {
				t.Fatal(err)
			}
			if got := revoked(t, l, token(t)); got != tt.want {
				t.Errorf("revoked is %v", got)
			}
		})
	}
}

// A token that says less of itself is found by what it says, and the others do
// not hold for it.
func TestClaimsAbsent(t *testing.T) {
	l := mustNew(t, revocation.Config{Clock: validatortest.NewClock(epoch)})
	before := epoch.Add(-time.Hour)
	if err := l.RevokeSession(ctx, issuerURL, "s1", before, epoch.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	jwt := func(c validatortest.Claims) validatortest.Claims { return c.Header("typ", "JWT") }
	if revoked(t, l, token(t, jwt)) {
		t.Error("a token from after the revocation is revoked")
	}
	if !revoked(t, l, token(t, jwt, without("iat"))) {
		t.Error("a token that does not say when it was issued is not revoked")
	}
	if revoked(t, l, token(t, jwt, without("iat"), without("sid"), without("jti"))) {
		t.Error("a token without a session is revoked with one")
	}
}

// Tokens count whole seconds, and issuers round.
func TestSeconds(t *testing.T) {
	l := mustNew(t, revocation.Config{Clock: validatortest.NewClock(epoch)})
	if err := l.RevokeSubject(ctx, issuerURL, "alice", epoch.Add(300*time.Millisecond), epoch.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for offset, want := range map[int64]bool{-1: true, 0: true, 1: true, 2: false} {
		issued := func(c validatortest.Claims) validatortest.Claims { return c.With("iat", epoch.Unix()+offset) }
		if got := revoked(t, l, token(t, issued)); got != want {
			t.Errorf("iat %+d s: revoked is %v", offset, got)
		}
	}
}

// A second revocation makes the first one stronger, never weaker.
func TestRevokedTwice(t *testing.T) {
	for _, order := range [][2]time.Duration{{0, -time.Minute}, {-time.Minute, 0}} {
		clock := validatortest.NewClock(epoch)
		l := mustNew(t, revocation.Config{Clock: clock, MaxEntries: 1})
		for _, d := range order { // the one with the earlier times, last or first
			if err := l.RevokeSubject(ctx, issuerURL, "alice", epoch.Add(d), epoch.Add(time.Hour+d)); err != nil {
				t.Fatal(err)
			}
		}
		if l.Len() != 1 {
			t.Errorf("%d entries", l.Len())
		}
		clock.Advance(time.Hour + validator.MaxLeeway)
		if err := l.RevokeSubject(ctx, issuerURL, "bob", clock.Now(), clock.Now()); !errors.Is(err, revocation.ErrFull) {
			t.Errorf("the later time was forgotten: %v", err)
		}
		if !revoked(t, l, token(t)) {
			t.Error("not revoked")
		}
	}
}

// What has had its time is forgotten, nothing else is.
func TestBound(t *testing.T) {
	clock := validatortest.NewClock(epoch)
	l := mustNew(t, revocation.Config{Clock: clock, MaxEntries: 100})
	for i := range 100 {
		until := epoch.Add(time.Hour)
		if i%2 == 1 {
			until = epoch.Add(time.Minute)
		}
		if err := l.RevokeToken(ctx, issuerURL, fmt.Sprint("t", i), until); err != nil {
			t.Fatal(err)
		}
	}
	another := func() error { return l.RevokeToken(ctx, issuerURL, "another", clock.Now().Add(time.Hour)) }
	clock.Advance(time.Minute + validator.MaxLeeway)
	if err := another(); !errors.Is(err, revocation.ErrFull) || l.Len() != 100 {
		t.Errorf("revoking with a full list: %v; %d entries", err, l.Len())
	}
	if !revoked(t, l, token(t, func(c validatortest.Claims) validatortest.Claims { return c.With("jti", "t1") })) {
		t.Error("an entry was lost before its time")
	}
	if err := l.RevokeToken(ctx, issuerURL, "t1", epoch.Add(time.Minute)); err != nil {
		t.Errorf("revoking what is revoked, with a full list: %v", err)
	}
	clock.Advance(time.Nanosecond)
	if err := another(); err != nil {
		t.Errorf("revoking with room again: %v", err)
	}
	if l.Len() != 51 {
		t.Errorf("%d entries", l.Len())
	}
	for i := range 100 {
		target := func(c validatortest.Claims) validatortest.Claims { return c.With("jti", fmt.Sprint("t", i)) }
		if got := revoked(t, l, token(t, target)); got != (i%2 == 0) {
			t.Fatalf("token %d: revoked is %v", i, got)
		}
	}
	clock.Advance(2 * time.Hour)
	for i := range 100 { // twice as many as there were
		if err := l.RevokeToken(ctx, issuerURL, fmt.Sprint("u", i), clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// A revocation that can have no effect takes no room.
func TestPast(t *testing.T) {
	l := mustNew(t, revocation.Config{Clock: validatortest.NewClock(epoch)})
	past := epoch.Add(-validator.MaxLeeway - 1)
	if err := l.RevokeToken(ctx, issuerURL, "t1", past); err != nil || l.Len() != 0 {
		t.Errorf("%v, %d entries", err, l.Len())
	}
	if err := l.RevokeToken(ctx, issuerURL, "t1", past.Add(1)); err != nil || l.Len() != 1 {
		t.Errorf("%v, %d entries: no leeway", err, l.Len())
	}
}

func TestMistakes(t *testing.T) {
	l := mustNew(t, revocation.Config{Clock: validatortest.NewClock(epoch)})
	later := epoch.Add(time.Hour)
	tests := []struct {
		name      string
		got, want error
	}{
		{"no issuer", l.RevokeToken(ctx, "", "t1", later), revocation.ErrNoTarget},
		{"no jti", l.RevokeToken(ctx, issuerURL, "", later), revocation.ErrNoTarget},
		{"no subject", l.RevokeSubject(ctx, issuerURL, "", epoch, later), revocation.ErrNoTarget},
		{"no client", l.RevokeClient(ctx, issuerURL, "", epoch, later), revocation.ErrNoTarget},
		{"no session", l.RevokeSession(ctx, issuerURL, "", epoch, later), revocation.ErrNoTarget},
		{"no until for a token", l.RevokeToken(ctx, issuerURL, "t1", time.Time{}), revocation.ErrTimes},
		{"no until", l.RevokeSubject(ctx, issuerURL, "alice", epoch, time.Time{}), revocation.ErrTimes},
		{"no before", l.RevokeSubject(ctx, issuerURL, "alice", time.Time{}, later), revocation.ErrTimes},
		{"the wrong way round", l.RevokeSubject(ctx, issuerURL, "alice", later, epoch), revocation.ErrTimes},
	}
	for _, tt := range tests {
		if !errors.Is(tt.got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
		}
	}
	if l.Len() != 0 {
		t.Errorf("%d entries", l.Len())
	}
	if _, err := revocation.New(revocation.Config{MaxEntries: -1}); err == nil || err.Error() != "MaxEntries: negative" {
		t.Errorf("New = %v", err)
	}
}

func TestChanged(t *testing.T) {
	l := mustNew(t, revocation.Config{Clock: validatortest.NewClock(epoch)})
	isClosed := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	first := l.Changed()
	_ = l.RevokeToken(ctx, issuerURL, "", epoch)
	if isClosed(first) {
		t.Error("closed without a revocation")
	}
	if err := l.RevokeToken(ctx, issuerURL, "t1", epoch); err != nil {
		t.Fatal(err)
	}
	if !isClosed(first) {
		t.Error("not closed by a revocation")
	}
	if isClosed(l.Changed()) {
		t.Error("the next channel is closed already")
	}
}

// Streams that take the channel, look and wait miss nothing.
func TestConcurrently(t *testing.T) {
	l := mustNew(t, revocation.Config{Clock: validatortest.NewClock(epoch)})
	var watchers sync.WaitGroup
	for i := range 8 {
		mine := token(t, func(c validatortest.Claims) validatortest.Claims { return c.With("jti", fmt.Sprint("t", i*100)) })
		watchers.Go(func() {
			for {
				changed := l.Changed()
				if is, _ := l.Revoked(ctx, mine); is {
					return
				}
				<-changed
			}
		})
	}
	var revokers sync.WaitGroup
	for i := range 8 {
		revokers.Go(func() {
			for j := range 100 {
				if err := l.RevokeToken(ctx, issuerURL, fmt.Sprint("t", i*100+j), epoch.Add(time.Hour)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	revokers.Wait()
	watchers.Wait()
	if l.Len() != 800 {
		t.Errorf("%d entries", l.Len())
	}
}

func TestAllocations(t *testing.T) {
	l := mustNew(t, revocation.Config{Clock: validatortest.NewClock(epoch)})
	_ = l.RevokeToken(ctx, issuerURL, "t2", epoch.Add(time.Hour))
	mine := token(t)
	if n := testing.AllocsPerRun(100, func() { _, _ = l.Revoked(ctx, mine) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRevoked(b *testing.B) {
	l := mustNew(b, revocation.Config{Clock: validatortest.NewClock(epoch)})
	for i := range 10_000 {
		_ = l.RevokeToken(ctx, issuerURL, fmt.Sprint("t", i+2), epoch.Add(time.Hour))
	}
	mine := token(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, _ = l.Revoked(ctx, mine)
		}
	})
}
