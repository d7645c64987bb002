package fetch

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// The errors say what is wrong with a URL and do not repeat it.
var (
	errURLSyntax   = errors.New("not an absolute URL with a host")
	errURLUserinfo = errors.New("has user information")
	errURLFragment = errors.New("has a fragment")
	errURLQuery    = errors.New("has a query")
	errURLScheme   = errors.New("is not https")
	errURLNoChoice = errors.New("is plain http to this machine, which has to be allowed: InsecureLoopbackHTTP")
	errURLLoopback = errors.New("is plain http to a host other than loopback")
)

// ParseURL returns the URL raw if it may be fetched from: absolute, https, without
// user information and without a fragment. With insecureLoopback it may also be
// plain http to this machine: 127.0.0.0/8, ::1 or localhost.
func ParseURL(raw string, insecureLoopback bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Hostname() == "" {
		return nil, errURLSyntax
	}
	switch {
	case u.User != nil:
		return nil, errURLUserinfo
	case strings.Contains(raw, "#"): // also an empty one
		return nil, errURLFragment
	case u.Scheme == "https":
		return u, nil
	case u.Scheme == "http" && !insecureLoopback && isLoopback(u.Hostname()):
		return nil, errURLNoChoice
	case u.Scheme != "http" || !insecureLoopback:
		return nil, errURLScheme
	case !isLoopback(u.Hostname()):
		return nil, errURLLoopback
	}
	return u, nil
}

// ParseIssuer is [ParseURL] for an issuer identifier, which has no query either (RFC
// 8414 §2).
func ParseIssuer(raw string, insecureLoopback bool) (*url.URL, error) {
	u, err := ParseURL(raw, insecureLoopback)
	if err == nil && strings.Contains(raw, "?") { // also an empty one
		return nil, errURLQuery
	}
	return u, err
}

var loopback4 = netip.MustParsePrefix("127.0.0.0/8")

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && (addr == netip.IPv6Loopback() || loopback4.Contains(addr))
}
