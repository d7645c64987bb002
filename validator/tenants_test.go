package validator_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// stepClock is a clock that runs its timers when it is moved.
type stepClock struct {
	mu     sync.Mutex
	now    time.Time
	timers map[int]stepTimer
	next   int
}

type stepTimer struct {
	at time.Time
	f  func()
}

func newStepClock() *stepClock { return &stepClock{now: epoch, timers: map[int]stepTimer{}} }

func (c *stepClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *stepClock) AfterFunc(d time.Duration, f func()) func() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	id := c.next
	c.timers[id] = stepTimer{c.now.Add(d), f}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, pending := c.timers[id]
		delete(c.timers, id)
		return pending
	}
}

func (c *stepClock) advance(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	var due []func()
	for id, t := range c.timers {
		if !t.at.After(c.now) {
			due = append(due, t.f)
			delete(c.timers, id)
		}
	}
	c.mu.Unlock()
	for _, f := range due {
		f()
	}
}

func (c *stepClock) pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.timers)
}

// tenantName is the issuer of a tenant; tenantToken a good token of it.
func tenantName(i int) string { return fmt.Sprintf("https://tenant-%d.example.com", i) }

func tenantToken(i int) string {
	return mint("EdDSA", "", object{"iss": tenantName(i), "exp": epoch.Add(100 * time.Hour).Unix()})
}

// tenantsOf returns Tenants in which the issuers of allowed are, and a counter of
// how often Allow was asked.
func tenantsOf(t *testing.T, clock validator.Clock, most int, allowed ...string) (*validator.Tenants, *atomic.Int32) {
	t.Helper()
	asked := new(atomic.Int32)
	tenants, err := validator.ByTenant(validator.TenantsConfig{
		MaxTenants: most,
		IdleAfter:  time.Hour,
		Clock:      clock,
		Allow: func(_ context.Context, issuer string) (*validator.Config, error) {
			asked.Add(1)
			if !slices.Contains(allowed, issuer) {
				return nil, nil
			}
			return &validator.Config{Audiences: []string{apiURL}, Keys: jwks.Static(publishedKeys()), Clock: clock}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tenants.Close() })
	return tenants, asked
}

func TestTenants(t *testing.T) {
	tenants, asked := tenantsOf(t, &testClock{now: epoch}, 0, tenantName(1), tenantName(2))
	testRefusals(t, tenants, []refusal{
		{"first", tenantToken(1), 0},
		{"second", tenantToken(2), 0},
		{"first again", tenantToken(1), 0},
		{"nobody", tenantToken(3), validator.CodeIssuerNotAllowed},
		{"first, expired", mint("EdDSA", "", object{"iss": tenantName(1), "exp": 1}), validator.CodeTokenExpired},
		{"no issuer", mint("EdDSA", "", object{"iss": nil}), validator.CodeClaimMissing},
		{"not a JWS", "x", validator.CodeTokenMalformed},
	})
	if asked.Load() != 3 || tenants.Len() != 2 {
		t.Errorf("asked %d times, %d tenants", asked.Load(), tenants.Len())
	}
	tenants.Forget(tenantName(1))
	tenants.Forget("nobody")
	if codeOf(t, tenants, tenantToken(1)) != 0 || asked.Load() != 4 {
		t.Errorf("asked %d times", asked.Load())
	}
	_ = tenants.Close()
	_ = tenants.Close()
	if got := codeOf(t, tenants, tenantToken(1)); got != validator.CodeDependencyUnavailable || tenants.Len() != 0 {
		t.Errorf("closed: %v, %d tenants", got, tenants.Len())
	}
}

func TestTenantsConfig(t *testing.T) {
	_, err := validator.ByTenant(validator.TenantsConfig{MaxTenants: -1, IdleAfter: -1})
	if got := fieldsOf(t, err); !slices.Equal(got, []string{"Allow", "IdleAfter", "MaxTenants"}) {
		t.Errorf("problems with %q", got)
	}
}

func TestAllowAnswers(t *testing.T) {
	private := errors.New("database is down")
	good := validator.Config{Audiences: []string{apiURL}, Keys: jwks.Static(publishedKeys()), Clock: &testClock{now: epoch}}
	other, bad, loopback := good, good, good
	loopback.InsecureLoopbackHTTP = true
	other.Issuer = "https://other.example.com"
	bad.Audiences = nil
	tests := []struct {
		name   string
		config *validator.Config
		err    error
		panics bool
		want   validator.Code
	}{
		{"yes", &good, nil, false, 0},
		{"no", nil, nil, false, validator.CodeIssuerNotAllowed},
		{"cannot tell", nil, private, false, validator.CodeDependencyUnavailable},
		{"decides itself", nil, validator.NewError(validator.CodeTokenRefused, private), false, validator.CodeTokenRefused},
		{"error and configuration", &good, private, false, validator.CodeDependencyUnavailable},
		{"configuration of another issuer", &other, nil, false, validator.CodeInternal},
		{"wrong configuration", &bad, nil, false, validator.CodeInternal},
		{"loopback without saying so twice", &loopback, nil, false, validator.CodeInternal},
		{"panic", nil, nil, true, validator.CodeInternal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tenants := must(validator.ByTenant(validator.TenantsConfig{Allow: func(context.Context, string) (*validator.Config, error) {
				if tt.panics {
					panic("x")
				}
				return tt.config, tt.err
			}}))
			defer tenants.Close()
			if got := codeOf(t, tenants, tenantToken(1)); got != tt.want {
				t.Errorf("code %v, want %v", got, tt.want)
			}
		})
	}
	t.Run("canceled meanwhile", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tenants := must(validator.ByTenant(validator.TenantsConfig{Allow: func(ctx context.Context, _ string) (*validator.Config, error) {
			cancel()
			return nil, ctx.Err()
		}}))
		defer tenants.Close()
		if _, err := tenants.Validate(ctx, bearerToken(tenantToken(1))); errorCode(t, err) != validator.CodeCanceled {
			t.Errorf("%v", err)
		}
	})
}

func TestTenantsAreBounded(t *testing.T) {
	clock := newStepClock()
	tenants, asked := tenantsOf(t, clock, 2, tenantName(1), tenantName(2), tenantName(3))
	ok := func(i int) {
		t.Helper()
		if got := codeOf(t, tenants, tenantToken(i)); got != 0 {
			t.Errorf("tenant %d: %v", i, got)
		}
	}
	ok(1)
	clock.advance(30 * time.Second)
	ok(2)
	// Both have been used within the last minute: no room.
	if got := codeOf(t, tenants, tenantToken(3)); got != validator.CodeDependencyUnavailable {
		t.Errorf("third tenant: %v", got)
	}
	clock.advance(30 * time.Second)
	ok(3) // in place of the first
	if tenants.Len() != 2 {
		t.Errorf("%d tenants", tenants.Len())
	}
	before := asked.Load()
	ok(2)
	if asked.Load() != before {
		t.Error("the second had to go, though it was used last")
	}
	// A forged token keeps nobody in: its tenant is the first that has to go, once
	// it has had its chance.
	clock.advance(time.Minute)
	ok(2)
	forged := mint("EdDSA", "", object{"iss": tenantName(1)}) + "AAAA"
	if got := codeOf(t, tenants, forged); got != validator.CodeSignatureInvalid {
		t.Fatalf("forged: %v", got)
	}
	if got := codeOf(t, tenants, tenantToken(3)); got != validator.CodeDependencyUnavailable {
		t.Errorf("third tenant: %v", got)
	}
	clock.advance(10 * time.Second)
	ok(3)
	ok(2)
	if tenants.Len() != 2 {
		t.Errorf("%d tenants", tenants.Len())
	}
}

func TestIdleTenantsAreClosed(t *testing.T) {
	clock := newStepClock()
	tenants, _ := tenantsOf(t, clock, 10, tenantName(1), tenantName(2))
	for _, i := range []int{1, 2} {
		if got := codeOf(t, tenants, tenantToken(i)); got != 0 {
			t.Fatal(got)
		}
	}
	clock.advance(59 * time.Minute)
	if got := codeOf(t, tenants, tenantToken(2)); got != 0 || tenants.Len() != 2 {
		t.Errorf("before: %v, %d tenants", got, tenants.Len())
	}
	clock.advance(time.Minute)
	if tenants.Len() != 1 {
		t.Errorf("after an hour %d tenants are left", tenants.Len())
	}
	clock.advance(time.Hour)
	if tenants.Len() != 0 || clock.pending() != 0 {
		t.Errorf("after two hours %d tenants and %d timers are left", tenants.Len(), clock.pending())
	}
}

// A tenant that has to go while it validates a token finishes that first.
func TestTenantIsNotClosedInUse(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = fmt.Fprintf(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"ed","x":"%s"}]}`, b64(string(rawPublicKey("ed"))))
	}))
	defer slow.Close()
	tenants := must(validator.ByTenant(validator.TenantsConfig{
		InsecurePrivateAddresses: true,
		Allow: func(context.Context, string) (*validator.Config, error) {
			return &validator.Config{Audiences: []string{apiURL}, JWKSURL: slow.URL, InsecureLoopbackHTTP: true, Clock: &testClock{now: epoch}}, nil
		},
	}))
	done := make(chan validator.Code)
	go func() { done <- codeOf(t, tenants, tenantToken(1)) }()
	<-entered
	tenants.Forget(tenantName(1))
	close(leave)
	if got := <-done; got != 0 {
		t.Errorf("code %v", got)
	}
	_ = tenants.Close()
}

func TestTenantsConcurrently(t *testing.T) {
	tenants, _ := tenantsOf(t, nil, 8, tenantName(0), tenantName(1), tenantName(2), tenantName(3))
	live := make([]string, 5)
	for i := range live {
		live[i] = mint("EdDSA", "", object{"iss": tenantName(i), "exp": time.Now().Add(time.Hour).Unix(), "iat": nil})
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			want := validator.Code(0)
			if i%5 == 4 {
				want = validator.CodeIssuerNotAllowed
			}
			if got := codeOf(t, tenants, live[i%5]); got != want {
				t.Errorf("tenant %d: %v", i%5, got)
			}
			if i%10 == 0 {
				tenants.Forget(tenantName(i % 4))
			}
		})
	}
	wg.Wait()
}

func TestTenantsReport(t *testing.T) {
	var seen []string
	hook := func(name string) func(context.Context, validator.Decision) {
		return func(_ context.Context, d validator.Decision) { seen = append(seen, name+" "+d.Code().String()) }
	}
	tenants := must(validator.ByTenant(validator.TenantsConfig{OnDecision: hook("nobody"), Allow: func(_ context.Context, issuer string) (*validator.Config, error) {
		if issuer != tenantName(1) {
			return nil, nil
		}
		return &validator.Config{Audiences: []string{apiURL}, Keys: jwks.Static(publishedKeys()), Clock: &testClock{now: epoch}, OnDecision: hook("tenant")}, nil
	}}))
	defer tenants.Close()
	guard := validator.NewGuard(tenants)
	for _, token := range []string{tenantToken(1), tenantToken(2), mint("EdDSA", "", object{"iss": tenantName(1), "exp": 1})} {
		_, _, _ = guard.Authorize(t.Context(), validator.Request{Requirement: scopes.Authenticated(), Authorization: []string{"Bearer " + token}})
	}
	_, _, _ = guard.Authorize(t.Context(), authorization())
	if want := []string{"tenant OK", "nobody ISSUER_NOT_ALLOWED", "tenant TOKEN_EXPIRED", "nobody CREDENTIALS_MISSING"}; !slices.Equal(seen, want) {
		t.Errorf("decisions %q, want %q", seen, want)
	}
}

// What Allow has said before Forget was called does not count.
func TestForgetWhileAllowIsAsked(t *testing.T) {
	asked, leave := make(chan struct{}), make(chan struct{})
	var answers atomic.Int32
	tenants := must(validator.ByTenant(validator.TenantsConfig{
		Allow: func(context.Context, string) (*validator.Config, error) {
			if answers.Add(1) > 1 {
				return nil, nil // it is none any more
			}
			close(asked)
			<-leave
			return &validator.Config{Audiences: []string{apiURL}, Keys: jwks.Static(publishedKeys()), Clock: &testClock{now: epoch}}, nil
		},
	}))
	defer tenants.Close()
	done := make(chan validator.Code)
	go func() { done <- codeOf(t, tenants, tenantToken(1)) }()
	<-asked
	tenants.Forget(tenantName(1))
	close(leave)
	if got := <-done; got != validator.CodeIssuerNotAllowed || tenants.Len() != 0 {
		t.Errorf("code %v, %d tenants", got, tenants.Len())
	}
}

// Close does not wait for tokens that wait for keys, and is safe beside them.
func TestCloseTenantsInUse(t *testing.T) {
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hanging.Close()
	tenants := must(validator.ByTenant(validator.TenantsConfig{
		InsecurePrivateAddresses: true,
		Allow: func(context.Context, string) (*validator.Config, error) {
			return &validator.Config{Audiences: []string{apiURL}, JWKSURL: hanging.URL, InsecureLoopbackHTTP: true, Clock: &testClock{now: epoch}}, nil
		},
	}))
	done := make(chan validator.Code, 8)
	for i := range cap(done) {
		go func() { done <- codeOf(t, tenants, tenantToken(i%4)) }()
	}
	for tenants.Len() < 4 {
		runtime.Gosched()
	}
	tenants.Forget(tenantName(1))
	if err := tenants.Close(); err != nil {
		t.Error(err)
	}
	for range cap(done) {
		select {
		case got := <-done:
			if got != validator.CodeKeysUnavailable && got != validator.CodeDependencyUnavailable {
				t.Errorf("code %v", got)
			}
		case <-time.After(3 * time.Second): // less than a fetch takes to give up
			t.Fatal("a token still waits for keys")
		}
	}
}

// Whoever registers a tenant chooses where its keys are fetched from, so it must
// not be able to point at the machines around the API.
func TestTenantsCannotPointInside(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var connections atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			_ = conn.Close()
		}
	}()
	for _, insecure := range []bool{false, true} {
		tenants := must(validator.ByTenant(validator.TenantsConfig{
			InsecurePrivateAddresses: insecure,
			Allow: func(context.Context, string) (*validator.Config, error) {
				return &validator.Config{Audiences: []string{apiURL}, JWKSURL: "https://" + listener.Addr().String() + "/keys", Clock: nil}, nil
			},
		}))
		token := mint("EdDSA", "", object{"iss": tenantName(1), "exp": time.Now().Add(time.Hour).Unix(), "iat": nil})
		if got := codeOf(t, tenants, token); got != validator.CodeKeysUnavailable {
			t.Errorf("insecure %v: %v", insecure, got)
		}
		_ = tenants.Close()
		if (connections.Load() > 0) != insecure {
			t.Errorf("insecure %v: %d connections", insecure, connections.Load())
		}
	}
}
