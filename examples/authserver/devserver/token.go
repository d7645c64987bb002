package devserver

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
)

// grants are the grant types on offer. Each gets an authenticated client that
// is registered for it.
var grants = map[string]func(*Server, *client, form) (*tokenAnswer, *refusal){
	grantClientCredentials: (*Server).clientCredentials,
}

// tokenAnswer is the successful answer (RFC 6749 §5.1).
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope,omitempty"`
}

// serveToken is the token endpoint (RFC 6749 §3.2).
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store") // RFC 6749 §5.1
	w.Header().Set("Pragma", "no-cache")
	if r.Method != http.MethodPost { // RFC 6749 §3.2
		w.Header().Set("Allow", http.MethodPost)
		refuse(invalidRequest, "").writeStatus(w, http.StatusMethodNotAllowed)
		return
	}
	answer, by, problem := s.token(w, r)
	s.logRequest(r.Context(), by, answer, problem)
	if problem != nil {
		problem.write(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

// token decides about one request. The client is returned, too, once it has
// been authenticated.
func (s *Server) token(w http.ResponseWriter, r *http.Request) (*tokenAnswer, *client, *refusal) {
	f, problem := readForm(w, r)
	if problem != nil {
		return nil, nil, problem
	}
	by, problem := s.authenticate(r, f)
	if problem != nil {
		return nil, nil, problem
	}
	name := f.get("grant_type")
	grant, offered := grants[name]
	switch {
	case name == "":
		problem = refuse(invalidRequest, "no grant_type")
	case !offered:
		problem = refuse(unsupportedGrantType, "unsupported grant type")
	case !slices.Contains(by.grantTypes, name):
		problem = refuse(unauthorizedClient, "the client is not registered for this grant type")
	}
	if problem != nil {
		return nil, by, problem
	}
	answer, problem := grant(s, by, f)
	return answer, by, problem
}

// logRequest names a client only if it has been authenticated: an id that was
// merely claimed is the caller's input.
func (s *Server) logRequest(ctx context.Context, by *client, answer *tokenAnswer, problem *refusal) {
	var attrs []slog.Attr
	if by != nil {
		attrs = append(attrs, slog.String("client_id", by.id))
	}
	if problem != nil {
		attrs = append(attrs, slog.String("error", problem.code), slog.String("reason", problem.reason))
		s.config.Logger.LogAttrs(ctx, slog.LevelWarn, "token refused", attrs...)
		return
	}
	attrs = append(attrs, slog.String("scope", answer.Scope), slog.Int64("expires_in", answer.ExpiresIn))
	s.config.Logger.LogAttrs(ctx, slog.LevelInfo, "token issued", attrs...)
}
