package validator_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// scriptedKeys is a source whose answers a test decides. It counts.
type scriptedKeys struct {
	mu             sync.Mutex
	current, newer func(context.Context) (*jwks.Set, error)
	asked, renewed int
}

func (s *scriptedKeys) Current(ctx context.Context) (*jwks.Set, error) {
	s.mu.Lock()
	s.asked++
	s.mu.Unlock()
	return s.current(ctx)
}

func (s *scriptedKeys) Newer(ctx context.Context, _ *jwks.Set) (*jwks.Set, error) {
	s.mu.Lock()
	s.renewed++
	s.mu.Unlock()
	return s.newer(ctx)
}

func give(set *jwks.Set, err error) func(context.Context) (*jwks.Set, error) {
	return func(context.Context) (*jwks.Set, error) { return set, err }
}

func TestKeysUnavailable(t *testing.T) {
	down := &jwks.UnavailableError{RetryAfter: 2500 * time.Millisecond, Err: errors.New("connection refused")}
	unknownKID := signRaw("ES256", "p256", `{"alg":"ES256","kid":"new"}`, goodClaims().json())
	good := mint("ES256", "at+jwt", nil)
	withNew := must(jwks.NewSet(must(jwks.NewKey("new", "", signers()["p256"].Public()))))
	tests := []struct {
		name           string
		current, newer func(context.Context) (*jwks.Set, error)
		token          string
		want           validator.Code
		asked, renewed int
	}{
		{"known key", give(publishedKeys(), nil), nil, good, 0, 1, 0},
		{"never fetched", give(nil, down), nil, good, validator.CodeKeysUnavailable, 1, 0},
		{"unknown kid, fresh keys", give(publishedKeys(), nil), give(publishedKeys(), nil), unknownKID, validator.CodeKeyUnknown, 1, 1},
		{"unknown kid, rotated", give(publishedKeys(), nil), give(withNew, nil), unknownKID, 0, 1, 1},
		{"unknown kid, refresh failed", give(publishedKeys(), nil), give(nil, down), unknownKID, validator.CodeKeysUnavailable, 1, 1},
		{"source fails in its own way", give(nil, errors.New("disk")), nil, good, validator.CodeKeysUnavailable, 1, 0},
		{"source panics", func(context.Context) (*jwks.Set, error) { panic("boom") }, nil, good, validator.CodeInternal, 1, 0},
		{"forged signature asks nobody", give(publishedKeys(), nil), nil, good[:len(good)-8] + "AAAAAAAA", validator.CodeSignatureInvalid, 1, 0},
		{"wrong algorithm for the key asks nobody", give(publishedKeys(), nil), nil, signRaw("ES256", "p256", `{"alg":"RS256","kid":"p256"}`, goodClaims().json()), validator.CodeKeyUnknown, 1, 0},
		{"ambiguous without kid asks nobody", give(must(jwks.NewSet(
			must(jwks.NewKey("a", "", signers()["rsa"].Public())), must(jwks.NewKey("b", "", signers()["stranger"].Public())),
		)), nil), nil, signRaw("RS256", "rsa", `{"alg":"RS256"}`, goodClaims().json()), validator.CodeKeyUnknown, 1, 0},

		// What the claims alone refuse never gets to the keys.
		{"expired", nil, nil, mint("ES256", "", object{"exp": 1}), validator.CodeTokenExpired, 0, 0},
		{"unknown issuer", nil, nil, mint("ES256", "", object{"iss": "https://evil.example"}), validator.CodeIssuerNotAllowed, 0, 0},
		{"wrong audience", nil, nil, mint("ES256", "", object{"aud": "x"}), validator.CodeAudienceNotAllowed, 0, 0},
		{"other kind", nil, nil, mint("ES256", "", object{"nonce": "n"}), validator.CodeTokenKindNotAllowed, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			keys := &scriptedKeys{current: tt.current, newer: tt.newer}
			v := newValidator(t, func(c *validator.Config) { c.Keys = keys })
			_, err := v.Validate(t.Context(), bearerToken(tt.token))
			if got := errorCode(t, err); got != tt.want {
				t.Errorf("code %v, want %v", got, tt.want)
			}
			if keys.asked != tt.asked || keys.renewed != tt.renewed {
				t.Errorf("asked %d and renewed %d times, want %d and %d", keys.asked, keys.renewed, tt.asked, tt.renewed)
			}
			if e, _ := errors.AsType[*validator.Error](err); e != nil && errors.Is(err, down) && e.RetryAfter() != 3*time.Second {
				t.Errorf("Retry-After %v", e.RetryAfter())
			}
		})
	}
}

func TestCallersContext(t *testing.T) {
	hang := func(ctx context.Context) (*jwks.Set, error) { <-ctx.Done(); return nil, ctx.Err() }
	// The fetch has a deadline of its own; when that passes, it is not the
	// caller's that passed.
	ownTimeout := give(nil, &jwks.UnavailableError{Err: context.DeadlineExceeded})
	expiredCtx, cancel1 := context.WithTimeout(t.Context(), -1)
	defer cancel1()
	shortCtx, cancel2 := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel2()
	canceledCtx, cancel3 := context.WithCancel(t.Context())
	cancel3()
	leavingCtx, cancel4 := context.WithCancel(t.Context())
	tests := []struct {
		name string
		ctx  context.Context
		keys func(context.Context) (*jwks.Set, error)
		want validator.Code
	}{
		{"deadline passed before", expiredCtx, give(publishedKeys(), nil), validator.CodeDeadlineExceeded},
		{"canceled before", canceledCtx, give(publishedKeys(), nil), validator.CodeCanceled},
		{"deadline passes while waiting for keys", shortCtx, hang, validator.CodeDeadlineExceeded},
		{"canceled while waiting for keys", leavingCtx, func(ctx context.Context) (*jwks.Set, error) { cancel4(); return hang(ctx) }, validator.CodeCanceled},
		{"the fetch times out", t.Context(), ownTimeout, validator.CodeKeysUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newValidator(t, func(c *validator.Config) { c.Keys = &scriptedKeys{current: tt.keys} })
			_, err := v.Validate(tt.ctx, bearerToken(mint("ES256", "", nil)))
			if got := errorCode(t, err); got != tt.want {
				t.Errorf("code %v, want %v", got, tt.want)
			}
		})
	}
}

func TestScheme(t *testing.T) {
	v := newValidator(t, nil)
	token := mint("ES256", "", nil)
	for scheme, want := range map[string]validator.Code{
		"Bearer": 0, "bearer": 0, "BEARER": 0,
		"": validator.CodeCredentialsMissing, "Basic": validator.CodeCredentialsMissing,
		"DPoP": validator.CodeCredentialsMissing, "Bearer ": validator.CodeCredentialsMissing,
	} {
		_, err := v.Validate(t.Context(), validator.Credential{Scheme: scheme, Token: token})
		if got := errorCode(t, err); got != want {
			t.Errorf("scheme %q: %v, want %v", scheme, got, want)
		}
	}
}

func TestBoundTokens(t *testing.T) {
	v := newValidator(t, nil)
	const bound = validator.CodeBindingFailed
	testRefusals(t, v, []refusal{
		{"DPoP", mint("ES256", "at+jwt", object{"cnf": object{"jkt": "x"}}), bound},
		{"mTLS", mint("ES256", "at+jwt", object{"cnf": object{"x5t#S256": "x"}}), bound},
		{"unknown member", mint("ES256", "at+jwt", object{"cnf": object{"x": "y"}}), bound},
		{"empty", mint("ES256", "at+jwt", object{"cnf": object{}}), bound},
		{"null", mint("ES256", "at+jwt", object{"cnf": raw("null")}), bound},
		{"string", mint("ES256", "at+jwt", object{"cnf": "x"}), bound},
		{"other case is another claim", mint("ES256", "at+jwt", object{"CNF": object{"jkt": "x"}}), 0},
	})
}

func TestOwnCheck(t *testing.T) {
	wrong := errors.New("tenant is suspended")
	tests := []struct {
		name  string
		check func(context.Context, *validator.Token) error
		want  validator.Code
		cause error
	}{
		{"accepts", func(context.Context, *validator.Token) error { return nil }, 0, nil},
		{"refuses", func(context.Context, *validator.Token) error { return wrong }, validator.CodeTokenRefused, wrong},
		{"cannot tell", func(context.Context, *validator.Token) error {
			return validator.NewUnavailableError(validator.CodeDependencyUnavailable, time.Second, wrong)
		}, validator.CodeDependencyUnavailable, wrong},
		{"returns a nil error of the right type", func(context.Context, *validator.Token) error {
			var none *validator.Error
			return none
		}, validator.CodeInternal, nil},
		{"panics", func(context.Context, *validator.Token) error { panic(wrong) }, validator.CodeInternal, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newValidator(t, func(c *validator.Config) { c.Check = tt.check })
			_, err := v.Validate(t.Context(), bearerToken(mint("ES256", "", nil)))
			if got := errorCode(t, err); got != tt.want {
				t.Errorf("code %v, want %v", got, tt.want)
			}
			if tt.cause != nil && !errors.Is(err, tt.cause) {
				t.Errorf("the cause is lost: %v", errors.Unwrap(err))
			}
			if err != nil && strings.Contains(err.Error(), "tenant") {
				t.Errorf("the cause is public: %v", err)
			}
		})
	}

	called := false
	v := newValidator(t, func(c *validator.Config) {
		c.Check = func(context.Context, *validator.Token) error { called = true; return nil }
	})
	for _, token := range []string{mint("ES256", "", object{"exp": 1}), mint("ES256", "", object{"cnf": object{}}), mint("ES256", "", nil) + "AAAA"} {
		if codeOf(t, v, token) == 0 || called {
			t.Errorf("the check saw a token that was refused by then")
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	v = newValidator(t, func(c *validator.Config) {
		c.Check = func(ctx context.Context, _ *validator.Token) error { cancel(); return ctx.Err() }
	})
	if _, err := v.Validate(ctx, bearerToken(mint("ES256", "", nil))); errorCode(t, err) != validator.CodeCanceled {
		t.Errorf("a check that was interrupted: %v", err)
	}
}

func TestReady(t *testing.T) {
	v := newValidator(t, nil)
	if err := v.Ready(t.Context()); err != nil {
		t.Errorf("with static keys: %v", err)
	}
	down := &jwks.UnavailableError{Err: errors.New("connection refused")}
	v = newValidator(t, func(c *validator.Config) { c.Keys = &scriptedKeys{current: give(nil, down)} })
	if err := v.Ready(t.Context()); !errors.Is(err, down) {
		t.Errorf("without keys: %v", err)
	}
	if err := errors.Join(v.Close(), v.Close()); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// Many goroutines, one validator; the race detector watches.
func TestConcurrentUse(t *testing.T) {
	v := newValidator(t, nil)
	tokens := []string{mint("ES256", "", nil), mint("EdDSA", "at+jwt", nil), mint("RS256", "JWT", object{"scope": "admin"})}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			token, err := v.Validate(context.Background(), bearerToken(tokens[i%len(tokens)]))
			if err != nil {
				t.Error(err)
				return
			}
			var claims map[string]any
			if err := token.Claims(&claims); err != nil || claims["iss"] != issuerURL {
				t.Errorf("claims %v, %v", claims, err)
			}
			if admin := scopes.All("admin").SatisfiedBy(token.Scopes()); admin != (i%len(tokens) == 2) {
				t.Errorf("token %d has admin: %v", i%len(tokens), admin)
			}
		})
	}
	wg.Wait()
}
