package tokens

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

var errOrigin = errors.New("the token is not for this host")

// Transport sends requests to one API with a bearer token (RFC 6750 §2.1). A
// request that is answered 401 is sent once more with a fresh token, if its body
// can be: the token may have been revoked, or the key that signed it withdrawn. It
// is safe for concurrent use.
type Transport struct {
	// Cache has the tokens.
	Cache *Cache
	// API is where the token may go, by scheme, host and port. A request to
	// anywhere else fails: a redirect must not lead the token away.
	API *url.URL
	// Base sends the requests. Nil: [http.DefaultTransport].
	Base http.RoundTripper
	// OnRetry is called before a request is sent again. Nil: nothing is.
	OnRetry func()
}

// RoundTrip implements [http.RoundTripper]. The error is that of the cache if there
// is no token.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	// The transport closes the body, whatever happens.
	closeBody := func() {
		if request.Body != nil {
			_ = request.Body.Close()
		}
	}
	if !sameOrigin(t.API, request.URL) {
		closeBody()
		return nil, errOrigin
	}
	token, err := t.Cache.Token()
	if err != nil {
		closeBody()
		return nil, err
	}
	response, err := t.send(request, request.Body, token)
	if err != nil || response.StatusCode != http.StatusUnauthorized || !replayable(request) || !t.Cache.Drop(token) {
		return response, err
	}
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10) // so that the connection is used again
	_ = response.Body.Close()
	return t.again(request)
}

// again sends a request that was refused with another token.
func (t *Transport) again(request *http.Request) (*http.Response, error) {
	token, err := t.Cache.Token()
	if err != nil {
		return nil, err
	}
	body := request.Body
	if request.GetBody != nil {
		if body, err = request.GetBody(); err != nil {
			return nil, err
		}
	}
	if t.OnRetry != nil {
		t.OnRetry()
	}
	return t.send(request, body, token)
}

func (t *Transport) send(request *http.Request, body io.ReadCloser, token *oauth2.Token) (*http.Response, error) {
	sent := request.Clone(request.Context()) // a RoundTripper leaves the request as it is
	sent.Body = body
	sent.Header.Set("Authorization", "Bearer "+token.AccessToken)
	return t.base().RoundTrip(sent)
}

func (t *Transport) base() http.RoundTripper {
	if t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}

// CloseIdleConnections closes those of Base, for [http.Client.CloseIdleConnections].
func (t *Transport) CloseIdleConnections() {
	if closer, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// replayable reports whether a request can be sent twice.
func replayable(request *http.Request) bool {
	return request.Body == nil || request.Body == http.NoBody || request.GetBody != nil
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return map[string]string{"https": "443", "http": "80"}[u.Scheme]
}

// NewClient returns a client that sends through t and follows no redirects.
func (t *Transport) NewClient() *http.Client {
	return &http.Client{Transport: t, CheckRedirect: noRedirects}
}
