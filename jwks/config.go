package jwks

import (
	"net/http"
	"net/url"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/fetch"
)

// Config says where the keys of one issuer are and how long they are good for.
// Exactly one of URL, Issuer and File is required.
type Config struct {
	_ [0]func()

	// URL is where the key set document is.
	URL string
	// Issuer is the issuer identifier. The key set is found through its metadata
	// (RFC 8414 §3, then OpenID Connect Discovery 1.0 §4), which must name exactly
	// this issuer.
	Issuer string
	// File is the path of a key set document, for an API that reaches no issuer.
	// It is read as if it were fetched: again after each RefreshInterval and for
	// unknown key ids, with the same limits. Each reading confirms its keys,
	// however old it is; once it is gone or broken, they last for MaxStale. It
	// should be replaced by renaming. Whoever can write to it decides which
	// tokens are good.
	File string

	// CacheFile is the path of a file in which the last good set is kept, for a
	// start while the issuer cannot be reached: when the first fetch fails, its
	// keys are used, if the issuer confirmed them less than MaxStale ago. It is
	// written after each fetch, with mode 0600, and may also be copied from
	// another instance; that it cannot be written does no other harm. It is a key
	// set document with two more members: "source", which must equal Issuer or
	// URL, and "confirmed", a time as in RFC 3339. Empty means none. Whoever can
	// write to it decides which tokens are good.
	CacheFile string

	// RefreshInterval is how often the keys are fetched: after this time at the
	// latest, earlier if the response's Cache-Control says so, but then not more
	// often than once a minute. It is how long a key that the issuer has
	// withdrawn may go on being trusted. Zero means 10 minutes; from 1 second to
	// 24 hours.
	RefreshInterval time.Duration
	// MaxStale is how long keys are used after they were last confirmed by the
	// issuer, so that an outage of the issuer is none of the API. Zero means 1
	// hour; at least twice the RefreshInterval, at most 7 days.
	MaxStale time.Duration

	// Transport sends the requests, for a proxy, a private CA or a client
	// certificate. Nil means one of our own, which uses the proxy that the
	// environment names. The limits on time, responses and redirects apply to
	// either. A Transport that takes no notice of a request's context costs one
	// goroutine, and there is no other fetch before it has come back.
	Transport http.RoundTripper
	// PublicAddressesOnly refuses to connect to addresses that are not of the
	// public Internet: private, loopback, link-local, shared and all others with
	// a special purpose (RFC 6890), also inside IPv6 ones (IPv4-mapped, 6to4,
	// 64:ff9b::/96; a network's own NAT64 prefix cannot be told). It looks at the
	// address each connection is made to, after name resolution. It is for
	// issuers that somebody else may name, such as tenants, excludes proxies, and
	// cannot be combined with Transport or InsecureLoopbackHTTP.
	PublicAddressesOnly bool
	// InsecureLoopbackHTTP allows plain http to 127.0.0.0/8, ::1 and localhost,
	// for development. Anywhere else it is https only.
	InsecureLoopbackHTTP bool

	// Clock is for tests; nil means the system's.
	Clock Clock
	// OnEvent, if set, is told what happens, one event at a time and in order.
	// Events wait for it, keys do not; if it falls far behind, events are lost.
	// A panic in it is swallowed. It must not call Close.
	OnEvent func(Event)
}

const (
	defaultRefreshInterval = 10 * time.Minute
	minRefreshInterval     = time.Second
	maxRefreshInterval     = 24 * time.Hour
	defaultMaxStale        = time.Hour
	maxMaxStale            = 7 * 24 * time.Hour
)

// compile checks the configuration, fills in the defaults and returns where to
// fetch from: the URL of the key set, or of the issuer.
func (c *Config) compile() (keys, issuer *url.URL, err error) {
	var problems configerr.List
	keys, issuer = c.locate(&problems)
	problems.Check(c.CacheFile == "" || c.File == "", "CacheFile", "set together with File, which needs none")
	problems.Check(c.Transport == nil || c.File == "", "Transport", "set together with File, for which nothing is fetched")
	problems.Check(!c.PublicAddressesOnly || c.Transport == nil,
		"PublicAddressesOnly", "set together with Transport, whose connections cannot be seen")
	problems.Check(!c.PublicAddressesOnly || !c.InsecureLoopbackHTTP,
		"PublicAddressesOnly", "set together with InsecureLoopbackHTTP: loopback is not public")

	if c.RefreshInterval == 0 {
		c.RefreshInterval = defaultRefreshInterval
	}
	if c.MaxStale == 0 {
		c.MaxStale = defaultMaxStale
	}
	problems.Check(c.RefreshInterval >= minRefreshInterval && c.RefreshInterval <= maxRefreshInterval,
		"RefreshInterval", "not between 1 second and 24 hours")
	problems.Check(c.MaxStale >= 2*c.RefreshInterval,
		"MaxStale", "less than twice the RefreshInterval: one failed refresh could cost all keys")
	problems.Check(c.MaxStale <= maxMaxStale, "MaxStale", "more than 7 days")
	c.Clock = clock.Or(c.Clock)
	return keys, issuer, problems.Err()
}

// locate returns the URL of the key set, or of the issuer.
func (c *Config) locate(problems *configerr.List) (keys, issuer *url.URL) {
	var reason error
	switch {
	case c.URL != "" && c.Issuer != "":
		problems.Add("Issuer", "set together with URL: only one can say where the keys are")
	case c.File != "" && c.URL+c.Issuer != "":
		problems.Add("File", "set together with URL or Issuer: only one can say where the keys are")
	case c.File != "":
		keys = fileURL(c.File)
	case c.URL != "":
		if keys, reason = fetch.ParseURL(c.URL, c.InsecureLoopbackHTTP); reason != nil {
			problems.Add("URL", reason.Error())
		}
	case c.Issuer != "":
		if issuer, reason = fetch.ParseIssuer(c.Issuer, c.InsecureLoopbackHTTP); reason != nil {
			problems.Add("Issuer", reason.Error())
		}
	default:
		problems.Add("URL", "required, unless Issuer or File is set")
	}
	return keys, issuer
}

// newClient returns what fetches the keys.
func (c *Config) newClient() *fetch.Client {
	switch {
	case c.File != "":
		return fetch.New(fileTransport{}, c.Clock)
	case c.PublicAddressesOnly:
		return fetch.NewPublicOnly(c.Clock)
	}
	return fetch.New(c.Transport, c.Clock)
}
