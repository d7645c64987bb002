package devserver

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
)

// clientRequest reads a request to an endpoint that clients authenticate at,
// public clients only where they may. The client is returned once it has been
// authenticated.
func (s *Server) clientRequest(w http.ResponseWriter, r *http.Request, public bool) (*client, form, *refusal) {
	w.Header().Set("Cache-Control", "no-store") // RFC 6749 §5.1
	w.Header().Set("Pragma", "no-cache")
	if r.Method != http.MethodPost { // RFC 6749 §3.2, RFC 7662 §2.1
		w.Header().Set("Allow", http.MethodPost)
		return nil, nil, &refusal{code: invalidRequest, reason: "not POST", status: http.StatusMethodNotAllowed}
	}
	f, problem := readForm(w, r)
	if problem != nil {
		return nil, nil, problem
	}
	by, problem := s.authenticate(r, f, public)
	return by, f, problem
}

func writeJSON(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

// logDone records a request that was answered, and who made it.
func (s *Server) logDone(ctx context.Context, message string, by *client, attrs ...slog.Attr) {
	all := append([]slog.Attr{slog.String("client_id", by.id)}, attrs...)
	s.config.Logger.LogAttrs(ctx, slog.LevelInfo, message, all...)
}

// logRefused records one that was not. It names a client only if that has been
// authenticated: an id that was merely claimed is the caller's input.
func (s *Server) logRefused(ctx context.Context, message string, by *client, problem *refusal) {
	var attrs []slog.Attr
	if by != nil {
		attrs = append(attrs, slog.String("client_id", by.id))
	}
	attrs = append(attrs, slog.String("error", problem.code), slog.String("reason", problem.reason))
	s.config.Logger.LogAttrs(ctx, slog.LevelWarn, message, attrs...)
}
