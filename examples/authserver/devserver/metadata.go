package devserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/validator/dpop"
)

// metadata is the authorization server metadata (RFC 8414 §2).
type metadata struct {
	Issuer                   string   `json:"issuer"`
	AuthorizationEndpoint    string   `json:"authorization_endpoint"`
	TokenEndpoint            string   `json:"token_endpoint"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	RevocationEndpoint       string   `json:"revocation_endpoint"`
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
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationSigningAlgs    []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAnswerAlgs  []string `json:"introspection_signing_alg_values_supported"`           // RFC 9701 §7
	DPoPSigningAlgs          []string `json:"dpop_signing_alg_values_supported"`                    // RFC 9449 §5.1
	CertificateBound         bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"` // RFC 8705 §3.3
	DetailsTypes             []string `json:"authorization_details_types_supported,omitempty"`      // RFC 9396 §10
	ACRValues                []string `json:"acr_values_supported,omitempty"`                       // OpenID Connect Discovery §3
}

// serveMetadata serves the same document under both well-known paths.
func (s *Server) serveMetadata(w http.ResponseWriter, r *http.Request) {
	body, err := json.Marshal(s.metadata())
	if err != nil {
		refuse(internal, "encoding failed").write(w)
		return
	}
	document(body)(w, r)
}

// metadata describes the server as it is now: keys and clients can change.
func (s *Server) metadata() metadata {
	methods, overTLS := clientAuthMethods, strings.HasPrefix(s.endpoints.issuer, "https:")
	if overTLS {
		methods = append(slices.Clone(methods), methodSelfSigned)
		if s.config.ClientCAs != nil {
			methods = append(methods, methodTLSClientAuth)
		}
	}
	return metadata{
		Issuer:                   s.endpoints.issuer,
		AuthorizationEndpoint:    s.endpoints.authorize,
		TokenEndpoint:            s.endpoints.token,
		IntrospectionEndpoint:    s.endpoints.introspect,
		RevocationEndpoint:       s.endpoints.revoke,
		JWKSURI:                  s.endpoints.jwks,
		GrantTypes:               slices.Sorted(maps.Keys(grants)),
		ResponseTypes:            []string{responseType},
		ResponseModes:            []string{responseMode},
		ChallengeMethods:         []string{challengeMethod},
		ResponseIssuer:           true,
		TokenAuthMethods:         append([]string{methodNone}, methods...),
		TokenAuthSigningAlgs:     assertionAlgorithms,
		IntrospectionAuthMethods: methods,
		IntrospectionSigningAlgs: assertionAlgorithms,
		RevocationAuthMethods:    append([]string{methodNone}, methods...),
		RevocationSigningAlgs:    assertionAlgorithms,
		IntrospectionAnswerAlgs:  []string{s.keys.current().signing.alg.String()},
		DPoPSigningAlgs:          dpop.DefaultAlgorithms(),
		CertificateBound:         overTLS,
		DetailsTypes:             s.clients.detailsTypes(),
		ACRValues:                s.config.ACRValues,
	}
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
