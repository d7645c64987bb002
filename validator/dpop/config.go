package dpop

import (
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/jws"
	"github.com/bearerguard/bearerguard/internal/proxies"
	"github.com/bearerguard/bearerguard/validator"
)

// The defaults and bounds of a [Config].
const (
	DefaultMaxAge = time.Minute
	MaxMaxAge     = 10 * time.Minute
	DefaultLeeway = validator.DefaultLeeway
	MaxLeeway     = validator.MaxLeeway
)

// ConfigError is one problem with one field of a configuration. Constructors
// return all problems they find, joined (see [errors.Join]).
type ConfigError = configerr.Error

// Config says which proofs are good. [New] copies it. The zero value works where
// clients reach the API directly.
type Config struct {
	_ [0]func() // no unkeyed literals, no ==

	// Required refuses tokens that are not bound to a key of the client. False:
	// they are let in as bearer tokens. A token that is bound needs its proof
	// either way.
	Required bool

	// Algorithms are the JWS algorithms that proofs may be signed with, in the
	// order in which a challenge offers them. Empty: [DefaultAlgorithms].
	Algorithms []string

	// PublicURL is where clients see the API if that is behind a proxy: scheme
	// and host, and the path that the proxy cuts off, if it does, as in
	// "https://api.example.com/v1". Whatever scheme and host a request claims to
	// have does not matter then. Empty: the request's own.
	PublicURL string

	// TrustedProxies are the addresses of proxies that tell the scheme and the
	// host that the client sees, in the Forwarded field (RFC 7239), or in
	// X-Forwarded-Proto and X-Forwarded-Host. From anybody else those fields are
	// not read. A proxy must set or remove each of them: what it passes on from
	// the client counts as its own word. It cannot be combined with PublicURL,
	// which is the safer choice if there is one public URL. A prefix of all addresses
	// is refused.
	TrustedProxies []netip.Prefix

	// MaxAge is how old a proof may be by its iat, as a duration. Zero:
	// [DefaultMaxAge]. At most [MaxMaxAge].
	MaxAge time.Duration
	// Leeway is how far the client's clock and this one's may be apart, as a
	// duration: a proof can be that much older, and come from that far in the
	// future. Zero: [DefaultLeeway]. At most [MaxLeeway].
	Leeway time.Duration

	// Replay remembers the proofs that were used. Replicas of an API must share
	// it, or a proof can be used once with each. Nil: a [ReplayMemory] of
	// [DefaultReplayEntries].
	Replay ReplayStore

	// Nonces make clients put a recent value of the server's into each proof, so
	// that none can be made in advance (RFC 9449 §9). Nil: none are asked for.
	Nonces *Nonces

	// Clock is for tests. Nil: the system's.
	Clock validator.Clock
}

// DefaultAlgorithms returns the default of [Config.Algorithms].
func DefaultAlgorithms() []string { return []string{"ES256", "EdDSA", "Ed25519", "PS256", "RS256"} }

// normalize returns a copy of c with the defaults filled in and its PublicURL
// parsed, or every problem that it has.
func (c Config) normalize() (Config, *url.URL, error) {
	var problems configerr.List
	c.Algorithms = jws.Allowed(c.Algorithms, DefaultAlgorithms(), "Algorithms", &problems)
	public, reason := parsePublicURL(c.PublicURL)
	problems.Check(reason == "", "PublicURL", reason)
	problems.Check(c.PublicURL == "" || len(c.TrustedProxies) == 0, "TrustedProxies", "cannot be combined with PublicURL")
	c.TrustedProxies = proxies.New(c.TrustedProxies, &problems)
	c.MaxAge = duration(&problems, "MaxAge", c.MaxAge, DefaultMaxAge, MaxMaxAge)
	c.Leeway = duration(&problems, "Leeway", c.Leeway, DefaultLeeway, MaxLeeway)
	c.Clock = clock.Or(c.Clock)
	switch {
	case c.Replay == nil:
		c.Replay = newReplayMemory(DefaultReplayEntries, c.Clock)
	case configerr.IsNil(c.Replay):
		problems.Add("Replay", "a nil pointer")
	}
	return c, public, problems.Err()
}

// duration returns d or its default, after a look at its bounds.
func duration(problems *configerr.List, field string, d, byDefault, most time.Duration) time.Duration {
	problems.Check(d >= 0, field, "negative")
	problems.Check(d <= most, field, fmt.Sprintf("over %v", most))
	if d == 0 {
		return byDefault
	}
	return d
}

// parsePublicURL returns nil for an empty one, or what is wrong with it.
func parsePublicURL(raw string) (u *url.URL, reason string) {
	if raw == "" {
		return nil, ""
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, "not a URL"
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, "has a query or a fragment"
	}
	if _, ok := normalTarget(u); !ok {
		return nil, "not an absolute http or https URL of a host"
	}
	return u, ""
}
