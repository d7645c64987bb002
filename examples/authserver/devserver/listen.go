package devserver

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// listen binds the configured address, if there is one.
func (s *Server) listen() error {
	s.serveErr = make(chan error, 1)
	if s.config.Addr == "" {
		return nil
	}
	listener, err := net.Listen("tcp", loopbackIP(s.config.Addr))
	if err != nil {
		return &configerr.Error{Field: "Addr", Reason: err.Error()}
	}
	s.listener = listener
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelError),
	}
	if s.config.TLSCertificate != nil {
		s.http.TLSConfig = &tls.Config{
			MinVersion:   tls.VersionTLS12,
			Certificates: []tls.Certificate{*s.config.TLSCertificate},
			// Asked for and not verified here: a self-signed one is fine for some
			// clients, and none at all for most (RFC 8705 §2.2, §3).
			ClientAuth: tls.RequestClientCert,
		}
	}
	return nil
}

// loopbackIP replaces the name localhost in a checked address, so that nobody is
// asked what it stands for (RFC 6761 §6.3).
func loopbackIP(addr string) string {
	if port, named := strings.CutPrefix(addr, "localhost:"); named {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// Addr returns the host:port that the server listens on, empty if it is a
// handler only.
func (s *Server) Addr() string {
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Start serves the address that [New] bound, in the background, until
// [Server.Shutdown] or [Server.Close]. It fails if the server is a handler only
// or has been started or closed before.
func (s *Server) Start() error {
	if s.listener == nil {
		return errors.New("devserver: no address to listen on")
	}
	err := errors.New("devserver: already started or closed")
	s.start.Do(func() {
		err = nil
		go func() {
			defer close(s.serveErr)
			if err := s.serve(); !errors.Is(err, http.ErrServerClosed) {
				s.serveErr <- err
			}
		}()
	})
	return err
}

// serve speaks TLS if there is a certificate.
func (s *Server) serve() error {
	if s.http.TLSConfig != nil {
		return s.http.ServeTLS(s.listener, "", "")
	}
	return s.http.Serve(s.listener)
}

// Done is closed when serving has ended; an error that ended it is delivered
// first.
func (s *Server) Done() <-chan error { return s.serveErr }

// Shutdown stops listening, waits for requests under way until ctx ends, and
// then returns the context's error. Calling it again, or after Close, is fine.
func (s *Server) Shutdown(ctx context.Context) error {
	if s.http == nil {
		return nil
	}
	if s.neverStarted() {
		return s.Close()
	}
	err := s.http.Shutdown(ctx)
	if err == nil {
		<-s.serveErr
	}
	return err
}

// Close stops listening and cuts off requests under way. Calling it again is
// fine.
func (s *Server) Close() error {
	s.fetch.Close()
	if s.http == nil {
		return nil
	}
	never := s.neverStarted()
	s.http.Close()
	s.listener.Close()
	if !never {
		<-s.serveErr
	}
	return nil
}

// neverStarted reports whether Start has not run, and keeps it from running.
func (s *Server) neverStarted() bool {
	never := false
	s.start.Do(func() {
		never = true
		close(s.serveErr)
	})
	return never
}

// local reports whether a request may be served: over TLS, or over plain http
// on a loopback connection. Addresses that are not IP, such as a Unix socket's
// or those of a connection within the process, are local by nature.
func local(r *http.Request) bool {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return r.TLS != nil || !ok || loopbackAddr(addr)
}

func loopbackAddr(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}
