package devserver

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bearerguard/bearerguard/internal/jws"
	"github.com/bearerguard/bearerguard/internal/strictjson"
)

// inactive is the answer about every token that is not good, whatever the reason
// (RFC 7662 §2.2).
var inactive = map[string]any{"active": false}

// serveIntrospect is the introspection endpoint (RFC 7662 §2). Clients have to
// authenticate, so that nobody can try tokens out (§4).
func (s *Server) serveIntrospect(w http.ResponseWriter, r *http.Request) {
	by, f, problem := s.clientRequest(w, r, false)
	if problem == nil && f.get("token") == "" {
		problem = refuse(invalidRequest, "no token")
	}
	if problem != nil {
		s.logRefused(r.Context(), "introspection refused", by, problem)
		problem.write(w)
		return
	}
	// The hint saves nothing here and is ignored (RFC 7662 §2.1).
	answer := s.introspect(by, f.get("token"))
	if problem := s.writeIntrospection(w, r, by, answer); problem != nil {
		s.logRefused(r.Context(), "introspection refused", by, problem)
		problem.write(w)
		return
	}
	s.logDone(r.Context(), "token introspected", by, slog.Any("active", answer["active"]))
}

func (s *Server) introspect(by *client, token string) map[string]any {
	now := s.config.Clock.Now()
	if h, sealed := s.sealing.open(sealedRefresh, token); sealed {
		return s.introspectRefresh(by, h, now)
	}
	claims, active := s.activeToken(token, now)
	if !active || !by.introspection && claims.text("client_id") != by.id { // RFC 7662 §2.2: not authorized to ask about it
		return inactive
	}
	answer := map[string]any{}
	for name, value := range claims {
		answer[name] = value
	}
	answer["active"], answer["token_type"] = true, claims.tokenType()
	return answer
}

// tokenClaims are what an access token of either format says.
type tokenClaims map[string]jsontext.Value

// text returns a claim, empty if it is missing or no string.
func (c tokenClaims) text(name string) string {
	value, _ := strictjson.String(c[name])
	return value
}

// tokenType returns the token_type that the token was issued with.
func (c tokenClaims) tokenType() string {
	var bound confirmation
	if c["cnf"] != nil {
		_ = strictjson.Object(c["cnf"], maxJSONDepth, func(name []byte, value jsontext.Value) error {
			if string(name) == "jkt" {
				bound.jkt, _ = strictjson.String(value)
			}
			return nil
		})
	}
	return bound.tokenType()
}

// activeToken returns what an access token says, if it is one of this server and
// good now.
func (s *Server) activeToken(token string, now time.Time) (tokenClaims, bool) {
	claims, ok := s.opaque.claims(token, now)
	if !ok {
		if claims, ok = s.keys.current().accessTokenClaims(token); !ok {
			return nil, false
		}
	}
	// A time that is missing or of another type was long ago.
	id, byUser := authorizationOf(claims.text("jti"))
	expires, _ := numericDate(claims["exp"], strictjson.Floor)
	notBefore, _ := numericDate(claims["nbf"], strictjson.Ceil)
	switch {
	case claims.text("iss") != s.endpoints.issuer || !now.Before(expires):
		return nil, false
	case now.Before(notBefore): // RFC 7662 §4
		return nil, false
	case byUser && !s.authorizations.live(id, now):
		return nil, false
	case s.revoked.has(claims.revocationID(token), now):
		return nil, false
	}
	return claims, true
}

// introspectRefresh tells about a refresh token, but only its client: to an API
// it is no token at all.
func (s *Server) introspectRefresh(by *client, h handle, now time.Time) map[string]any {
	c, ends, ok := s.authorizations.refreshable(h, now)
	if !ok || c.client != by.id {
		return inactive
	}
	answer := map[string]any{
		"active": true, "iss": s.endpoints.issuer, "client_id": c.client, "sub": c.user, "exp": ends.Unix(),
	}
	if len(c.scopes) > 0 {
		answer["scope"] = strings.Join(c.scopes, " ")
	}
	return answer
}

// accessTokenClaims returns the claims of an access token that one of the
// published keys has signed.
func (s *keySet) accessTokenClaims(token string) (claims tokenClaims, ok bool) {
	parsed, ok := jws.Parse([]byte(token))
	if !ok {
		return nil, false
	}
	header := map[string]string{}
	err := strictjson.Object(parsed.Header, maxJSONDepth, func(name []byte, value jsontext.Value) error {
		header[string(name)], _ = strictjson.String(value)
		return nil
	})
	key := s.find(header["kid"])
	isAccessToken := strings.EqualFold(header["typ"], "at+jwt") || strings.EqualFold(header["typ"], "JWT")
	if err != nil || key == nil || header["alg"] != key.alg.String() || !isAccessToken ||
		!verify(key.alg.String(), key.private.Public(), parsed.Signed, parsed.Signature) {
		return nil, false
	}
	claims = tokenClaims{}
	err = strictjson.Object(parsed.Payload, maxJSONDepth, func(name []byte, value jsontext.Value) error {
		claims[string(name)] = value.Clone()
		return nil
	})
	return claims, err == nil
}
