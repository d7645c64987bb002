package devserver

import (
	"crypto/rand"
	"strings"
	"time"
)

// accessToken is what the server says in a token about to be issued.
type accessToken struct {
	subject   string
	clientID  string
	audiences []string
	scopes    []string
	profile   Profile

	// For a user's token: its id, which names the authorization, and when that was
	// given.
	id       string
	authTime time.Time
}

// issue signs the token and returns the answer that carries it.
func (s *Server) issue(t accessToken) (*tokenAnswer, *refusal) {
	claims := s.timesAndID() // RFC 9068 §2.2: iss, exp, aud, sub, client_id, iat, jti
	claims["sub"] = t.subject
	claims["client_id"] = t.clientID
	claims["aud"] = t.audiences
	if len(t.audiences) == 1 {
		claims["aud"] = t.audiences[0] // RFC 7519 §4.1.3
	}
	scope := strings.Join(t.scopes, " ")
	if scope != "" {
		claims["scope"] = scope // RFC 9068 §2.2.3
	}
	if t.id != "" {
		claims["jti"] = t.id
		claims["auth_time"] = t.authTime.Unix() // RFC 9068 §2.2.1
	}
	typ := "at+jwt" // RFC 9068 §2.1
	if t.profile == ProfileJWT {
		typ = "JWT"
	}
	key := s.keys.current().signing
	signed, err := key.sign(key.header(typ), claims)
	if err != nil {
		return nil, refuse(internal, "signing failed")
	}
	return &tokenAnswer{
		AccessToken: signed,
		TokenType:   "Bearer",
		ExpiresIn:   int64(s.tokenLifetime() / time.Second),
		Scope:       scope,
	}, nil
}

// timesAndID returns the claims that every token of this server starts with.
func (s *Server) timesAndID() map[string]any {
	now := s.config.Clock.Now()
	return map[string]any{
		"iss": s.endpoints.issuer,
		"iat": now.Unix(),
		// Whole seconds of lifetime, so that expires_in and exp agree.
		"exp": now.Unix() + int64(s.tokenLifetime()/time.Second),
		"jti": rand.Text(),
	}
}
