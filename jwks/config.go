package jwks

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/fetch"
)

// Config says where the keys of one issuer are and how long they are good for.
// Exactly one of URL and Issuer is required.
type Config struct {
	_ [0]func()

	// URL is where the key set document is.
	URL string
	// Issuer is the issuer identifier. The key set is found through its metadata
	// (RFC 8414 §3, then OpenID Connect Discovery 1.0 §4), which must name exactly
	// this issuer.
	Issuer string

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
	// certificate. It must obey the context of a request. Nil means one of our
	// own. The limits on responses and redirects apply to either.
	Transport http.RoundTripper
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
	var reason error
	switch {
	case c.URL != "" && c.Issuer != "":
		problems.Add("Issuer", "set together with URL: only one can say where the keys are")
	case c.URL != "":
		if keys, reason = fetch.ParseURL(c.URL, c.InsecureLoopbackHTTP); reason != nil {
			problems.Add("URL", reason.Error())
		}
	case c.Issuer != "":
		if issuer, reason = fetch.ParseURL(c.Issuer, c.InsecureLoopbackHTTP); reason != nil {
			problems.Add("Issuer", reason.Error())
		} else if strings.Contains(c.Issuer, "?") { // RFC 8414 §2
			problems.Add("Issuer", "has a query")
		}
	default:
		problems.Add("URL", "required, unless Issuer is set")
	}

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
