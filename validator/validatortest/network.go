package validatortest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"syscall"
)

// listen starts the issuer's server, on the loopback interface or in memory.
func (is *Issuer) listen(config Config) error {
	var listener net.Listener
	dial := (&net.Dialer{}).DialContext
	if config.Loopback {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("validatortest: %w", err)
		}
		listener, is.url = tcp, "http://"+tcp.Addr().String()
	} else {
		memory := &memory{conns: make(chan net.Conn), closed: make(chan struct{})}
		listener, dial, is.url = memory, memory.dial, config.Issuer
	}
	origin, err := url.Parse(is.url)
	if err != nil {
		return fmt.Errorf("validatortest: %w", err)
	}
	is.endpoints = endpoints(origin.Path)
	is.transport = &transport{
		issuer: is,
		origin: origin,
		base:   &http.Transport{DialContext: dial, DisableKeepAlives: true},
	}

	server := &http.Server{Handler: http.HandlerFunc(is.serve)}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	is.stop = func() {
		_ = server.Close()
		serving.Wait()
	}
	return nil
}

// A transport reaches one issuer.
type transport struct {
	issuer *Issuer
	origin *url.URL
	base   *http.Transport
}

// RoundTrip implements [http.RoundTripper]. In memory, https is plain HTTP: there
// is nobody to hide it from.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var err error
	switch {
	case r.URL.Scheme != t.origin.Scheme || r.URL.Host != t.origin.Host:
		err = &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}
	case t.issuer.refuses(r.URL.Path):
		err = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	plain := r.Clone(r.Context())
	plain.URL.Scheme = "http"
	return t.base.RoundTrip(plain)
}

// memory is a network of one listener. Unlike sockets its connections stand
// still with the time of a synctest bubble.
type memory struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case m.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

func (m *memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }
