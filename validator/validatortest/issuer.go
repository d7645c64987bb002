package validatortest

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/validator"
)

// Config says what an [Issuer] is like. The zero value is an issuer in memory
// that is good for most tests.
type Config struct {
	_ [0]func()

	// Issuer is the issuer identifier, an https URL. Empty:
	// "https://auth.example.com". With Loopback it must be empty: [Issuer.URL]
	// tells it then.
	Issuer string
	// Audience is the API that tokens are for, unless their claims say
	// otherwise. Empty: "https://api.example.com".
	Audience string
	// Algorithm is the JWS algorithm of the issuer's keys, one of
	// [validator.AlgorithmNames]. Empty: ES256.
	Algorithm string

	// Clients are client ids with their secrets. With at least one the issuer
	// has a token endpoint, which grants a client any scope that it asks for
	// (RFC 6749 §4.4), and an introspection endpoint (RFC 7662).
	Clients map[string]string

	// Loopback puts the issuer on a port of the loopback interface, for programs
	// that are to reach it over the network, by plain http.
	Loopback bool

	// Clock is where times in tokens and the issuer's delays come from, and those
	// of the validators it makes. Nil: the system's, or a synctest bubble's.
	Clock validator.Clock
}

const (
	defaultIssuer    = "https://auth.example.com"
	defaultAudience  = "https://api.example.com"
	defaultAlgorithm = "ES256"
)

// An Issuer is an authorization server for tests. It publishes its metadata
// (RFC 8414, OpenID Connect Discovery) and a set of, at first, one key. It is
// safe for concurrent use.
type Issuer struct {
	t         testing.TB // nil outside of tests
	url       string
	audience  string
	algorithm string
	secrets   map[string]string
	clock     validator.Clock
	endpoints map[string]Endpoint // by path
	transport *transport
	insecure  bool // plain http
	stop      func()

	mu       sync.Mutex
	keys     []*Key // published, in order
	signing  *Key
	made     int // keys, for their ids
	stranger *Key
	faults   map[Endpoint]Fault
	delay    time.Duration
	requests map[Endpoint]int
	known    map[string]*grant // tokens that introspection knows
	closers  []func() error
}

// Start returns an issuer that ends with the test, together with every
// validator and key source it has made. It is New for tests: an error ends the
// test.
func Start(t testing.TB, config Config) *Issuer {
	t.Helper()
	is, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	is.t = t
	t.Cleanup(is.Close)
	return is
}

// New returns an issuer for use outside of tests, such as in an Example. The
// error joins one [validator.ConfigError] per problem, or is that of listening.
// Close ends it.
func New(config Config) (*Issuer, error) {
	if err := config.normalize(); err != nil {
		return nil, err
	}
	is := &Issuer{
		audience:  config.Audience,
		algorithm: config.Algorithm,
		secrets:   maps.Clone(config.Clients),
		clock:     clock.Or(config.Clock),
		insecure:  config.Loopback,
		faults:    make(map[Endpoint]Fault),
		requests:  make(map[Endpoint]int),
		known:     make(map[string]*grant),
	}
	if err := is.listen(config); err != nil {
		return nil, err
	}
	is.signing = is.NewKey()
	is.stranger = NewKey("stranger", config.Algorithm)
	is.keys = []*Key{is.signing}
	return is, nil
}

func (c *Config) normalize() error {
	var problems configerr.List
	if c.Loopback {
		problems.Check(c.Issuer == "", "Issuer", "must be empty with Loopback: it is the address")
	} else if c.Issuer == "" {
		c.Issuer = defaultIssuer
	}
	if c.Issuer != "" {
		u, err := url.Parse(c.Issuer)
		problems.Check(err == nil && u.Scheme == "https" && u.Host != "" && u.RawQuery == "" && u.Fragment == "",
			"Issuer", "not an https URL without query and fragment")
	}
	if c.Audience == "" {
		c.Audience = defaultAudience
	}
	if c.Algorithm == "" {
		c.Algorithm = defaultAlgorithm
	}
	problems.Check(generator(c.Algorithm) != nil, "Algorithm", "unknown; known are "+strings.Join(validator.AlgorithmNames(), ", "))
	return problems.Err()
}

// URL returns the issuer identifier, as in iss.
func (is *Issuer) URL() string { return is.url }

// KeysURL returns where the key set is, for validators without discovery.
func (is *Issuer) KeysURL() string { return is.url + keysPath }

// Audience returns the audience of tokens whose claims name no other.
func (is *Issuer) Audience() string { return is.audience }

// Transport returns what reaches the issuer, and nothing but the issuer. Each
// request has a connection of its own, so that a request that fails is never
// sent twice.
func (is *Issuer) Transport() http.RoundTripper { return is.transport }

// Close ends the issuer and every validator and key source it has made. Closing
// twice does no harm.
func (is *Issuer) Close() {
	is.mu.Lock()
	closers := is.closers
	is.closers = nil
	is.mu.Unlock()
	for _, c := range closers {
		_ = c()
	}
	is.stop()
}

// fatal ends the test. What it is called for is a mistake in the test.
func (is *Issuer) fatal(err error) {
	if is.t == nil {
		panic("validatortest: " + err.Error())
	}
	is.t.Helper()
	is.t.Fatal(err)
}
