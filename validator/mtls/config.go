package mtls

import (
	"net/netip"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/proxies"
)

// Config says which tokens must be bound and who tells of certificates. The zero
// value takes certificates from the connection alone, and lets unbound tokens
// pass.
type Config struct {
	_ [0]func() // no unkeyed literals, no ==

	// Required refuses tokens that are not bound to a certificate. Whatever it
	// is, a token that is bound needs its certificate.
	Required bool

	// TrustedProxies are the addresses of the proxies that end TLS in front of
	// this server and tell of the client's certificate in Header. The address is
	// that of the connection, never one from a header field. Every one of them
	// must remove the field from what clients send (RFC 9440 §4), and so must
	// nobody else be able to send from those addresses. A link-local prefix holds
	// on every network interface. Empty: there are none. A prefix of all addresses
	// is refused.
	TrustedProxies []netip.Prefix

	// Header is the field in which the proxies tell of it: [ClientCert], [XFCC]
	// or [Nginx]. Required with TrustedProxies, and useless without.
	Header Header

	// DangerouslyTrustEveryPeer reads Header from whoever sends it, for a server
	// that only its proxy can reach, over a Unix socket for example. If anybody
	// else reaches it, a certificate proves nothing any more: certificates are
	// public. It cannot be combined with TrustedProxies.
	DangerouslyTrustEveryPeer bool
}

// New returns a Verifier. The error joins one [validator.ConfigError] per problem.
func New(config Config) (*Verifier, error) {
	var problems configerr.List
	trusted := proxies.New(config.TrustedProxies, &problems)
	config.Header.check(&problems)

	trusting := len(config.TrustedProxies) > 0 || config.DangerouslyTrustEveryPeer
	problems.Check(!trusting || config.Header != Header{},
		"Header", "required with TrustedProxies: ClientCert, XFCC or Nginx")
	problems.Check(trusting || config.Header == Header{},
		"TrustedProxies", "required with Header: anybody can send a header field")
	problems.Check(len(config.TrustedProxies) == 0 || !config.DangerouslyTrustEveryPeer,
		"DangerouslyTrustEveryPeer", "set together with TrustedProxies, which then mean nothing")
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return &Verifier{
		required:  config.Required,
		proxies:   trusted,
		everyPeer: config.DangerouslyTrustEveryPeer,
		header:    config.Header,
	}, nil
}
