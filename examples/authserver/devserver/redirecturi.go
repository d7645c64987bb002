package devserver

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// redirectURIProblem says what is wrong with a redirection URI as a client
// registers it, or returns nothing.
func redirectURIProblem(uri string) string {
	u, err := url.Parse(uri)
	switch {
	case err != nil || !u.IsAbs() || uri == "" || !isVSCHAR(uri) || strings.ContainsAny(uri, ` "<>\^{|}`+"`"):
		return "must be an absolute URI"
	case strings.Contains(uri, "#"): // RFC 6749 §3.1.2
		return "must have no fragment (RFC 6749 §3.1.2)"
	case u.User != nil || strings.ContainsAny(u.Host, "*'(),;&=+$!"):
		return "must have a plain host, without user information"
	case u.Scheme == "https" && u.Hostname() != "" && u.Opaque == "":
		return ""
	case u.Scheme == "http" && loopbackHost(u.Hostname()): // RFC 8252 §7.3
		return ""
	case u.Scheme != "http" && u.Scheme != "https" && strings.Contains(u.Scheme, "."): // RFC 8252 §7.1
		return ""
	}
	return "must be https, http to a loopback host, or have a scheme with a dot, such as com.example.app (RFC 8252 §7)"
}

// redirectURI finds where the answer to an authorization request goes. The
// parameter may be left out if there is no choice (RFC 6749 §3.1.2.3).
func (c *client) redirectURI(requested string) (uri string, ok bool) {
	if requested == "" {
		if len(c.redirectURIs) != 1 {
			return "", false
		}
		return c.redirectURIs[0], true
	}
	ok = slices.ContainsFunc(c.redirectURIs, func(registered string) bool {
		return sameRedirectURI(registered, requested)
	})
	return requested, ok
}

// sameRedirectURI compares character by character (RFC 9700 §2.1), but for the
// port of a loopback address: a native app takes whichever is free (RFC 8252
// §7.3). That is for addresses; what "localhost" is, is up to the machine (§8.3).
func sameRedirectURI(registered, requested string) bool {
	if registered == requested {
		return true
	}
	for _, address := range []string{"http://127.0.0.1", "http://[::1]"} {
		ours, registeredHere := strings.CutPrefix(registered, address)
		theirs, requestedHere := strings.CutPrefix(requested, address)
		if registeredHere && requestedHere {
			ours, okOurs := afterPort(ours)
			theirs, okTheirs := afterPort(theirs)
			return okOurs && okTheirs && ours == theirs
		}
	}
	return false
}

// afterPort cuts off a port, if there is one. What is left is compared with that
// of a registered URI, in which the host does not go on.
func afterPort(rest string) (string, bool) {
	if port, found := strings.CutPrefix(rest, ":"); found {
		end := strings.IndexFunc(port, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(port)
		}
		if number, err := strconv.ParseUint(port[:end], 10, 16); err != nil || number == 0 || port[0] == '0' {
			return "", false
		}
		rest = port[end:]
	}
	return rest, true
}

// formAction returns the redirection URI as a source of the Content-Security-
// Policy: browsers hold the redirect that answers a form to form-action, too.
func formAction(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return ""
	}
	// The grammar of CSP3 §2.3.1 has no IPv6 address, and a private-use scheme
	// need not have a host: there, the scheme has to do.
	if u.Scheme != "http" && u.Scheme != "https" || strings.Contains(u.Host, "[") {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}
