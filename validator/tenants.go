package validator

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
)

// The defaults of [TenantsConfig].
const (
	DefaultMaxTenants      = 1000
	DefaultTenantIdleAfter = time.Hour
)

// How long a tenant is safe from having to make room: after a verified token, and
// at first, when it has had none yet.
const (
	tenantGrace   = time.Minute
	newcomerGrace = 10 * time.Second
)

// TenantsConfig says which issuers are accepted that are not known at start.
type TenantsConfig struct {
	_ [0]func()

	// Allow returns the configuration of an issuer that is accepted, nil for one
	// that is not. Its Issuer may be left empty. It is asked with what an
	// unverified token says, by any number of goroutines, each time until it has
	// said yes, so it should look the issuer up and not ask the network; it must
	// not turn the issuer into a URL of any kind. An error means that it could
	// not tell: the answer is [CodeDependencyUnavailable], unless the error is
	// an [*Error]. Required.
	Allow func(ctx context.Context, issuer string) (*Config, error)

	// MaxTenants is how many tenants are kept at the same time. Zero:
	// [DefaultMaxTenants]. For one more, a tenant has to go that never had a
	// verified token, or else the one without for the longest time, if that is a
	// minute or more; otherwise the new one is answered with
	// [CodeDependencyUnavailable].
	MaxTenants int

	// IdleAfter is after how long without a verified token a tenant is closed,
	// as a duration. Zero: [DefaultTenantIdleAfter].
	IdleAfter time.Duration

	// InsecurePrivateAddresses lets the keys of tenants be fetched from private,
	// loopback and link-local addresses. Without it a tenant's issuer can be on
	// public addresses only, whatever its name resolves to, because whoever
	// registers a tenant chooses the name.
	InsecurePrivateAddresses bool

	// Bindings are those of [Config] for every tenant; none has any of its own.
	Bindings []Binding

	// Logger and OnDecision learn of decisions that concern no tenant, as those of
	// [Config] do of the others.
	Logger     *slog.Logger
	OnDecision func(context.Context, Decision)

	// Clock is for tests. Nil: the system's.
	Clock Clock
}

// Tenants validates the tokens of issuers that are not known at start, each by a
// [Validator] of its own that is made when a token first names it. It is safe
// for concurrent use.
type Tenants struct {
	config  TenantsConfig
	clock   Clock
	schemes []Scheme
	hooks   Validator // for decisions that concern no tenant; it validates nothing
	routes  routes

	mu        sync.RWMutex // held for looking up and for changing the map only
	closed    bool
	byIssuer  map[string]*tenant
	leaving   map[*tenant]struct{} // removed while in use
	forgets   uint64               // calls of Forget
	stopSweep func() bool          // nil: no sweep is planned

	// closing counts the tenants that are being closed, which waits for their
	// network and nobody for that. It grows under mu only, and not after Close.
	closing sync.WaitGroup
}

var (
	_ Authenticator = (*Tenants)(nil)
	_ Observer      = (*Tenants)(nil)
)

// A tenant is closed when it is out of the map and nobody uses it any more.
type tenant struct {
	*Validator
	made    int64        // Unix nanoseconds
	lastUse atomic.Int64 // of a verified token, Unix nanoseconds; zero: none yet
	users   atomic.Int64
	removed atomic.Bool
	once    sync.Once
}

var (
	errNoTenant     = errors.New("no tenant has this issuer")
	errTenantsFull  = errors.New("as many tenants as may be kept are in use")
	errTenantIssuer = errors.New("the configuration is that of another issuer")
	errTenantBound  = errors.New("bindings of its own, which belong into TenantsConfig")
	errTenantGuard  = errors.New("InsecureLoopbackHTTP without TenantsConfig.InsecurePrivateAddresses")
	errTenantsGone  = errors.New("closed")
)

// ByTenant returns an authenticator that asks config.Allow about issuers when it
// meets them. Close releases it. The error joins every problem, each a
// [*ConfigError] that names its field.
func ByTenant(config TenantsConfig) (*Tenants, error) {
	var problems configerr.List
	problems.Check(config.Allow != nil, "Allow", "required: which issuers are accepted")
	problems.Check(config.MaxTenants >= 0, "MaxTenants", "negative")
	problems.Check(config.IdleAfter >= 0, "IdleAfter", "negative")
	bound := Config{Bindings: config.Bindings}
	bound.normalizeBindings(&problems)
	config.Bindings = bound.Bindings
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if config.MaxTenants == 0 {
		config.MaxTenants = DefaultMaxTenants
	}
	if config.IdleAfter == 0 {
		config.IdleAfter = DefaultTenantIdleAfter
	}
	return &Tenants{
		config:   config,
		clock:    clock.Or(config.Clock),
		schemes:  schemesOf(config.Bindings),
		hooks:    Validator{config: Config{Logger: config.Logger, OnDecision: config.OnDecision}},
		byIssuer: make(map[string]*tenant),
		leaving:  make(map[*tenant]struct{}),
	}, nil
}

// Validate implements [Authenticator]. The issuer is matched before anything else
// that the token says.
func (s *Tenants) Validate(ctx context.Context, c Credential) (token *Token, err error) {
	defer recoveredResult(&token, &err)
	if refusal := receive(ctx, c, s.schemes); refusal != nil {
		return nil, refusal
	}
	digest, issuer, refusal := s.routes.find(c)
	if refusal != nil {
		return nil, refusal
	}
	t, refusal := s.tenant(ctx, issuer)
	if refusal != nil {
		return nil, refusal
	}
	defer s.release(t)
	token, refusal = t.authenticate(ctx, c, &digest)
	if refusal != nil {
		return nil, refusal.judgedBy(t.Validator)
	}
	s.routes.learn(&digest, t.config.Issuer)
	t.lastUse.Store(s.clock.Now().UnixNano())
	return token, nil
}

// tenant returns the issuer's tenant, to be released.
func (s *Tenants) tenant(ctx context.Context, issuer string) (*tenant, *Error) {
	for {
		s.mu.RLock()
		t, forgets := s.byIssuer[issuer], s.forgets
		if t != nil {
			t.users.Add(1)
		}
		s.mu.RUnlock()
		if t != nil {
			return t, nil
		}
		made, refusal := s.make(ctx, issuer)
		if refusal != nil {
			return nil, refusal
		}
		t, refusal = s.add(issuer, made, forgets)
		if t != nil || refusal != nil {
			return t, refusal
		}
	}
}

// make asks about an issuer and makes its validator, which starts nothing yet.
func (s *Tenants) make(ctx context.Context, issuer string) (*Validator, *Error) {
	config, err := s.config.Allow(ctx, issuer)
	switch {
	case err != nil:
		return nil, outcome(ctx, err, CodeDependencyUnavailable)
	case config == nil:
		return nil, NewError(CodeIssuerNotAllowed, errNoTenant)
	case config.Issuer != "" && config.Issuer != issuer:
		return nil, NewError(CodeInternal, errTenantIssuer)
	case len(config.Bindings) > 0:
		return nil, NewError(CodeInternal, errTenantBound)
	case config.InsecureLoopbackHTTP && !s.config.InsecurePrivateAddresses:
		return nil, NewError(CodeInternal, errTenantGuard)
	}
	own := *config
	own.Issuer, own.Bindings = issuer, s.config.Bindings
	own.publicAddressesOnly = !s.config.InsecurePrivateAddresses
	v, err := New(own)
	if err != nil {
		return nil, NewError(CodeInternal, err)
	}
	return v, nil
}

// add puts a new tenant into the map, unless somebody else has in the meantime.
// It returns nil and no error if Forget was called since forgets was read: what
// Allow has said may be out of date.
func (s *Tenants) add(issuer string, made *Validator, forgets uint64) (*tenant, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.byIssuer[issuer]
	switch {
	case s.forgets != forgets:
		_ = made.Close()
		return nil, nil
	case s.closed:
		_ = made.Close()
		return nil, NewError(CodeDependencyUnavailable, errTenantsGone)
	case t != nil:
		_ = made.Close()
	case len(s.byIssuer) >= s.config.MaxTenants && !s.makeRoom():
		_ = made.Close()
		return nil, NewUnavailableError(CodeDependencyUnavailable, newcomerGrace, errTenantsFull)
	default:
		t = &tenant{Validator: made, made: s.clock.Now().UnixNano()}
		s.byIssuer[issuer] = t
		s.planSweep()
	}
	t.users.Add(1)
	return t, nil
}

// makeRoom removes a tenant that never had a verified token, or else the one that
// had none for the longest time. Forged tokens do not count, or they could keep
// live tenants out; and newcomers have some time, or forged tokens could have keys
// fetched again and again. The caller holds mu.
func (s *Tenants) makeRoom() bool {
	victim, oldest := "", int64(0)
	now := s.clock.Now()
	for issuer, t := range s.byIssuer {
		last := t.lastUse.Load()
		safeUntil := time.Unix(0, t.made).Add(newcomerGrace)
		if last != 0 {
			safeUntil = time.Unix(0, last).Add(tenantGrace)
		}
		if !now.Before(safeUntil) && t.users.Load() == 0 && (victim == "" || last < oldest) {
			victim, oldest = issuer, last
		}
	}
	if victim == "" {
		return false
	}
	s.remove(victim)
	return true
}

// planSweep makes sure that idle tenants will be closed. The caller holds mu.
func (s *Tenants) planSweep() {
	if s.stopSweep == nil && len(s.byIssuer) > 0 {
		s.stopSweep = s.clock.AfterFunc(s.config.IdleAfter, s.sweep)
	}
}

// sweep closes the idle tenants.
func (s *Tenants) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopSweep = nil
	if s.closed {
		return
	}
	limit := s.clock.Now().Add(-s.config.IdleAfter).UnixNano()
	for issuer, t := range s.byIssuer {
		if max(t.lastUse.Load(), t.made) <= limit && t.users.Load() == 0 {
			s.remove(issuer)
		}
	}
	s.planSweep()
}

// remove takes a tenant out of the map. The caller holds mu.
func (s *Tenants) remove(issuer string) {
	t := s.byIssuer[issuer]
	delete(s.byIssuer, issuer)
	t.removed.Store(true)
	if t.users.Load() == 0 {
		s.close(t)
	} else {
		s.leaving[t] = struct{}{}
	}
}

// release ends the use of a tenant. The last one to leave closes the door.
func (s *Tenants) release(t *tenant) {
	if t.users.Add(-1) == 0 && t.removed.Load() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.leaving, t)
		s.close(t)
	}
}

// close closes a tenant, without waiting for that. The caller holds mu.
func (s *Tenants) close(t *tenant) {
	t.once.Do(func() { s.closing.Go(func() { _ = t.Validator.Close() }) })
}

// Forget closes the tenant of an issuer, if there is one, so that Allow is asked
// about it again: when its configuration has changed, or it is none any more.
func (s *Tenants) Forget(issuer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgets++
	if s.byIssuer[issuer] != nil {
		s.remove(issuer)
	}
}

// Len returns how many tenants are kept at the moment.
func (s *Tenants) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.byIssuer)
}

// Observe implements [Observer]: a decision is reported to the hooks of the
// tenant that it concerns, or else to those of [TenantsConfig].
func (s *Tenants) Observe(ctx context.Context, d Decision) {
	cmp.Or(d.judge, &s.hooks).Observe(ctx, d)
}

// Close closes all tenants, also those in use, and waits for that: a token that
// waits for keys is answered with [CodeKeysUnavailable]. It can be called more
// than once; afterwards tokens are answered with [CodeDependencyUnavailable].
func (s *Tenants) Close() error {
	s.mu.Lock()
	s.closed = true
	for issuer, t := range s.byIssuer {
		s.remove(issuer)
		s.close(t)
	}
	for t := range s.leaving {
		s.close(t)
	}
	if s.stopSweep != nil {
		s.stopSweep()
		s.stopSweep = nil
	}
	s.mu.Unlock()
	s.closing.Wait()
	return nil
}
