package validator_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
)

// switchedKeys is a source whose set a test changes.
type switchedKeys struct{ answer atomic.Pointer[keysAnswer] }

type keysAnswer struct {
	set *jwks.Set
	err error
}

func (s *switchedKeys) give(set *jwks.Set, err error) { s.answer.Store(&keysAnswer{set, err}) }

func (s *switchedKeys) Current(context.Context) (*jwks.Set, error) {
	a := s.answer.Load()
	return a.set, a.err
}

func (s *switchedKeys) Newer(ctx context.Context, _ *jwks.Set) (*jwks.Set, error) {
	return s.Current(ctx)
}

func setOf(keys ...*jwks.Key) *jwks.Set { return must(jwks.NewSet(keys...)) }

func hits(v *validator.Validator) uint64 { return v.CacheStats().Hits }

var errRevoked, errUnproved = errors.New("revoked"), errors.New("unproved")

// proofOnce is a Binding that holds for all tokens or for none.
type proofOnce struct{ holds func() bool }

func (*proofOnce) Member() string { return "jkt" }

func (p *proofOnce) Verify(context.Context, validator.Credential, string) error {
	if p.holds() {
		return nil
	}
	return validator.NewError(validator.CodeBindingFailed, nil)
}

// A token that is remembered dies on time, whatever it dies of.
func TestRememberedTokenDies(t *testing.T) {
	key := must(jwks.NewKey("p256", "", signers()["p256"].Public()))
	same := must(jwks.NewKey("p256", "", signers()["p256"].Public())) // another one with the same material
	other := must(jwks.NewKey("p256", "", must(jwks.NewKey("", "", signers()["stranger"].Public())).Public()))
	extra := must(jwks.NewKey("ed", "", signers()["ed"].Public()))
	down := &jwks.UnavailableError{Err: errors.New("too old")}
	checked := errors.New("suspended")
	tests := []struct {
		name   string
		change func(*testClock, *switchedKeys, *atomic.Pointer[error])
		want   validator.Code
	}{
		{"nothing changes", func(*testClock, *switchedKeys, *atomic.Pointer[error]) {}, 0},
		{"a key is added", func(_ *testClock, k *switchedKeys, _ *atomic.Pointer[error]) { k.give(setOf(key, extra), nil) }, 0},
		{"expiry", func(c *testClock, _ *switchedKeys, _ *atomic.Pointer[error]) {
			c.Set(epoch.Add(5*time.Minute + 30*time.Second))
		}, validator.CodeTokenExpired},
		{"the clock is set back before nbf", func(c *testClock, _ *switchedKeys, _ *atomic.Pointer[error]) { c.Set(epoch.Add(-time.Hour)) }, validator.CodeTokenNotYetValid},
		{"the key is removed", func(_ *testClock, k *switchedKeys, _ *atomic.Pointer[error]) { k.give(setOf(extra), nil) }, validator.CodeKeyUnknown},
		{"the key is replaced under its id", func(_ *testClock, k *switchedKeys, _ *atomic.Pointer[error]) { k.give(setOf(other), nil) }, validator.CodeKeyUnknown},
		{"the key is published anew", func(_ *testClock, k *switchedKeys, _ *atomic.Pointer[error]) { k.give(setOf(same), nil) }, 0},
		{"the keys are too old", func(_ *testClock, k *switchedKeys, _ *atomic.Pointer[error]) { k.give(nil, down) }, validator.CodeKeysUnavailable},
		{"the audience retires", func(c *testClock, _ *switchedKeys, _ *atomic.Pointer[error]) { c.Set(epoch.Add(time.Minute)) }, validator.CodeAudienceNotAllowed},
		{"the issuer retires", func(c *testClock, _ *switchedKeys, _ *atomic.Pointer[error]) { c.Set(epoch.Add(2 * time.Minute)) }, validator.CodeIssuerNotAllowed},
		{"own check", func(_ *testClock, _ *switchedKeys, e *atomic.Pointer[error]) { e.Store(&checked) }, validator.CodeTokenRefused},
		{"revocation", func(_ *testClock, _ *switchedKeys, e *atomic.Pointer[error]) { e.Store(&errRevoked) }, validator.CodeTokenRevoked},
		{"a binding is not proved", func(_ *testClock, _ *switchedKeys, e *atomic.Pointer[error]) { e.Store(&errUnproved) }, validator.CodeBindingFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock, keys := &testClock{now: epoch}, &switchedKeys{}
			keys.give(setOf(key), nil)
			var verdict atomic.Pointer[error]
			aud := apiURL
			v := newValidator(t, func(c *validator.Config) {
				c.Clock, c.Keys = clock, keys
				switch tt.name {
				case "the audience retires":
					aud = "old-name"
					c.RetiringAudiences = map[string]time.Time{aud: epoch.Add(time.Minute)}
				case "the issuer retires":
					c.AcceptUntil = epoch.Add(2 * time.Minute)
				}
				c.Check = func(context.Context, *validator.Token) error {
					if e := verdict.Load(); e == &checked {
						return *e
					}
					return nil
				}
				c.Revocation = revocation(func(context.Context, *validator.Token) (bool, error) { return verdict.Load() == &errRevoked, nil })
				c.Bindings = []validator.Binding{&proofOnce{func() bool { return verdict.Load() != &errUnproved }}}
			})
			token := mint("ES256", "at+jwt", object{"aud": aud, "nbf": epoch.Unix()})
			first := accept(t, v, token)
			if second := accept(t, v, token); second != first || hits(v) != 1 {
				t.Fatalf("the token is not remembered: %+v", v.CacheStats())
			}
			tt.change(clock, keys, &verdict)
			if got := codeOf(t, v, token); got != tt.want {
				t.Errorf("code %v, want %v", got, tt.want)
			}
			// And back again: what killed it is not remembered either.
			clock.Set(epoch)
			keys.give(setOf(key), nil)
			verdict.Store(nil)
			if got := codeOf(t, v, token); got != 0 {
				t.Errorf("afterwards: %v", got)
			}
		})
	}
}

// A token that is good for two retiring audiences lives as long as the longer.
func TestRememberedTokenOfTwoRetiringAudiences(t *testing.T) {
	clock := &testClock{now: epoch}
	v := newValidator(t, func(c *validator.Config) {
		c.Clock = clock
		c.RetiringAudiences = map[string]time.Time{"long": epoch.Add(3 * time.Minute), "short": epoch.Add(time.Minute)}
	})
	for _, token := range []string{mint("ES256", "", object{"aud": []string{"long", "short"}}), mint("ES256", "", object{"aud": []string{"short", "long"}})} {
		clock.Set(epoch)
		accept(t, v, token)
		clock.Set(epoch.Add(2 * time.Minute))
		accept(t, v, token)
		clock.Set(epoch.Add(3 * time.Minute))
		if got := codeOf(t, v, token); got != validator.CodeAudienceNotAllowed {
			t.Errorf("code %v", got)
		}
	}
}

// A key that comes back as another one, or that is not alone any more.
func TestRememberedKeyLosesItsIdentity(t *testing.T) {
	keys := &switchedKeys{}
	v := newValidator(t, func(c *validator.Config) { c.Keys, c.Cache.Entries = keys, 39 })
	ed := func(id, alg string) *jwks.Key { return must(jwks.NewKey(id, alg, signers()["ed"].Public())) }
	token, kidless := signEd(`{"alg":"EdDSA","kid":"ed"}`, goodClaims().json()), signEd(`{"alg":"EdDSA"}`, goodClaims().json())

	keys.give(setOf(ed("ed", "")), nil)
	first := accept(t, v, token)
	accept(t, v, kidless)
	anew := ed("ed", "EdDSA") // the same material, described in another way
	keys.give(setOf(anew), nil)
	second := accept(t, v, token)
	for i := range 20 { // among many, too
		if third := accept(t, v, token); second == first || third != second {
			t.Error("the token is not remembered under its new key")
		}
		accept(t, v, mint("EdDSA", "", object{"jti": fmt.Sprint(i)}))
	}
	accept(t, v, kidless)
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	keys.give(setOf(anew, must(jwks.NewKey("other", "", other.Public()))), nil)
	if got := codeOf(t, v, kidless); got != validator.CodeKeyUnknown {
		t.Errorf("without kid, where two keys fit: %v", got)
	}
	accept(t, v, token)
}

func TestRememberedTokenCountsForRetiring(t *testing.T) {
	v := newValidator(t, func(c *validator.Config) {
		c.AcceptUntil = epoch.Add(time.Hour)
		c.RetiringAudiences = map[string]time.Time{"old-name": epoch.Add(time.Hour)}
	})
	token := mint("ES256", "", object{"aud": "old-name"})
	for range 3 {
		accept(t, v, token)
	}
	for _, use := range v.Retiring() {
		if use.Uses != 3 {
			t.Errorf("%+v", use)
		}
	}
}

// Only whole, verified tokens are remembered, each for its own validator.
func TestWhatIsRemembered(t *testing.T) {
	v := newValidator(t, nil)
	good := mint("ES256", "", nil)
	for _, bad := range []string{good + "AAAA", good[:len(good)-1], mint("ES256", "", object{"exp": 1}), mint("ES256", "", object{"cnf": object{}}), "x", ""} {
		for range 2 {
			if codeOf(t, v, bad) == 0 {
				t.Errorf("accepted: %.20q", bad)
			}
		}
	}
	if s := v.CacheStats(); s.Entries != 0 || s.Hits != 0 {
		t.Errorf("bad tokens are remembered: %+v", s)
	}
	accept(t, v, good)
	other := newValidator(t, func(c *validator.Config) { c.Audiences = []string{"other"} })
	if got := codeOf(t, other, good); got != validator.CodeAudienceNotAllowed {
		t.Errorf("another validator: %v", got)
	}
	if _, err := v.Validate(t.Context(), validator.Credential{Scheme: "Basic", Token: good}); errorCode(t, err) != validator.CodeCredentialsMissing {
		t.Errorf("by another scheme: %v", err)
	}
	off := newValidator(t, func(c *validator.Config) { c.Cache.Off = true })
	first := accept(t, off, good)
	if accept(t, off, good) == first || off.CacheStats() != (validator.CacheStats{}) {
		t.Error("the cache is not off")
	}
}

func TestCacheIsBounded(t *testing.T) {
	const entries = 100
	for name, config := range map[string]validator.CacheConfig{
		"entries": {Entries: entries},
		"bytes":   {Bytes: entries * 1024},
		"one":     {Entries: 1},
		"nothing": {Bytes: 1},
	} {
		t.Run(name, func(t *testing.T) {
			v := newValidator(t, func(c *validator.Config) { c.Cache = config })
			for i := range 4 * entries {
				accept(t, v, mint("EdDSA", "", object{"jti": fmt.Sprint(i)}))
				s := v.CacheStats()
				if config.Entries > 0 && s.Entries > config.Entries || config.Bytes > 0 && s.Bytes > config.Bytes {
					t.Fatalf("after %d tokens: %+v", i+1, s)
				}
			}
			s := v.CacheStats()
			if name != "nothing" && s.Evictions == 0 || name == "entries" && s.Entries < entries*8/10 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// Tokens that are used again and again survive a flood of ten times as many
// tokens as there is room for, each used once.
func TestFloodDoesNotWashOutTheCache(t *testing.T) {
	v := newValidator(t, func(c *validator.Config) { c.Cache.Entries = 200 })
	regulars := make([]string, 50)
	for i := range regulars {
		regulars[i] = mint("EdDSA", "", object{"jti": fmt.Sprint("regular ", i)})
		for range 3 {
			accept(t, v, regulars[i])
		}
	}
	before := hits(v)
	for i := range 2000 {
		accept(t, v, mint("EdDSA", "", object{"jti": fmt.Sprint("once ", i)}))
		if i%10 == 0 { // each regular is seen every 500 tokens of the flood
			accept(t, v, regulars[i/10%len(regulars)])
		}
	}
	if got := hits(v) - before; got < 195 {
		t.Errorf("%d of 200 were remembered", got)
	}
}

// The same where it is the bytes that there is no room for.
func TestFloodOfLargeTokens(t *testing.T) {
	v := newValidator(t, func(c *validator.Config) { c.Cache.Bytes = 1 << 20 })
	regulars := make([]string, 50)
	for i := range regulars {
		regulars[i] = mint("EdDSA", "", object{"jti": fmt.Sprint("regular ", i)})
	}
	for range 3 {
		for _, token := range regulars {
			accept(t, v, token)
		}
	}
	pad := strings.Repeat("x", 8<<10)
	for i := range 300 {
		accept(t, v, mint("EdDSA", "", object{"jti": fmt.Sprint("once ", i), "pad": pad}))
		if s := v.CacheStats(); s.Bytes > 1<<20 {
			t.Fatalf("%+v", s)
		}
	}
	before := hits(v)
	for _, token := range regulars {
		accept(t, v, token)
	}
	if got := hits(v) - before; got < 48 {
		t.Errorf("%d of 50 are remembered", got)
	}
}

// A token that is larger than all there is room for does not push out the others.
func TestTokenThatDoesNotFit(t *testing.T) {
	v := newValidator(t, func(c *validator.Config) { c.Cache.Bytes = 16 << 10 })
	small := mint("EdDSA", "", nil)
	accept(t, v, small)
	accept(t, v, mint("EdDSA", "", object{"pad": strings.Repeat("x", 10<<10)}))
	accept(t, v, small)
	if s := v.CacheStats(); s.Hits != 1 || s.Entries != 1 || s.Evictions != 0 {
		t.Errorf("%+v", s)
	}
}

// Everything at once, for the race detector: hits, misses, evictions, keys that
// come and go, time that passes, revocation. What must never happen is that a token
// is accepted whose key is gone for good, or that is revoked.
func TestCacheConcurrently(t *testing.T) {
	key := must(jwks.NewKey("ed", "", signers()["ed"].Public()))
	extra := must(jwks.NewKey("p256", "", signers()["p256"].Public()))
	keys, clock := &switchedKeys{}, &testClock{now: epoch}
	keys.give(setOf(key), nil)
	var revoked atomic.Bool
	v := newValidator(t, func(c *validator.Config) {
		c.Keys, c.Clock, c.Cache.Entries = keys, clock, 50
		c.Revocation = revocation(func(context.Context, *validator.Token) (bool, error) { return revoked.Load(), nil })
	})
	tokens := make([]string, 100)
	for i := range tokens {
		tokens[i] = mint("EdDSA", "", object{"jti": fmt.Sprint(i)})
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 300 {
				switch got := codeOf(t, v, tokens[(i*7+worker)%len(tokens)]); got {
				case 0, validator.CodeKeysUnavailable, validator.CodeTokenNotYetValid, validator.CodeTokenRevoked:
				default:
					t.Errorf("code %v", got)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 200 {
			revoked.Store(i%5 == 4)
			switch i % 4 {
			case 0:
				keys.give(setOf(key, extra), nil)
			case 1:
				keys.give(nil, &jwks.UnavailableError{Err: errors.New("x")})
			case 2:
				clock.Set(epoch.Add(-time.Hour))
			case 3:
				clock.Set(epoch)
				keys.give(setOf(key), nil)
			}
		}
	})
	wg.Wait()
	keys.give(setOf(key), nil)
	clock.Set(epoch)
	revoked.Store(true)
	for _, token := range tokens {
		if got := codeOf(t, v, token); got != validator.CodeTokenRevoked {
			t.Fatalf("after the revocation: %v", got)
		}
	}
	revoked.Store(false)
	keys.give(setOf(extra), nil)
	for _, token := range tokens {
		if got := codeOf(t, v, token); got != validator.CodeKeyUnknown {
			t.Fatalf("after the key is gone: %v", got)
		}
	}
}

func TestKnownTokenDoesNotAllocate(t *testing.T) {
	v := newValidator(t, nil)
	credential := bearerToken(mint("RS256", "at+jwt", nil))
	if n := testing.AllocsPerRun(100, func() {
		if _, err := v.Validate(context.Background(), credential); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A token that is asked for often is found on a shorter way. That way ends when the
// token has to make room, and when another key has verified it since.
func TestOftenAskedTokenMakesRoom(t *testing.T) {
	v := newValidator(t, func(c *validator.Config) { c.Cache.Entries = 10 })
	often := mint("ES256", "", nil)
	for range 10 {
		accept(t, v, often)
	}
	if s := v.CacheStats(); s.Hits != 9 || s.Entries != 1 {
		t.Fatalf("%+v", s)
	}
	for i := range 60 {
		other := mint("ES256", "", object{"jti": fmt.Sprint(i)})
		for range 4 { // often enough to stay, not to be found on the shorter way
			accept(t, v, other)
		}
	}
	before := v.CacheStats()
	accept(t, v, often)
	if s := v.CacheStats(); s.Misses != before.Misses+1 || s.Hits != before.Hits {
		t.Errorf("found although it is not remembered: %+v, then %+v", before, s)
	}
}

// However many there are, each is found, whatever came and went beside it; and each
// look is counted, whoever looks.
func TestCacheFindsAll(t *testing.T) {
	v := newValidator(t, nil)
	tokens := make([]string, 2000)
	for i := range tokens {
		tokens[i] = mint("EdDSA", "", object{"jti": fmt.Sprint(i)})
		accept(t, v, tokens[i])
	}
	if s := v.CacheStats(); s.Entries != len(tokens) || s.Misses != uint64(len(tokens)) || s.Hits != 0 {
		t.Fatalf("%+v", s)
	}
	const readers = 4
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			for _, token := range tokens {
				if got := codeOf(t, v, token); got != 0 {
					t.Errorf("code %v", got)
				}
			}
		})
	}
	wg.Wait()
	if s := v.CacheStats(); s.Hits != readers*uint64(len(tokens)) || s.Misses != uint64(len(tokens)) {
		t.Errorf("%+v", s)
	}
}

// Who made room is not found any more, who is left is.
func TestCacheForgetsOnlyWhatMadeRoom(t *testing.T) {
	v := newValidator(t, func(c *validator.Config) { c.Cache = validator.CacheConfig{Entries: 39} }) // one shard
	tokens := make([]string, 200)
	for i := range tokens {
		tokens[i] = mint("EdDSA", "", object{"jti": fmt.Sprint(i)})
		accept(t, v, tokens[i])
	}
	before := v.CacheStats()
	if before.Entries != 39 || before.Evictions != 161 {
		t.Fatalf("%+v", before)
	}
	for _, token := range tokens[161:] {
		accept(t, v, token)
	}
	if s := v.CacheStats(); s.Hits != 39 || s.Misses != before.Misses {
		t.Errorf("of those that are left: %+v", s)
	}
	for _, token := range tokens[:161] {
		accept(t, v, token)
	}
	if s := v.CacheStats(); s.Hits != 39 || s.Misses != before.Misses+161 {
		t.Errorf("of those that made room: %+v", s)
	}
}

// Tokens that have expired make room, also where clients take turns, so that none is
// asked for again while it is among the last, and also if the clock was wrong before.
func TestExpiredTokensMakeRoom(t *testing.T) {
	const entries, clients, turns = 400, 200, 5
	clock := &testClock{now: epoch}
	v := newValidator(t, func(c *validator.Config) { c.Clock, c.Cache.Entries = clock, entries })
	clock.Set(epoch.Add(24 * time.Hour))
	for i := range 2 * entries {
		accept(t, v, mint("EdDSA", "", object{"jti": fmt.Sprint("tomorrow ", i), "exp": clock.Now().Add(time.Minute).Unix()}))
	}
	for generation := range 8 {
		now := epoch.Add(time.Duration(generation) * 6 * time.Minute)
		clock.Set(now)
		tokens := make([]string, clients)
		for i := range tokens {
			tokens[i] = mint("EdDSA", "", object{"jti": fmt.Sprint(generation, " ", i), "exp": now.Add(5 * time.Minute).Unix()})
		}
		before := hits(v)
		for range turns {
			for _, token := range tokens {
				accept(t, v, token)
			}
		}
		if got, all := hits(v)-before, uint64(clients*(turns-1)); got < all*8/10 {
			t.Errorf("generation %d: %d of %d were remembered", generation, got, all)
		}
	}
}

// However few there is room for, a new token gets its turn.
func TestSmallCacheTakesNewTokens(t *testing.T) {
	for name, config := range map[string]validator.CacheConfig{
		"one": {Entries: 1}, "few": {Entries: 5}, "few bytes": {Bytes: 4 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			v := newValidator(t, func(c *validator.Config) { c.Cache = config })
			for i := range 10 {
				token := mint("EdDSA", "", object{"jti": fmt.Sprint(i)})
				before := hits(v)
				for range 5 {
					accept(t, v, token)
				}
				if got := hits(v) - before; got != 4 {
					t.Errorf("token %d: found %d times of 4", i, got)
				}
			}
		})
	}
}

// Tokens that are asked for all the time stay, whoever else comes and is asked for
// often enough to get into the main queue.
func TestOftenAskedTokenStays(t *testing.T) {
	v := newValidator(t, func(c *validator.Config) { c.Cache = validator.CacheConfig{Entries: 39} }) // one shard
	often := mint("EdDSA", "", object{"jti": "often"})
	for range 2 {
		accept(t, v, often)
	}
	missed := v.CacheStats().Misses
	const others = 1000
	for i := range others {
		other := mint("EdDSA", "", object{"jti": fmt.Sprint(i)})
		for range 2 {
			accept(t, v, other)
		}
		accept(t, v, often)
	}
	// Once, before it was asked for often.
	if got := v.CacheStats().Misses - missed - others; got > 1 {
		t.Errorf("missed %d times", got)
	}
}
