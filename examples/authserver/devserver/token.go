package devserver

import (
	"log/slog"
	"net/http"
	"slices"
)

// grants are the grant types on offer. Each gets an authenticated client that
// is registered for it.
var grants = map[string]func(*Server, tokenRequest) (*tokenAnswer, *refusal){
	grantAuthorizationCode: (*Server).authorizationCode,
	grantClientCredentials: (*Server).clientCredentials,
	grantRefreshToken:      (*Server).refreshToken,
}

// tokenRequest is what a grant decides about.
type tokenRequest struct {
	by     *client
	form   form
	proved confirmation // the keys that the token will be bound to
}

// tokenAnswer is the successful answer (RFC 6749 §5.1).
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope,omitempty"`

	Details authorizationDetails `json:"authorization_details,omitempty"` // RFC 9396 §7
}

// serveToken is the token endpoint (RFC 6749 §3.2). Public clients may use it
// (§3.2.1).
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	by, f, problem := s.clientRequest(w, r, true)
	var answer *tokenAnswer
	if problem == nil {
		answer, problem = s.token(w, r, by, f)
	}
	if problem != nil {
		s.logRefused(r.Context(), "token refused", by, problem)
		problem.write(w)
		return
	}
	s.logDone(r.Context(), "token issued", by,
		slog.String("scope", answer.Scope), slog.Int64("expires_in", answer.ExpiresIn))
	writeJSON(w, answer)
}

// token decides about the request of an authenticated client.
func (s *Server) token(w http.ResponseWriter, r *http.Request, by *client, f form) (*tokenAnswer, *refusal) {
	name := f.get("grant_type")
	grant, offered := grants[name]
	switch {
	case name == "":
		return nil, refuse(invalidRequest, "no grant_type")
	case !offered:
		return nil, refuse(unsupportedGrantType, "unsupported grant type")
	case !slices.Contains(by.grantTypes, name):
		return nil, refuse(unauthorizedClient, "the client is not registered for this grant type")
	}
	// Both before the grant, which uses up a code or a refresh token.
	proved, problem := s.confirm(w, r, by)
	if problem == nil && by.format == FormatOpaque {
		problem = s.opaque.room(s.config.Clock.Now())
	}
	if problem != nil {
		return nil, problem
	}
	return grant(s, tokenRequest{by, f, proved})
}
