package devserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"

	"github.com/go-json-experiment/json"
)

// controlRoutes are the paths of the control endpoint, which changes the server
// while it runs. They do not depend on the issuer.
func (s *Server) controlRoutes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/control/signing-key":    control(s, (*Server).controlSigningKey),
		"/control/client-secret":  control(s, (*Server).controlClientSecret),
		"/control/client-keys":    control(s, (*Server).controlClientKeys),
		"/control/token-lifetime": control(s, (*Server).controlTokenLifetime),
	}
}

// control makes a handler of one action. It is for POST with a JSON body, from
// this machine and with the control token; the answer is JSON, and an error is
// {"error_description":"…"}, which names what is wrong and repeats no values.
func control[T any](s *Server, action func(*Server, T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if status := s.controlStatus(w, r); status != http.StatusOK {
			refuseControl(w, status, http.StatusText(status))
			return
		}
		answer, err := func() (answer any, err error) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
			if err != nil {
				return nil, errors.New("the body is too large or broken off")
			}
			var request T
			if err := json.Unmarshal(body, &request, json.RejectUnknownMembers(true)); err != nil {
				return nil, place(err)
			}
			return action(s, request)
		}()
		if err != nil {
			s.config.Logger.LogAttrs(r.Context(), slog.LevelWarn, "control refused", slog.String("path", r.URL.Path))
			refuseControl(w, http.StatusBadRequest, err.Error())
			return
		}
		s.config.Logger.LogAttrs(r.Context(), slog.LevelInfo, "control", slog.String("path", r.URL.Path))
		writeJSON(w, answer)
	}
}

func refuseControl(w http.ResponseWriter, status int, description string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	writeJSON(w, errorAnswer{Description: description})
}

// controlStatus says whether a request may control the server: 200, or the
// status that refuses it, whose header fields it sets.
func (s *Server) controlStatus(w http.ResponseWriter, r *http.Request) int {
	if !fromLoopback(r) {
		return http.StatusForbidden
	}
	now := s.config.Clock.Now()
	if wait := s.failures.wait("", r.RemoteAddr, now); wait > 0 {
		setRetryAfter(w, wait)
		return http.StatusTooManyRequests
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	presented := sha256.Sum256([]byte(token))
	if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(presented[:], s.controlToken[:]) != 1 {
		if token != "" {
			s.failures.count("", r.RemoteAddr, now)
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="control"`) // RFC 6750 §3
		return http.StatusUnauthorized
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed
	}
	return http.StatusOK
}

// fromLoopback reports whether a request comes from this machine, over TLS, too.
// An address that is not IP is local by nature, see local.
func fromLoopback(r *http.Request) bool {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	return err != nil || remote.Addr().Unmap().IsLoopback()
}
