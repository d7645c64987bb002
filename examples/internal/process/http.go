package process

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// An HTTPServer is an [http.Server] that a [Process] can serve with.
type HTTPServer struct{ *http.Server }

// NewHTTPServer returns a server for handler. It has the limits that an
// http.Server does not have by itself: nobody can hold a connection by sending or
// reading slowly. A handler that takes its time, such as an event stream, has to
// move its own deadlines (see [http.ResponseController]).
func (p *Process) NewHTTPServer(handler http.Handler) HTTPServer {
	return HTTPServer{&http.Server{
		Handler:           handler,
		TLSConfig:         p.TLS,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10, // an access token is 16 KiB at most
		ErrorLog:          slog.NewLogLogger(p.Logger.Handler(), slog.LevelError),
	}}
}

// Serve serves TLS if there is a certificate.
func (s HTTPServer) Serve(listener net.Listener) error {
	if s.TLSConfig != nil {
		return s.ServeTLS(listener, "", "")
	}
	return s.Server.Serve(listener)
}

// Shutdown is that of [http.Server], and then cuts off what is left.
func (s HTTPServer) Shutdown(ctx context.Context) error {
	err := s.Server.Shutdown(ctx)
	if err != nil {
		_ = s.Close()
	}
	return err
}
