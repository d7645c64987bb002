package httpmw

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
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
// reading and writing fail, also on one that it has hijacked.
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
		s := &stream{ResponseWriter: w}
		defer s.end()
		defer context.AfterFunc(ctx, func() {
			if _, ok := errors.AsType[*validator.Error](context.Cause(ctx)); ok {
				s.cutAfter(a.grace)
			}
		})()
		next.ServeHTTP(s, r.WithContext(ctx))
	})
}

// stream is a response whose connection can be cut, hijacked or not.
type stream struct {
	http.ResponseWriter

	mu       sync.Mutex
	ended    bool
	cut      bool
	hijacked net.Conn
	timer    *time.Timer
}

// Unwrap is for [http.ResponseController].
func (s *stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Flush implements [http.Flusher], which handlers of server-sent events look for.
func (s *stream) Flush() { _ = http.NewResponseController(s.ResponseWriter).Flush() }

// Hijack implements [http.Hijacker], which libraries for WebSockets look for.
func (s *stream) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hijacked = conn; s.cut {
		_ = conn.Close()
	}
	return conn, buffered, nil
}

// cutAfter cuts the connection after a while, unless the handler has ended.
func (s *stream) cutAfter(grace time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.timer = time.AfterFunc(grace, s.cutNow)
	}
}

func (s *stream) cutNow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return // the connection may serve another request by now
	}
	s.cut = true
	if s.hijacked != nil {
		_ = s.hijacked.Close()
		return
	}
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
