package devserver

import (
	"log/slog"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

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
	s.logDone(r.Context(), "token introspected", by, slog.Any("active", answer["active"]))
	writeJSON(w, answer)
}

func (s *Server) introspect(by *client, token string) map[string]any {
	now := s.config.Clock.Now()
	if h, sealed := s.sealing.open(sealedRefresh, token); sealed {
		return s.introspectRefresh(by, h, now)
	}
	claims, ok := s.keys.current().accessTokenClaims(token)
	if !ok {
		return inactive
	}
	// A claim that is missing or of another type is empty, or a time long ago.
	text := func(name string) string { value, _ := strictjson.String(claims[name]); return value }
	id, byUser := authorizationOf(text("jti"))
	expires, _ := numericDate(claims["exp"], math.Floor)
	notBefore, _ := numericDate(claims["nbf"], math.Ceil)
	switch {
	case text("iss") != s.endpoints.issuer || !now.Before(expires):
		return inactive
	case now.Before(notBefore): // RFC 7662 §4
		return inactive
	case !by.introspection && text("client_id") != by.id: // RFC 7662 §2.2: not authorized to ask about it
		return inactive
	case byUser && !s.authorizations.live(id, now):
		return inactive
	}
	answer := map[string]any{}
	for name, value := range claims {
		answer[name] = value
	}
	answer["active"], answer["token_type"] = true, "Bearer"
	return answer
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
func (s *keySet) accessTokenClaims(token string) (claims map[string]jsontext.Value, ok bool) {
	jws, ok := parseCompact(token)
	if !ok {
		return nil, false
	}
	header := map[string]string{}
	err := strictjson.Object(jws.header, maxJSONDepth, func(name []byte, value jsontext.Value) error {
		header[string(name)], _ = strictjson.String(value)
		return nil
	})
	key := s.find(header["kid"])
	isAccessToken := strings.EqualFold(header["typ"], "at+jwt") || strings.EqualFold(header["typ"], "JWT")
	if err != nil || key == nil || header["alg"] != key.alg.String() || !isAccessToken ||
		!verify(key.alg.String(), key.private.Public(), jws.input, jws.signature) {
		return nil, false
	}
	claims = map[string]jsontext.Value{}
	err = strictjson.Object(jws.payload, maxJSONDepth, func(name []byte, value jsontext.Value) error {
		claims[string(name)] = value.Clone()
		return nil
	})
	return claims, err == nil
}
