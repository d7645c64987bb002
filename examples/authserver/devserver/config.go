package devserver

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"slices"
	"strings"
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
	// fragment. Empty: "http://", or "https://" with a TLSCertificate, and the
	// address that Addr was bound to.
	Issuer string

	// Addr is the loopback TCP address to listen on, such as "127.0.0.1:9000";
	// port 0 takes a free one. Empty: "127.0.0.1:0" if Issuer is empty too,
	// otherwise none, and the Server is an http.Handler only.
	Addr string

	// TLSCertificate makes the server speak TLS (1.2 or newer) on Addr, which
	// still has to be loopback. Clients are asked for a certificate then, and need
	// not have one (RFC 8705). Nil: plain http.
	TLSCertificate *tls.Certificate

	// ClientCAs are the authorities that vouch for the certificates of clients
	// with a CertificateDNSName. Nil: none, and there are no such clients.
	ClientCAs *x509.CertPool

	// Algorithm signs the access tokens: RS256, PS256, ES256 or EdDSA. Empty:
	// RS256, the one that RFC 9068 §4 requires every server to have.
	Algorithm string

	// TokenLifetime is how long an access token is good. Zero: 5 minutes; at
	// least a second and at most a day. See also [Server.SetTokenLifetime].
	TokenLifetime time.Duration

	// CodeLifetime is how long an authorization code can be redeemed (RFC 6749
	// §4.1.2). Zero: a minute; at least a second and at most 10 minutes.
	CodeLifetime time.Duration

	// RefreshLifetime is how long an authorization can be refreshed, from the
	// time its code was redeemed, however often that is done. Zero: a day; at
	// least a second and at most 90 days.
	RefreshLifetime time.Duration

	// Profile is the kind of token for clients that do not name one. Empty:
	// [ProfileRFC9068].
	Profile Profile

	// DPoPNonces makes DPoP proofs at the token endpoint carry a nonce that the
	// server has given out (RFC 9449 §8). False: they need none.
	DPoPNonces bool

	// ACRValues are the authentication context class references that an
	// authorization request can ask for, by acr_values (RFC 9470 §4); the first
	// one it names is in the tokens. No user is authenticated in any way, of
	// course. Empty: none, and such a request is answered
	// unmet_authentication_requirements.
	ACRValues []string

	// Clients are known from the start; see also [Server.AddClient].
	Clients []Client

	// Users are the names that the consent page offers; the one chosen becomes the
	// "sub" of the tokens. There are no passwords. Each is 1 to 64 letters, digits
	// and . _ - + @, and none is the id of a client. Empty: the page has a field
	// in which any such name can be typed.
	Users []string

	// ControlToken is the bearer token of the control endpoint, at least 22
	// characters chosen at random. Empty: there is no such endpoint.
	ControlToken string

	// MaxAuthorizations is how many authorizations by users are remembered, which
	// is for as long as anything issued for them is good. Another one is then
	// answered temporarily_unavailable. Zero: 10,000.
	MaxAuthorizations int

	// MaxTokens is how many opaque access tokens are remembered, and how many that
	// were revoked, until they expire. Another one is then answered 503. Zero:
	// 10,000.
	MaxTokens int

	// MaxFailures is how often authentication may fail at once for one client id,
	// and four times as often for one remote address; one failure is forgiven
	// every 2 seconds. Whoever has failed more is answered 429 with Retry-After,
	// also if the credentials are right. Zero: 30.
	MaxFailures int

	// MaxAssertions is how many used client assertions are remembered for one
	// client, and how many used DPoP proofs. A client that has used up so many
	// within their lifetime is answered 503 until one of them expires. Zero:
	// 10,000.
	MaxAssertions int

	// Logger gets one record per request that is decided about, without secrets
	// and tokens.
	// Nil: none.
	Logger *slog.Logger

	// Clock is where the time comes from. Nil: the system.
	Clock clock.Clock
}

const (
	defaultAddr              = "127.0.0.1:0"
	defaultAlgorithm         = "RS256"
	defaultTokenLifetime     = 5 * time.Minute
	defaultCodeLifetime      = time.Minute
	defaultRefreshLifetime   = 24 * time.Hour
	defaultMaxAuthorizations = 10_000
	defaultMaxFailures       = 30
	defaultMaxAssertions     = 10_000
	defaultMaxTokens         = 10_000
)

// withDefaults returns c with every empty field filled in.
func (c Config) withDefaults() Config {
	if c.Issuer == "" && c.Addr == "" {
		c.Addr = defaultAddr
	}
	c.Algorithm = cmp.Or(c.Algorithm, defaultAlgorithm)
	c.TokenLifetime = cmp.Or(c.TokenLifetime, defaultTokenLifetime)
	c.CodeLifetime = cmp.Or(c.CodeLifetime, defaultCodeLifetime)
	c.RefreshLifetime = cmp.Or(c.RefreshLifetime, defaultRefreshLifetime)
	c.Profile = cmp.Or(c.Profile, ProfileRFC9068)
	c.Users = slices.Clone(c.Users)
	c.MaxAuthorizations = cmp.Or(c.MaxAuthorizations, defaultMaxAuthorizations)
	c.ACRValues = slices.Clone(c.ACRValues)
	c.MaxTokens = cmp.Or(c.MaxTokens, defaultMaxTokens)
	c.MaxFailures = cmp.Or(c.MaxFailures, defaultMaxFailures)
	c.MaxAssertions = cmp.Or(c.MaxAssertions, defaultMaxAssertions)
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
		problems.Check(c.TLSCertificate == nil || !strings.HasPrefix(c.Issuer, "http:"), "Issuer",
			"must be https when there is a TLSCertificate")
	}
	if c.Addr != "" {
		if reason := addrProblem(c.Addr); reason != "" {
			problems.Add("Addr", reason)
		}
	}
	problems.Check(c.TLSCertificate == nil || len(c.TLSCertificate.Certificate) > 0 && c.TLSCertificate.PrivateKey != nil,
		"TLSCertificate", "must have a certificate and its private key")
	_, known := signingAlgorithms[c.Algorithm]
	problems.Check(known, "Algorithm", algorithmReason)
	within := func(d, most time.Duration, field, reason string) {
		problems.Check(d >= time.Second && d <= most, field, reason)
	}
	within(c.TokenLifetime, maxTokenLifetime, "TokenLifetime", lifetimeReason)
	within(c.CodeLifetime, 10*time.Minute, "CodeLifetime", "must be between 1s and 10m") // RFC 6749 §4.1.2
	within(c.RefreshLifetime, 90*24*time.Hour, "RefreshLifetime", "must be between 1s and 2160h")
	problems.Check(c.Profile.known(), "Profile", `must be "rfc9068" or "jwt"`)
	for i, name := range c.Users {
		problems.Check(isUserName(name), fmt.Sprintf("Users[%d]", i), userReason)
	}
	for i, value := range c.ACRValues {
		// Names in a list that spaces separate (OpenID Connect Core §3.1.2.1).
		problems.Check(isScopeToken(value), fmt.Sprintf("ACRValues[%d]", i), "must be printable ASCII without spaces, quotes and backslashes")
	}
	problems.Check(c.ControlToken == "" || isSecret(c.ControlToken), "ControlToken", secretReason)
	problems.Check(c.MaxAuthorizations > 0, "MaxAuthorizations", "must not be negative")
	problems.Check(c.MaxTokens > 0, "MaxTokens", "must not be negative")
	problems.Check(c.MaxFailures > 0, "MaxFailures", "must not be negative")
	problems.Check(c.MaxAssertions > 0, "MaxAssertions", "must not be negative")
	return problems.Err()
}

const (
	maxTokenLifetime = 24 * time.Hour

	algorithmReason = "must be RS256, PS256, ES256 or EdDSA"
	lifetimeReason  = "must be between 1s and 24h"
)

func (p Profile) known() bool { return p == ProfileRFC9068 || p == ProfileJWT }
