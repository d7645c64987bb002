package tokens

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// exchangeTimeout is how long one request to an authorization server may take.
// Whoever wants a token meanwhile waits for it.
const exchangeTimeout = 10 * time.Second

// NewHTTPClient returns a client for the token endpoint: with a timeout, without
// cookies, and without redirects, which would carry the client's secret to
// wherever they lead.
func NewHTTPClient() *http.Client {
	return &http.Client{
		Timeout:       exchangeTimeout,
		CheckRedirect: noRedirects,
		Transport:     http.DefaultTransport.(*http.Transport).Clone(),
	}
}

func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// isResource reports whether uri may be a resource parameter (RFC 8707 §2).
func isResource(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && u.IsAbs() && !strings.Contains(uri, "#")
}
