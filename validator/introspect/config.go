package introspect

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"time"

	"github.com/bearerguard/bearerguard/internal/clientauth"
	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/fetch"
	"github.com/bearerguard/bearerguard/validator"
)

// Config says whom to ask about tokens, and as whom. Exactly one of URL and
// Issuer is required, and Auth.
type Config struct {
	_ [0]func()

	// URL is the introspection endpoint.
	URL string
	// Issuer is the issuer identifier. The endpoint is found through its metadata
	// (RFC 8414 §3, then OpenID Connect Discovery 1.0 §4), which must name exactly
	// this issuer. With a method that shows a certificate it is the one in
	// mtls_endpoint_aliases, if they have it (RFC 8705 §5).
	Issuer string
	// Auth is how this API authenticates (RFC 7662 §2.1).
	Auth ClientAuth

	// SignedResponses asks for answers that are signed (RFC 9701) and takes no
	// others. Nil: answers are plain JSON, and what vouches for them is TLS.
	SignedResponses *SignedResponses

	// Cache says how answers are remembered.
	Cache CacheConfig

	// Timeout is how long an exchange may take, with finding the endpoint. Zero
	// means 5 seconds, which is also the most.
	Timeout time.Duration
	// MaxConcurrent is how many tokens are asked about at the same time. Beyond
	// that the answer is 503, at once. Zero means 64; at most 4096.
	MaxConcurrent int

	// TLS is for the connections to the authorization server: a client
	// certificate, a private CA. Nil means the standard configuration. It is
	// cloned.
	// Package crypto/tls holds a certificate back that none of the authorities
	// issued which the server names: with [SelfSignedTLSClientAuth] it takes
	// GetClientCertificate to send it all the same.
	TLS *tls.Config
	// Transport sends the requests, instead of one of our own with TLS, which
	// uses the proxy that the environment names. The limits on time, responses
	// and redirects apply to either. One that takes no notice of a request's
	// context gets no other request before it has come back.
	Transport http.RoundTripper
	// InsecureLoopbackHTTP allows plain http to 127.0.0.0/8, ::1 and localhost,
	// for development. Anywhere else it is https only.
	InsecureLoopbackHTTP bool

	// Clock is for tests; nil means the system's.
	Clock validator.Clock
	// OnEvent, if set, is told what happens to the endpoint, one event at a time.
	// Those who wait for the answer that the event is about wait for it. A panic in
	// it is swallowed. It must not call Close or Introspect.
	OnEvent func(Event)
}

// CacheConfig bounds the memory of answers and how long they are good for. That
// an answer says "Cache-Control: no-store", as most do, is no reason not to
// remember it here: RFC 7662 §4 leaves that to the API.
type CacheConfig struct {
	// Off turns the cache off: every use of every token is a request.
	Off bool
	// TTL is how long it is remembered at most that a token is active, and so how
	// long a revoked token may pass; never beyond its exp. Zero means 1 minute; at
	// most 10.
	TTL time.Duration
	// InactiveTTL is how long it is remembered that a token is not active. Zero
	// means 10 seconds, or TTL if that is shorter; at most TTL.
	InactiveTTL time.Duration
	// Entries is how many answers are remembered, a quarter of them about tokens
	// that are not active. Zero means 16384; at least 4.
	Entries int
	// Bytes is how much memory they may take, claims included, as an estimate
	// that is on the safe side. Zero means 16 MiB; at least 1 MiB.
	Bytes int
}

const (
	minTimeout           = 10 * time.Millisecond
	defaultMaxConcurrent = 64
	maxMaxConcurrent     = 4096
	defaultTTL           = time.Minute
	maxTTL               = 10 * time.Minute
	defaultInactiveTTL   = 10 * time.Second
	defaultEntries       = 1 << 14
	defaultBytes         = 16 << 20
	minEntries           = 4
	minBytes             = 1 << 20
)

// compile checks the configuration, fills in the defaults and returns where to
// ask: the endpoint, or else the issuer.
func (c *Config) compile() (endpoint, issuer *url.URL, auth *clientauth.Authenticator, _ error) {
	var problems configerr.List
	endpoint, issuer = c.locate(&problems)
	c.Clock = clock.Or(c.Clock)
	auth = clientauth.New(c.Auth.internal(c.Issuer), c.Clock, "Auth", &problems)
	c.Cache.compile(&problems)
	if c.SignedResponses != nil {
		signed := *c.SignedResponses
		signed.compile(c, &problems)
		c.SignedResponses = &signed
	}

	if c.Timeout == 0 {
		c.Timeout = fetch.Timeout
	}
	problems.Check(c.Timeout >= minTimeout && c.Timeout <= fetch.Timeout, "Timeout", "not between 10 milliseconds and 5 seconds")
	if c.MaxConcurrent == 0 {
		c.MaxConcurrent = defaultMaxConcurrent
	}
	problems.Check(c.MaxConcurrent >= 1 && c.MaxConcurrent <= maxMaxConcurrent, "MaxConcurrent", "not between 1 and 4096")
	problems.Check(c.TLS == nil || c.Transport == nil, "TLS", "set together with Transport, which has its own")
	// Whoever can pretend to be the authorization server decides which tokens
	// are good, and gets them all.
	problems.Check(c.TLS == nil || !c.TLS.InsecureSkipVerify, "TLS", "has InsecureSkipVerify")
	problems.Check(!c.Auth.showsCertificate() || c.Transport != nil || c.TLS != nil && (len(c.TLS.Certificates) > 0 || c.TLS.GetClientCertificate != nil),
		"TLS", "has no client certificate, which Auth.Method needs")
	return endpoint, issuer, auth, problems.Err()
}

// locate returns the endpoint, or the issuer.
func (c *Config) locate(problems *configerr.List) (endpoint, issuer *url.URL) {
	var reason error
	switch {
	case c.URL != "" && c.Issuer != "":
		problems.Add("Issuer", "set together with URL: only one can say where the endpoint is")
	case c.URL != "":
		if endpoint, reason = fetch.ParseURL(c.URL, c.InsecureLoopbackHTTP); reason != nil {
			problems.Add("URL", reason.Error())
		}
	case c.Issuer != "":
		if issuer, reason = fetch.ParseIssuer(c.Issuer, c.InsecureLoopbackHTTP); reason != nil {
			problems.Add("Issuer", reason.Error())
		}
	default:
		problems.Add("URL", "required, unless Issuer is set")
	}
	return endpoint, issuer
}

func (c *CacheConfig) compile(problems *configerr.List) {
	if c.TTL == 0 {
		c.TTL = defaultTTL
	}
	if c.InactiveTTL == 0 {
		c.InactiveTTL = min(defaultInactiveTTL, c.TTL)
	}
	if c.Entries == 0 {
		c.Entries = defaultEntries
	}
	if c.Bytes == 0 {
		c.Bytes = defaultBytes
	}
	problems.Check(c.TTL > 0 && c.TTL <= maxTTL, "Cache.TTL", "not between 0 and 10 minutes")
	problems.Check(c.InactiveTTL > 0 && c.InactiveTTL <= c.TTL, "Cache.InactiveTTL", "not between 0 and TTL")
	problems.Check(c.Entries >= minEntries, "Cache.Entries", "less than 4")
	problems.Check(c.Bytes >= minBytes, "Cache.Bytes", "less than 1 MiB")
}

// newClient returns what sends the requests.
func (c *Config) newClient() *fetch.Client {
	if c.Transport != nil {
		return fetch.New(c.Transport, c.Clock)
	}
	return fetch.NewTLS(c.TLS, c.MaxConcurrent, c.Clock)
}
