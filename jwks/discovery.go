package jwks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/bearerguard/bearerguard/internal/fetch"
	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

var (
	errMetadata    = errors.New("not a strict JSON object with string members issuer and jwks_uri")
	errWrongIssuer = errors.New("names another issuer")
)

// metadataURLs returns where an issuer's metadata may be.
func metadataURLs(issuer *url.URL) [2]*url.URL {
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

// discover returns the URL of the key set according to the issuer's metadata. The
// attempts together take no longer than one fetch.
func (o *origin) discover(ctx context.Context) (*url.URL, error) {
	ctx, cancel := o.client.WithTimeout(ctx)
	defer cancel()
	var problems []error
	for i := range o.metadata {
		u := o.metadata[(o.preferred+i)%len(o.metadata)]
		keys, err := o.readMetadata(ctx, u)
		if err == nil {
			return keys, nil
		}
		problems = append(problems, fmt.Errorf("metadata at %s: %w", u.Path, err))
		if errors.Is(err, fetch.ErrTimeout) || ctx.Err() != nil {
			// A document that hangs must not keep the other from ever being
			// asked.
			o.preferred = (o.preferred + i + 1) % len(o.metadata)
			break
		}
	}
	return nil, errors.Join(problems...)
}

// readMetadata fetches one metadata document.
func (o *origin) readMetadata(ctx context.Context, u *url.URL) (*url.URL, error) {
	response, err := o.client.Get(ctx, u, http.Header{"Accept": {"application/json"}})
	if err != nil {
		return nil, err
	}
	if response.Status != http.StatusOK {
		return nil, refused(response, o.clock.Now())
	}
	var issuer, keys string
	err = strictjson.Object(response.Body, maxDepth, func(name []byte, value jsontext.Value) error {
		ok := true
		switch string(name) {
		case "issuer":
			issuer, ok = strictjson.String(value)
		case "jwks_uri":
			keys, ok = strictjson.String(value)
		}
		if !ok {
			return errMetadata
		}
		return nil
	})
	if err != nil || issuer == "" || keys == "" {
		return nil, errMetadata
	}
	// RFC 8414 §3.3, OpenID Connect Discovery 1.0 §4.3: identical, or the
	// document must not be used.
	if issuer != o.issuer {
		return nil, errWrongIssuer
	}
	location, err := fetch.ParseURL(keys, o.insecureLoopback)
	if err != nil {
		return nil, fmt.Errorf("jwks_uri %w", err)
	}
	return location, nil
}
