package devserver

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// introspectionJWT is the media type of a signed answer, and the header's "typ"
// without its first part (RFC 9701 §5).
const introspectionJWT = "token-introspection+jwt"

// writeIntrospection answers with JSON, or signed if the caller has asked for that
// (RFC 9701 §4). A signed answer names the caller as its audience, so that it is
// worth nothing to anybody else.
func (s *Server) writeIntrospection(w http.ResponseWriter, r *http.Request, by *client, answer map[string]any) *refusal {
	if !prefersJWT(r.Header.Values("Accept")) {
		writeJSON(w, answer)
		return nil
	}
	key := s.keys.current().signing
	signed, err := key.sign(key.header(introspectionJWT), map[string]any{
		// No "sub" and no "exp": it must not look like an access token (RFC 9701
		// §5, §8.1).
		"iss":                 s.endpoints.issuer,
		"aud":                 by.id,
		"iat":                 s.config.Clock.Now().Unix(),
		"token_introspection": answer,
	})
	if err != nil {
		return refuse(internal, "signing failed")
	}
	w.Header().Set("Content-Type", "application/"+introspectionJWT)
	_, _ = w.Write([]byte(signed))
	return nil
}

// prefersJWT reports whether the signed answer is named in Accept, and JSON not
// with a greater weight (RFC 9110 §12.5.1). A range such as */* asks for JSON, which
// is the answer of RFC 7662.
func prefersJWT(accept []string) bool {
	weights := map[string]float64{}
	for _, element := range strings.Split(strings.Join(accept, ","), ",") {
		mediaType, params, err := mime.ParseMediaType(element)
		if err != nil {
			continue
		}
		weight := 1.0
		if q, weighed := params["q"]; weighed {
			if weight, err = strconv.ParseFloat(q, 64); err != nil || !(weight >= 0 && weight <= 1) { // nor is it a NaN
				continue
			}
		}
		weights[mediaType] = max(weights[mediaType], weight)
	}
	signed := weights["application/"+introspectionJWT]
	return signed > 0 && signed >= weights["application/json"]
}
