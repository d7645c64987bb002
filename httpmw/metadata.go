package httpmw

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/fetch"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// A Resource is this API as its metadata describe it to clients, which learn from
// them where to get tokens (RFC 9728 §2). What can be known is taken from elsewhere:
// the authorization servers and the ways to bind tokens from what validates tokens,
// the scopes from [Config.Policy].
type Resource struct {
	_ [0]func() // no unkeyed literals, no ==

	// URL is the API's resource identifier (RFC 9728 §1.2), an absolute https URL
	// without query and fragment, or plain http to loopback. Required.
	URL string
	// AuthorizationServers are the issuers that clients can get tokens from. Empty:
	// those that the authenticator knows.
	AuthorizationServers []string
	// Scopes are those that clients may ask for. Empty: those in [Config.Policy].
	Scopes []string
	// AuthorizationDetailsTypes are the types of authorization_details that the
	// API understands (RFC 9396).
	AuthorizationDetailsTypes []string
	// Name is the API's name for people, Documentation the URL of a page for
	// developers. Empty: none.
	Name, Documentation string
}

// wellKnown is registered by RFC 9728 §8.3.
const wellKnown = "/.well-known/oauth-protected-resource"

// metadata is the document of RFC 9728 §2.
type metadata struct {
	Resource                  string   `json:"resource"`
	AuthorizationServers      []string `json:"authorization_servers,omitempty"`
	Scopes                    []string `json:"scopes_supported,omitempty"`
	BearerMethods             []string `json:"bearer_methods_supported"`
	Name                      string   `json:"resource_name,omitempty"`
	Documentation             string   `json:"resource_documentation,omitempty"`
	CertificateBound          bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	AuthorizationDetailsTypes []string `json:"authorization_details_types_supported,omitempty"`
	ProofAlgorithms           []string `json:"dpop_signing_alg_values_supported,omitempty"`
	ProofRequired             bool     `json:"dpop_bound_access_tokens_required,omitempty"`
}

// resourceMetadata is where the metadata are, and what they say.
type resourceMetadata struct {
	url, pattern string
	document     []byte
}

// newMetadata returns nil if something is wrong with r.
func newMetadata(r *Resource, policy *scopes.Policy, s validator.Support, problems *configerr.List) *resourceMetadata {
	location, path, ok := metadataURL(r.URL)
	problems.Check(ok, "Resource.URL", "want an absolute https URL (http to loopback only) of printable ASCII, without user information, query, fragment and any of \"\\{}")
	servers := slices.Clone(r.AuthorizationServers)
	if len(servers) == 0 {
		servers = s.Issuers
	}
	problems.Check(len(servers) > 0, "Resource.AuthorizationServers", "required: the authenticator knows of none")
	for _, server := range servers {
		_, err := fetch.ParseURL(server, true)
		problems.Check(err == nil, "Resource.AuthorizationServers", "want https URLs, which issuers are (RFC 8414 §2)")
	}
	supported := slices.Clone(r.Scopes)
	if len(supported) == 0 && policy != nil {
		supported = policy.Scopes()
	}
	for _, scope := range supported {
		_, err := scopes.Parse(scope)
		problems.Check(err == nil && !strings.Contains(scope, " "), "Resource.Scopes", "want one scope-token each (RFC 6749 §3.3)")
	}
	if r.Documentation != "" {
		_, err := fetch.ParseURL(r.Documentation, true)
		problems.Check(err == nil, "Resource.Documentation", "want an https URL")
	}
	m := metadata{
		Resource: r.URL, AuthorizationServers: servers, Scopes: supported,
		BearerMethods: []string{"header"}, // RFC 6750 §2.1, and no other
		Name:          r.Name, Documentation: r.Documentation,
		CertificateBound:          s.CertificateBound,
		AuthorizationDetailsTypes: slices.Clone(r.AuthorizationDetailsTypes),
	}
	for _, scheme := range s.Schemes {
		if scheme.Name == dpop {
			m.ProofAlgorithms, m.ProofRequired = scheme.Algorithms, scheme.Required
		}
	}
	document, _ := json.Marshal(m) // strings: it cannot fail
	return &resourceMetadata{url: location, pattern: path, document: append(document, '\n')}
}

// metadataURL puts the well-known path between the host and the path of a resource
// identifier (RFC 9728 §3.1).
func metadataURL(resource string) (location, path string, ok bool) {
	u, err := fetch.ParseURL(resource, true)
	if err != nil || u.RawQuery != "" || u.ForceQuery || !quotable(resource) || strings.ContainsAny(resource, "{}") {
		return "", "", false
	}
	path = wellKnown
	if u.EscapedPath() != "/" { // the slash after the host is none of the path's
		path += u.EscapedPath()
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String() + path, path, true
}

// Metadata returns the pattern and the handler of the API's metadata (RFC 9728 §3),
// which are public:
//
//	mux.Public(auth.Metadata())
//
// The handler lets pages of every origin read them. It panics without a
// [Config.Resource].
func (a *Auth) Metadata() (pattern string, handler http.Handler) {
	if a.metadata == nil {
		panic("httpmw: Metadata: no Config.Resource")
	}
	pattern = a.metadata.pattern
	if strings.HasSuffix(pattern, "/") {
		pattern += "{$}" // this path, and none below
	}
	return pattern, http.HandlerFunc(a.metadata.serve)
}

// serve answers RFC 9728 §3.1 and, for pages that ask first, the preflight of the
// Fetch standard.
func (m *resourceMetadata) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	switch cmp.Or(r.Method, http.MethodGet) {
	case http.MethodGet, http.MethodHead:
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(m.document)
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "GET, HEAD")
		h.Set("Access-Control-Allow-Headers", "*")
		h.Set("Access-Control-Max-Age", "3600")
		w.WriteHeader(http.StatusNoContent)
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}
