package devserver

import (
	"crypto/rand"
	"strings"
	"time"
)

// accessToken is what the server says in a token about to be issued.
type accessToken struct {
	subject   string
	client    *client
	audiences []string
	scopes    []string
	details   authorizationDetails
	bound     confirmation

	// For a user's token: its id, which names the authorization, and when and how
	// the user was authenticated for that.
	id       string
	authTime time.Time
	acr      string
}

// issue makes the token and returns the answer that carries it.
func (s *Server) issue(t accessToken) (*tokenAnswer, *refusal) {
	claims := s.timesAndID() // RFC 9068 §2.2: iss, exp, aud, sub, client_id, iat, jti
	claims["sub"] = t.subject
	claims["client_id"] = t.client.id
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
	if t.acr != "" {
		claims["acr"] = t.acr // RFC 9068 §2.2.1, RFC 9470 §6.1
	}
	if cnf := t.bound.members(); cnf != nil {
		claims["cnf"] = cnf // RFC 9449 §6.1, RFC 8705 §3.1
	}
	if t.details != nil {
		claims["authorization_details"] = t.details // RFC 9396 §9.1
	}
	token, problem := s.encode(t.client, claims)
	if problem != nil {
		return nil, problem
	}
	return &tokenAnswer{
		AccessToken: token,
		TokenType:   t.bound.tokenType(),
		ExpiresIn:   claims["exp"].(int64) - claims["iat"].(int64),
		Scope:       scope,
		Details:     t.details,
	}, nil
}

// encode returns the claims as a token in the client's format.
func (s *Server) encode(by *client, claims map[string]any) (string, *refusal) {
	if by.format == FormatOpaque {
		return s.opaque.issue(claims, time.Unix(claims["exp"].(int64), 0), s.config.Clock.Now())
	}
	typ := "at+jwt" // RFC 9068 §2.1
	if by.profile == ProfileJWT {
		typ = "JWT"
	}
	key := s.keys.current().signing
	signed, err := key.sign(key.header(typ), claims)
	if err != nil {
		return "", refuse(internal, "signing failed")
	}
	return signed, nil
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
