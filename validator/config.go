package validator

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/jws"
	"github.com/bearerguard/bearerguard/jwks"
)

// Clock is where a [Validator] takes its time from. Tests inject their own; nil
// means the system's.
type Clock = clock.Clock

// ConfigError is one problem with one field of a configuration. [New] returns
// all problems that it finds, joined (see [errors.Join]).
type ConfigError = configerr.Error

// The bounds of [Config.Leeway].
const (
	DefaultLeeway = 30 * time.Second
	MaxLeeway     = 10 * time.Minute
)

// Config says which tokens are good. [New] copies it: later changes to its
// slices have no effect.
type Config struct {
	_ [0]func() // no unkeyed literals, no ==

	// Issuer is the authorization server's identifier, compared with iss
	// exactly: a trailing slash matters (RFC 7519 §4.1.1). Required. Without
	// JWKSURL and Keys it is also where the keys are discovered (RFC 8414,
	// OpenID Connect Discovery), and then an https URL.
	Issuer string

	// JWKSURL is where the issuer publishes its key set, an https URL. Empty:
	// discovered from Issuer.
	JWKSURL string

	// Audiences are the names of this API, one of which a token must have in aud
	// (RFC 7519 §4.1.3). Required, unless DangerouslySkipAudience. Outside
	// [ProfileRFC9068] a client id must not be among them, because an ID token
	// has its client id as audience.
	Audiences []string

	// RetiringAudiences are former names of this API, each accepted until a date
	// while clients move on. [Validator.Retiring] tells whether they have. At
	// least one of Audiences is required all the same.
	RetiringAudiences map[string]time.Time

	// AcceptUntil is when the whole issuer stops being accepted, for a move from
	// one issuer to another behind [ByIssuer]. Zero: never.
	AcceptUntil time.Time

	// DangerouslySkipAudience accepts tokens whatever their audience, for
	// authorization servers that put none into access tokens (Amazon Cognito).
	// Any API of the issuer can then replay its tokens here, so AllowedClients
	// must say whose tokens these are. It cannot be combined with Audiences or
	// with [ProfileRFC9068]. An introspected token must then say its kind (RFC 7662
	// §2.2: token_type), or refresh tokens would pass.
	DangerouslySkipAudience bool

	// AllowedClients are the clients whose tokens are accepted, by client id.
	// Empty: all clients of the issuer.
	AllowedClients []string

	// Keys is where the issuer's keys come from, for other settings than the
	// defaults of [jwks.Config] and for keys that are at hand. It stands in place
	// of JWKSURL, and stays the caller's to close. Nil: JWKSURL or discovery.
	Keys jwks.Source

	// InsecureLoopbackHTTP lets discovery and keys be fetched by plain http from
	// the loopback interface, for development and tests. It has no effect on
	// Keys.
	InsecureLoopbackHTTP bool

	// Algorithms are the JWS algorithms that tokens may be signed with. Empty:
	// all that [AlgorithmNames] returns. Whatever is listed, a key is used only
	// with the algorithm of its type, its curve and its own "alg".
	Algorithms []string

	// Profile says what counts as an access token. The zero value is
	// [ProfileJWT].
	Profile Profile

	// Leeway is how far the clocks of the issuer and of this machine may be
	// apart, as a duration: exp, nbf and iat are stretched by it. Zero:
	// [DefaultLeeway]; a nanosecond is as good as none. At most [MaxLeeway].
	Leeway time.Duration

	// ScopeClaims are the claims that grant scopes; what they grant is added up.
	// Empty: "scope" and "scp". An entry is
	//
	//   - a top-level claim such as "scp", "permissions" or "roles", or a path
	//     into nested objects such as "realm_access.roles";
	//   - a claim named by a URL, such as "https://example.com/roles": whatever
	//     has "://" in it is one name;
	//   - a JSON Pointer (RFC 6901) such as "/resource_access/my.api/roles", for
	//     names with dots in them.
	//
	// A claim may be a string of scopes separated by spaces, or an array of
	// strings, each one scope; "scope" itself is a string (RFC 8693 §4.2,
	// RFC 9068 §2.2.3). With "[]" at its end, as in "scope[]", an entry is an array
	// only; with "{}", an object whose names are the scopes. A token whose claim
	// has another type is refused.
	ScopeClaims []string

	// ClientIDClaims are the claims that name the client, in order of
	// preference. Empty: "client_id", "azp", "cid", "appid".
	ClientIDClaims []string

	// Bindings check tokens that are bound to a key (RFC 7800: cnf), such as
	// those of packages dpop and mtls. A token that is bound in two ways must pass
	// both; one that is bound in a way for which there is no Binding is refused.
	Bindings []Binding

	// Revocation knows the tokens that were revoked. It is asked about each
	// verified token on each request. Nil: tokens are good until they expire.
	Revocation Revocation

	// RecheckInterval is how often [WhileValid] asks Revocation and Introspector
	// again, as a duration. Zero: [DefaultRecheckInterval].
	RecheckInterval time.Duration

	// Introspector asks about tokens that are not JWTs (RFC 7662). What it tells
	// of an active token is held against the same rules as the claims of a JWT,
	// but that iss may be absent. Nil: tokens are JWTs.
	Introspector Introspector

	// IntrospectJWTs has the Introspector asked about JWTs too, for issuers whose
	// JWTs are not for this API to read. Then no keys are fetched.
	IntrospectJWTs bool

	// Delegation says what becomes of tokens with which one party acts on behalf
	// of another (RFC 8693 §4.1: act). The zero value accepts them.
	Delegation Delegation

	// Check adds rules of the caller's own. It is called last, with a token that
	// has passed everything else, by any number of goroutines. Its error refuses
	// the token with [CodeTokenRefused] and ends up in logs as the cause; an
	// [*Error] decides the code itself.
	Check func(context.Context, *Token) error

	// Cache bounds the memory of verified tokens. The zero value is a cache with
	// default bounds.
	Cache CacheConfig

	// Logger gets a record for every decision: allowed at debug level, refused
	// at info, failed at error, with operation, code and cause, never the token.
	// Nil: no logging.
	Logger *slog.Logger

	// OnDecision is called for every decision, by any number of goroutines. It
	// must be quick.
	OnDecision func(context.Context, Decision)

	// OnKeyEvent is told what happens to the issuer's keys, one event at a time.
	// With a Logger they are also logged: changes at info level, problems as
	// warnings. Neither has an effect on Keys, which has hooks of its own.
	OnKeyEvent func(jwks.Event)

	// Clock is for tests. Nil: the system's.
	Clock Clock

	publicAddressesOnly bool // for tenants
}

// normalize returns a copy of c with the defaults filled in, or every problem
// that it has.
func (c Config) normalize() (Config, error) {
	var problems configerr.List
	problems.Check(c.Issuer != "", "Issuer", "required: the issuer's identifier, exactly as in its tokens")
	c.normalizeAudience(&problems)
	c.Algorithms = jws.Allowed(c.Algorithms, AlgorithmNames(), "Algorithms", &problems)

	problems.Check(c.Profile <= ProfileRFC9068, "Profile", "unknown: want ProfileJWT or ProfileRFC9068")
	problems.Check(c.Leeway >= 0, "Leeway", "negative")
	problems.Check(c.Leeway <= MaxLeeway, "Leeway", fmt.Sprintf("over %v", MaxLeeway))
	if c.Leeway == 0 {
		c.Leeway = DefaultLeeway
	}
	problems.Check(c.Cache.Entries >= 0, "Cache.Entries", "negative")
	problems.Check(c.Cache.Bytes >= 0, "Cache.Bytes", "negative")
	c.Cache.Entries = cmp.Or(c.Cache.Entries, DefaultCacheEntries)
	c.Cache.Bytes = cmp.Or(c.Cache.Bytes, DefaultCacheBytes)
	c.ScopeClaims = cloneOr(c.ScopeClaims, "scope", "scp")
	for i, entry := range c.ScopeClaims {
		_, ok := compileScopeClaim(entry)
		problems.Check(ok, fmt.Sprintf("ScopeClaims[%d]", i), "not a claim name, a path or a JSON Pointer")
	}
	c.ClientIDClaims = cloneOr(c.ClientIDClaims, "client_id", "azp", "cid", "appid")
	checkNames(&problems, "ClientIDClaims", c.ClientIDClaims)
	c.normalizeBindings(&problems)
	problems.Check(c.Revocation == nil || !configerr.IsNil(c.Revocation), "Revocation", "a nil pointer")
	problems.Check(c.Introspector == nil || !configerr.IsNil(c.Introspector), "Introspector", "a nil pointer")
	problems.Check(!c.IntrospectJWTs || c.Introspector != nil, "IntrospectJWTs", "needs an Introspector")
	problems.Check(c.RecheckInterval >= 0, "RecheckInterval", "negative")
	c.RecheckInterval = cmp.Or(c.RecheckInterval, DefaultRecheckInterval)
	c.normalizeDelegation(&problems)
	c.Clock = clock.Or(c.Clock)
	return c, problems.Err()
}

func (c *Config) normalizeAudience(problems *configerr.List) {
	c.Audiences = slices.Clone(c.Audiences)
	c.AllowedClients = slices.Clone(c.AllowedClients)
	c.RetiringAudiences = maps.Clone(c.RetiringAudiences)
	for _, name := range slices.Sorted(maps.Keys(c.RetiringAudiences)) {
		field := fmt.Sprintf("RetiringAudiences[%q]", name)
		problems.Check(name != "", field, "empty: want a former name of this API")
		problems.Check(!slices.Contains(c.Audiences, name), field, "is one of Audiences too: want it in one of them")
		problems.Check(!c.RetiringAudiences[name].IsZero(), field, "no date: want the time until which it is accepted")
	}
	checkNames(problems, "Audiences", c.Audiences)
	checkNames(problems, "AllowedClients", c.AllowedClients)
	if !c.DangerouslySkipAudience {
		problems.Check(len(c.Audiences) > 0, "Audiences", "required: the names of this API that its tokens have in aud")
		return
	}
	problems.Check(len(c.Audiences)+len(c.RetiringAudiences) == 0, "DangerouslySkipAudience", "cannot be combined with Audiences")
	problems.Check(len(c.AllowedClients) > 0, "AllowedClients", "required with DangerouslySkipAudience: the clients whose tokens are for this API")
	problems.Check(c.Profile != ProfileRFC9068, "DangerouslySkipAudience", "cannot be combined with ProfileRFC9068, which requires an audience")
}

func checkNames(problems *configerr.List, field string, names []string) {
	for i, name := range names {
		problems.Check(name != "", fmt.Sprintf("%s[%d]", field, i), "empty")
	}
}

func cloneOr(list []string, defaults ...string) []string {
	if len(list) == 0 {
		return defaults
	}
	return slices.Clone(list)
}
