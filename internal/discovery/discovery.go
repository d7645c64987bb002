// Package discovery finds out from an issuer's metadata where its endpoints are
// (RFC 8414, OpenID Connect Discovery 1.0, RFC 8705).
package discovery

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/bearerguard/bearerguard/internal/fetch"
	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

var (
	errWrongIssuer = errors.New("names another issuer")
	errWrongSlash  = errors.New("names another issuer: the one configured but for the slash at the end")
)

// maxDepth is how deeply metadata may nest.
const maxDepth = 16

// Locations returns where an issuer's metadata may be.
func Locations(issuer *url.URL) [2]*url.URL {
	// A terminating "/" is removed before anything is inserted or appended.
	path := strings.TrimSuffix(issuer.EscapedPath(), "/")
	at := func(escaped string) *url.URL {
		u := *issuer
		u.RawPath = escaped
		u.Path, _ = url.PathUnescape(escaped) // it was a valid path before
		return &u
	}
	return [2]*url.URL{
		// RFC 8414 §3.1: between the host and the path.
		at("/.well-known/oauth-authorization-server" + path),
		// OpenID Connect Discovery 1.0 §4.1: after the path.
		at(path + "/.well-known/openid-configuration"),
	}
}

// Endpoint reads a metadata document of an issuer and returns the URL that is the
// given member of it, if [fetch.ParseURL] lets it pass. A client that shows a
// certificate has to use the alias of the endpoint in mtls_endpoint_aliases, if there
// is one (RFC 8705 §5). The errors hold nothing of the document.
func Endpoint(document []byte, issuer, member string, showsCertificate, insecureLoopback bool) (*url.URL, error) {
	unreadable := fmt.Errorf("not a strict JSON object with string members issuer and %s", member)
	var named, plain, alias string
	err := strictjson.Object(document, maxDepth, func(name []byte, value jsontext.Value) error {
		ok := true
		switch string(name) {
		case "issuer":
			named, ok = strictjson.String(value)
		case member:
			plain, ok = strictjson.String(value)
		case "mtls_endpoint_aliases":
			if showsCertificate {
				alias, ok = readAlias(value, member)
			}
		}
		if !ok {
			return unreadable
		}
		return nil
	})
	found := cmp.Or(alias, plain)
	if err != nil || named == "" || found == "" {
		return nil, unreadable
	}
	// RFC 8414 §3.3, OpenID Connect Discovery 1.0 §4.3: identical, or the
	// document must not be used.
	if named != issuer {
		if strings.TrimSuffix(named, "/") == strings.TrimSuffix(issuer, "/") {
			return nil, errWrongSlash
		}
		return nil, errWrongIssuer
	}
	location, err := fetch.ParseURL(found, insecureLoopback)
	if err != nil {
		return nil, fmt.Errorf("%s %w", member, err)
	}
	return location, nil
}

// readAlias returns the alias of an endpoint, empty if there is none.
func readAlias(aliases jsontext.Value, member string) (alias string, ok bool) {
	ok = true
	err := strictjson.Object(aliases, maxDepth, func(name []byte, value jsontext.Value) error {
		if string(name) == member {
			alias, ok = strictjson.String(value)
			ok = ok && alias != ""
		}
		return nil
	})
	return alias, ok && err == nil
}
