package validatortest

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
)

// An Endpoint is one of the addresses of an [Issuer].
type Endpoint string

// The endpoints.
const (
	Metadata      Endpoint = "metadata" // both documents: RFC 8414 and OpenID Connect Discovery
	KeySet        Endpoint = "key set"
	Tokens        Endpoint = "token endpoint"
	Introspection Endpoint = "introspection endpoint"

	elsewhere Endpoint = "elsewhere" // where a redirect leads
	unknown   Endpoint = ""
)

const (
	keysPath          = "/keys"
	tokenPath         = "/token"
	introspectionPath = "/introspect"
	elsewherePath     = "/elsewhere"
)

func endpoints(path string) map[string]Endpoint {
	return map[string]Endpoint{
		"/.well-known/oauth-authorization-server" + path: Metadata, // RFC 8414 §3.1
		path + "/.well-known/openid-configuration":       Metadata, // OpenID Connect Discovery 1.0 §4.1
		path + keysPath:          KeySet,
		path + tokenPath:         Tokens,
		path + introspectionPath: Introspection,
		path + elsewherePath:     elsewhere,
	}
}

// Requests returns how many requests have come to the given endpoints, whatever
// the answer was; to all of them if none is given. Requests to anywhere else at
// the issuer count for all.
func (is *Issuer) Requests(at ...Endpoint) int {
	is.mu.Lock()
	defer is.mu.Unlock()
	n := 0
	if len(at) == 0 {
		for _, count := range is.requests {
			n += count
		}
	}
	for _, endpoint := range at {
		n += is.requests[endpoint]
	}
	return n
}

// Delay makes every answer come later by d from now on, in the time of the
// issuer's clock.
func (is *Issuer) Delay(d time.Duration) {
	is.mu.Lock()
	defer is.mu.Unlock()
	is.delay = d
}

// serve answers every request.
func (is *Issuer) serve(w http.ResponseWriter, r *http.Request) {
	endpoint := is.endpoints[r.URL.Path]
	is.mu.Lock()
	is.requests[endpoint]++
	fault, delay := is.faults[endpoint], is.delay
	is.mu.Unlock()
	if !is.wait(r.Context(), delay) {
		return
	}
	switch {
	case fault != "":
		is.misbehave(w, r, fault)
	case endpoint == Metadata:
		is.serveMetadata(w)
	case endpoint == KeySet:
		is.serveKeys(w, r)
	case endpoint == Tokens && len(is.secrets) > 0:
		is.serveToken(w, r)
	case endpoint == Introspection && len(is.secrets) > 0:
		is.serveIntrospection(w, r)
	case endpoint == elsewhere:
		_, _ = w.Write(document(is.stranger))
	default:
		http.NotFound(w, r)
	}
}

func (is *Issuer) serveMetadata(w http.ResponseWriter) {
	metadata := map[string]any{ // RFC 8414 §2
		"issuer":                   is.url,
		"jwks_uri":                 is.KeysURL(),
		"response_types_supported": []string{},
	}
	if len(is.secrets) > 0 {
		metadata["token_endpoint"] = is.url + tokenPath
		metadata["grant_types_supported"] = []string{"client_credentials"}
		metadata["introspection_endpoint"] = is.url + introspectionPath
	}
	writeJSON(w, http.StatusOK, metadata)
}

// serveKeys serves the set and knows when it has not changed (RFC 9110 §13.1.2).
func (is *Issuer) serveKeys(w http.ResponseWriter, r *http.Request) {
	is.mu.Lock()
	set := document(is.keys...)
	is.mu.Unlock()
	digest := sha256.Sum256(set)
	tag := `"` + hex.EncodeToString(digest[:8]) + `"`
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	_, _ = w.Write(set)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		panic(err) // only what claims hold, and those were marshalled before
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
