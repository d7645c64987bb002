package devserver

import (
	"net"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// issuerProblem says what is wrong with an issuer identifier (RFC 8414 §2), or
// returns nothing.
func issuerProblem(issuer string) string {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return "must be an absolute URL"
	case u.User != nil || strings.ContainsAny(issuer, "?#"):
		return "must have no user, query or fragment (RFC 8414 §2)"
	case u.Scheme == "http" && !loopbackHost(u.Hostname()):
		return "development only: http is for loopback hosts; anything else needs https"
	case u.Scheme != "http" && u.Scheme != "https":
		return "must be https, or http to a loopback host"
	case strings.Contains(u.EscapedPath(), "%") || strings.Contains(u.Path, "//") ||
		u.Path != "" && path.Clean(u.Path) != "/"+strings.Trim(u.Path, "/"):
		return "must have a plain path, without escapes, dot segments and doubled slashes"
	}
	return ""
}

// addrProblem says what is wrong with an address to listen on, or returns
// nothing.
func addrProblem(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	switch {
	case err != nil:
		return "must be host:port"
	case !loopbackHost(host):
		return "development only: must be a loopback address such as 127.0.0.1:9000"
	}
	return ""
}

func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// endpoints are the URLs that one issuer publishes, and the paths that they are
// served under.
type endpoints struct {
	issuer, authorize, token, introspect, revoke, jwks string

	authorizePath, consentPath, tokenPath, introspectPath, revokePath string
	jwksPath, metadataPath, openIDPath                                string
}

// endpointsOf expects an issuer in which issuerProblem finds nothing.
func endpointsOf(issuer string) endpoints {
	u, err := url.Parse(issuer)
	if err != nil {
		panic("devserver: the issuer was not checked")
	}
	base := strings.TrimSuffix(u.Path, "/")
	at := func(path string) string { return u.Scheme + "://" + u.Host + path }
	e := endpoints{
		issuer:         issuer,
		authorizePath:  base + "/oauth2/authorize",
		consentPath:    base + "/oauth2/consent",
		tokenPath:      base + "/oauth2/token",
		introspectPath: base + "/oauth2/introspect",
		revokePath:     base + "/oauth2/revoke",
		jwksPath:       base + "/jwks.json",
		// RFC 8414 §3.1 puts the well-known part between host and path, without
		// the path's last slash; OpenID Discovery §4.1 appends it.
		metadataPath: "/.well-known/oauth-authorization-server" + base,
		openIDPath:   base + "/.well-known/openid-configuration",
	}
	e.authorize, e.token, e.introspect = at(e.authorizePath), at(e.tokenPath), at(e.introspectPath)
	e.revoke, e.jwks = at(e.revokePath), at(e.jwksPath)
	return e
}
