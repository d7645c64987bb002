package devserver

import (
	"log/slog"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
)

// Profile is the kind of access token that a client gets.
type Profile string

const (
	// ProfileRFC9068 is the JWT profile for access tokens (RFC 9068): the header
	// says typ "at+jwt".
	ProfileRFC9068 Profile = "rfc9068"
	// ProfileJWT has the same claims under typ "JWT", as authorization servers
	// do that are older than RFC 9068.
	ProfileJWT Profile = "jwt"
)

// Config describes a [Server]. The zero value is usable: a server without
// clients on a free loopback port. [New] copies what it needs.
type Config struct {
	_ [0]func()

	// Issuer is the issuer identifier (RFC 8414 §2), used exactly as written:
	// an https URL, or an http URL whose host is loopback, without query and
	// fragment. Empty: "http://" and the address that Addr was bound to.
	Issuer string

	// Addr is the loopback TCP address to listen on, such as "127.0.0.1:9000";
	// port 0 takes a free one. Empty: "127.0.0.1:0" if Issuer is empty too,
	// otherwise none, and the Server is an http.Handler only.
	Addr string

	// Algorithm signs the access tokens: RS256, PS256, ES256 or EdDSA. Empty:
	// RS256, the one that RFC 9068 §4 requires every server to have.
	Algorithm string

	// TokenLifetime is how long an access token is good. Zero: 5 minutes; at
	// least a second and at most a day.
	TokenLifetime time.Duration

	// Profile is the kind of token for clients that do not name one. Empty:
	// [ProfileRFC9068].
	Profile Profile

	// Clients are known from the start; see also [Server.AddClient].
	Clients []Client

	// MaxAssertions is how many used client assertions are remembered for one
	// client. A client that has used up so many within their lifetime is
	// answered 503 until one of them expires. Zero: 10,000.
	MaxAssertions int

	// Logger gets one record per token request, without secrets and tokens.
	// Nil: none.
	Logger *slog.Logger

	// Clock is where the time comes from. Nil: the system.
	Clock clock.Clock
}

const (
	defaultAddr          = "127.0.0.1:0"
	defaultAlgorithm     = "RS256"
	defaultTokenLifetime = 5 * time.Minute
	defaultMaxAssertions = 10_000
)

// withDefaults returns c with every empty field filled in.
func (c Config) withDefaults() Config {
	if c.Issuer == "" && c.Addr == "" {
		c.Addr = defaultAddr
	}
	if c.Algorithm == "" {
		c.Algorithm = defaultAlgorithm
	}
	if c.TokenLifetime == 0 {
		c.TokenLifetime = defaultTokenLifetime
	}
	if c.Profile == "" {
		c.Profile = ProfileRFC9068
	}
	if c.MaxAssertions == 0 {
		c.MaxAssertions = defaultMaxAssertions
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Clock = clock.Or(c.Clock)
	return c
}

// check says what is wrong with c, whose defaults are filled in; the clients are
// checked as they are added.
func (c Config) check() error {
	var problems configerr.List
	if c.Issuer != "" {
		if reason := issuerProblem(c.Issuer); reason != "" {
			problems.Add("Issuer", reason)
		}
	}
	if c.Addr != "" {
		if reason := addrProblem(c.Addr); reason != "" {
			problems.Add("Addr", reason)
		}
	}
	_, known := signingAlgorithms[c.Algorithm]
	problems.Check(known, "Algorithm", "must be RS256, PS256, ES256 or EdDSA")
	problems.Check(c.TokenLifetime >= time.Second && c.TokenLifetime <= 24*time.Hour,
		"TokenLifetime", "must be between 1s and 24h")
	problems.Check(c.Profile.known(), "Profile", `must be "rfc9068" or "jwt"`)
	problems.Check(c.MaxAssertions > 0, "MaxAssertions", "must not be negative")
	return problems.Err()
}

func (p Profile) known() bool { return p == ProfileRFC9068 || p == ProfileJWT }
