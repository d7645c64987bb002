package devserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"
)

// metadata is the authorization server metadata (RFC 8414 §2).
type metadata struct {
	Issuer                   string   `json:"issuer"`
	AuthorizationEndpoint    string   `json:"authorization_endpoint"`
	TokenEndpoint            string   `json:"token_endpoint"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	JWKSURI                  string   `json:"jwks_uri"`
	GrantTypes               []string `json:"grant_types_supported"`
	ResponseTypes            []string `json:"response_types_supported"`
	ResponseModes            []string `json:"response_modes_supported"`
	ChallengeMethods         []string `json:"code_challenge_methods_supported"`
	ResponseIssuer           bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
	TokenAuthMethods         []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthSigningAlgs     []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionSigningAlgs []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
}

// metadata returns the document that is served under both well-known paths.
func (s *Server) metadata() ([]byte, error) {
	return json.Marshal(metadata{
		Issuer:                   s.endpoints.issuer,
		AuthorizationEndpoint:    s.endpoints.authorize,
		TokenEndpoint:            s.endpoints.token,
		IntrospectionEndpoint:    s.endpoints.introspect,
		JWKSURI:                  s.endpoints.jwks,
		GrantTypes:               slices.Sorted(maps.Keys(grants)),
		ResponseTypes:            []string{responseType},
		ResponseModes:            []string{responseMode},
		ChallengeMethods:         []string{challengeMethod},
		ResponseIssuer:           true,
		TokenAuthMethods:         append([]string{methodNone}, clientAuthMethods...),
		TokenAuthSigningAlgs:     assertionAlgorithms,
		IntrospectionAuthMethods: clientAuthMethods,
		IntrospectionSigningAlgs: assertionAlgorithms,
	})
}

// cacheFor is short, because a development server is restarted often and comes
// back with another key.
const cacheFor = "public, max-age=60"

// document serves a JSON document that the client may cache and revalidate.
func document(body []byte) http.HandlerFunc {
	sum := sha256.Sum256(body)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", cacheFor)
		w.Header().Set("ETag", etag)
		// It answers HEAD and If-None-Match (RFC 9110 §13.1.2).
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}
}
