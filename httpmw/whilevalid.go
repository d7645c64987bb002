package httpmw

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/bearerguard/bearerguard/validator"
)

// DefaultStreamGrace is how long a handler has to end by itself, where
// [Config.StreamGrace] is zero.
const DefaultStreamGrace = 5 * time.Second

// WhileValid returns middleware for handlers that go on after the decision, such as
// server-sent events and WebSockets. It belongs inside of [Auth.Require] or of a
// [Mux]:
//
//	mux.Handle("GET /events", scopes.All("orders:read"), auth.WhileValid(events))
//
// The context of the request is done when its token is not good any more, as
// [validator.WhileValid] tells; [context.Cause] is then an [*validator.Error], by
// whose code the handler can take leave, with a last event or a close frame. A
// handler that is still there [Config.StreamGrace] later finds its connection cut:
// reading and writing fail. So does a connection that was hijacked, until it is
// closed, also if the handler has left it to goroutines and returned.
func (a *Auth) WhileValid(next http.Handler) http.Handler {
	if isNil(next) {
		panic("httpmw: WhileValid: nil handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, stop := validator.WhileValid(r.Context())
		defer stop()
		if _, ok := validator.TokenFrom(ctx); !ok {
			next.ServeHTTP(w, r)
			return
		}
		s := &stream{ResponseWriter: w, ctx: r.Context(), grace: a.grace}
		defer s.end()
		defer context.AfterFunc(ctx, func() {
			if _, ok := errors.AsType[*validator.Error](context.Cause(ctx)); ok {
				s.cutAfterGrace()
			}
		})()
		next.ServeHTTP(s, r.WithContext(ctx))
	})
}

// stream is a response whose connection can be cut.
type stream struct {
	http.ResponseWriter
	ctx   context.Context // of the request
	grace time.Duration

	mu    sync.Mutex
	ended bool
	cut   bool
	timer *time.Timer
}

// Unwrap is for [http.ResponseController].
func (s *stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Write fails after the cut, also where middleware outside has a writer that does not
// let the deadlines through.
func (s *stream) Write(b []byte) (int, error) {
	s.mu.Lock()
	cut := s.cut
	s.mu.Unlock()
	if cut {
		return 0, os.ErrDeadlineExceeded // as for a deadline
	}
	return s.ResponseWriter.Write(b)
}

// Flush implements [http.Flusher], which handlers of server-sent events look for.
func (s *stream) Flush() { _ = http.NewResponseController(s.ResponseWriter).Flush() }

// Hijack implements [http.Hijacker], which libraries for WebSockets look for. Handlers
// may leave the connection to goroutines and return, which ends the request, so that
// it has a watch of its own, until it is closed.
func (s *stream) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	ctx, stop := validator.WhileValid(context.WithoutCancel(s.ctx))
	context.AfterFunc(ctx, func() {
		if _, ok := errors.AsType[*validator.Error](context.Cause(ctx)); ok {
			time.AfterFunc(s.grace, func() { _ = conn.Close() })
		}
	})
	return &hijacked{conn, stop}, buffered, nil
}

// hijacked is a connection with a watch that ends when it is closed.
type hijacked struct {
	net.Conn
	stop func()
}

func (h *hijacked) Close() error {
	h.stop()
	return h.Conn.Close()
}

// CloseWrite closes one direction, which TCP and TLS can.
func (h *hijacked) CloseWrite() error {
	if c, ok := h.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// cutAfterGrace cuts the connection after a while, unless the handler has ended.
func (s *stream) cutAfterGrace() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.timer = time.AfterFunc(s.grace, s.cutNow)
	}
}

func (s *stream) cutNow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return // the connection may serve another request by now
	}
	s.cut = true
	long := time.Unix(1, 0) // ago
	control := http.NewResponseController(s.ResponseWriter)
	_ = control.SetReadDeadline(long)
	_ = control.SetWriteDeadline(long)
}

// end says that the handler has ended.
func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.timer != nil {
		s.timer.Stop()
	}
}
