// Package fetch makes HTTP requests to authorization servers within bounds: a
// timeout, a limit on the response, no redirects and no cookies.
package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
)

// The bounds of every exchange.
const (
	Timeout        = 5 * time.Second
	MaxBodyBytes   = 1 << 20 // after decompression
	MaxHeaderBytes = 64 << 10
)

// The errors of exchanges that end at a bound.
var (
	ErrTimeout  = fmt.Errorf("no complete response within %v", Timeout)
	ErrTooLarge = errors.New("response too large")
	ErrPanic    = errors.New("the transport panicked")
	ErrStray    = errors.New("the transport has not come back from an earlier request")
	ErrGarbled  = errors.New("malformed HTTP response")
)

// Client makes bounded exchanges. It is safe for concurrent use.
type Client struct {
	http   http.Client
	own    *http.Transport // nil if the caller brought one
	strays strays          // of the caller's transport
	clock  clock.Clock
}

// New returns a client that sends through transport, or, if that is nil, through
// one of its own, which uses the proxy that the environment names. A transport
// that takes no notice of a request's context is left behind when the time is
// over, and gets no other request before it has come back.
func New(transport http.RoundTripper, c clock.Clock) *Client {
	if transport == nil {
		own := newTransport(false)
		return newClient(own, own, c)
	}
	return newClient(transport, nil, c)
}

// NewPublicOnly returns a client with a transport of its own that connects to
// public addresses only (see [IsPublic]) and uses no proxy. It is for URLs that
// somebody else may choose, and fails with [ErrNotPublic].
func NewPublicOnly(c clock.Clock) *Client {
	own := newTransport(true)
	return newClient(own, own, c)
}

// NewTLS returns a client with a transport of its own that uses the given TLS
// configuration, TLS 1.2 at least, and keeps up to so many idle connections. It
// is for endpoints that are asked all the time, and for clients that show a
// certificate. Nil is the standard configuration.
func NewTLS(config *tls.Config, idleConns int, c clock.Clock) *Client {
	own := newTransport(false)
	if config != nil {
		own.TLSClientConfig = config.Clone()
		own.TLSClientConfig.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	}
	own.MaxIdleConns, own.MaxIdleConnsPerHost = idleConns, idleConns
	return newClient(own, own, c)
}

func newClient(transport http.RoundTripper, own *http.Transport, c clock.Clock) *Client {
	client := &Client{own: own, clock: clock.Or(c)}
	client.http = http.Client{
		Transport: transport,
		// A redirect is an answer like any other. Following it would hand the
		// decision where trust comes from to whoever can send one.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client
}

// Close closes the idle connections of the client's own transport. One that the
// caller brought is the caller's to close; what has been left behind in it is
// waited for, no longer than [Timeout].
func (c *Client) Close() {
	if c.own != nil {
		c.own.CloseIdleConnections()
		return
	}
	ctx, cancel := c.WithTimeout(context.Background())
	defer cancel()
	_ = c.strays.wait(ctx)
}

// Response is a response that has been read completely.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// WithTimeout returns a context that ends after [Timeout] with [ErrTimeout] as its
// cause. Every exchange has one of its own; it is for several that together
// shall take no longer.
func (c *Client) WithTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := c.clock.AfterFunc(Timeout, func() { cancel(ErrTimeout) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// Get fetches a URL that [ParseURL] let pass, with the given header fields.
func (c *Client) Get(ctx context.Context, u *url.URL, header http.Header) (*Response, error) {
	return c.Do(ctx, &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: header})
}

// Do sends the request under ctx and the limits of this package. The errors hold
// nothing of what was sent or received, except the host.
func (c *Client) Do(ctx context.Context, request *http.Request) (*Response, error) {
	ctx, cancel := c.WithTimeout(ctx)
	defer cancel()
	if c.own != nil {
		return c.exchange(ctx, request)
	}
	return c.apart(ctx, request)
}

// exchange sends the request and reads the whole response.
func (c *Client) exchange(ctx context.Context, request *http.Request) (response *Response, err error) {
	defer func() {
		if recover() != nil { // the value may hold anything, so it is not told
			response, err = nil, ErrPanic
		}
	}()

	received, err := c.http.Do(request.WithContext(ctx))
	if err != nil {
		return nil, describe(ctx, err)
	}
	defer received.Body.Close()
	if headerSize(received.Header) > MaxHeaderBytes {
		return nil, ErrTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(timely{ctx, received.Body}, MaxBodyBytes+1))
	if err != nil {
		return nil, describe(ctx, err)
	}
	if len(body) > MaxBodyBytes {
		return nil, ErrTooLarge
	}
	return &Response{received.StatusCode, received.Header, body}, nil
}

// headerSize is what a transport of the caller's may not have limited.
func headerSize(h http.Header) int {
	size := 0
	for name, values := range h {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	return size
}

// describe returns an error that is fit for logs: without the URL, which may have
// a query, and without anything quoted from the response.
func describe(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return err
	}
	// net/http quotes the line that it could not read.
	if strings.ContainsAny(err.Error(), `"`) || strings.Contains(err.Error(), "malformed") {
		return ErrGarbled
	}
	return err
}
