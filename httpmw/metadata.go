package httpmw

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
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
	url, path string
	document  []byte
}

// newMetadata compiles r. What is wrong with it is among the problems, and what it
// returns is then of no use.
func newMetadata(r *Resource, policy *scopes.Policy, s validator.Support, problems *configerr.List) *resourceMetadata {
	location, path, ok := metadataURL(r.URL)
	problems.Check(ok, "Resource.URL", "want an absolute https URL (http to loopback only) without user information, query and fragment, "+
		"whose path has neither empty nor dot segments")
	m := metadata{
		Resource:             r.URL,
		AuthorizationServers: r.authorizationServers(s.Issuers, problems),
		Scopes:               r.scopes(policy, problems),
		BearerMethods:        []string{"header"}, // RFC 6750 §2.1, and no other
		Name:                 r.Name,
		Documentation:        r.Documentation,
		CertificateBound:     s.CertificateBound,

		AuthorizationDetailsTypes: r.AuthorizationDetailsTypes,
	}
	for i, name := range m.AuthorizationDetailsTypes {
		problems.Check(name != "", fmt.Sprintf("Resource.AuthorizationDetailsTypes[%d]", i), "empty")
	}
	if r.Documentation != "" {
		page, _, _ := strings.Cut(r.Documentation, "#") // a page may have a fragment
		_, err := fetch.ParseURL(page, true)
		problems.Check(err == nil, "Resource.Documentation", "want an absolute https URL (http to loopback only)")
	}
	for _, scheme := range s.Schemes {
		if scheme.Name == dpop {
			m.ProofAlgorithms, m.ProofRequired = scheme.Algorithms, scheme.Required
		}
	}
	document, _ := json.Marshal(m) // strings: it cannot fail
	return &resourceMetadata{url: location, path: path, document: append(document, '\n')}
}

// authorizationServers are those of r, or else the issuers that are known. Each is an
// issuer identifier (RFC 8414 §2).
func (r *Resource) authorizationServers(known []string, problems *configerr.List) []string {
	const reason = "want an https URL (http to loopback only) without query and fragment, as an issuer is (RFC 8414 §2)"
	for i, server := range r.AuthorizationServers {
		problems.Check(isIssuer(server), fmt.Sprintf("Resource.AuthorizationServers[%d]", i), reason)
	}
	if len(r.AuthorizationServers) > 0 {
		return r.AuthorizationServers
	}
	problems.Check(len(known) > 0, "Resource.AuthorizationServers", "required: the authenticator tells of no issuer")
	problems.Check(!slices.ContainsFunc(known, func(s string) bool { return !isIssuer(s) }), "Resource.AuthorizationServers",
		"required: the authenticator has an issuer that clients cannot find: "+reason)
	return known
}

func isIssuer(server string) bool {
	_, err := fetch.ParseIssuer(server, true)
	return err == nil
}

// scopes are those of r, or else those that the policy asks for.
func (r *Resource) scopes(policy *scopes.Policy, problems *configerr.List) []string {
	for i, scope := range r.Scopes {
		set, err := scopes.Parse(scope)
		problems.Check(err == nil && set.Len() == 1, fmt.Sprintf("Resource.Scopes[%d]", i), "want one scope-token (RFC 6749 §3.3)")
	}
	if len(r.Scopes) == 0 && policy != nil {
		return policy.Scopes()
	}
	return r.Scopes
}

// metadataURL puts the well-known path between the host and the path of a resource
// identifier (RFC 9728 §3.1). It refuses paths that are not written as they are in
// requests, where clients and routers escape and clean them: no request would get there.
func metadataURL(resource string) (location, path string, ok bool) {
	u, err := fetch.ParseURL(resource, true)
	if err != nil || !quotable(resource) || strings.Contains(resource, "?") {
		return "", "", false
	}
	path = u.EscapedPath()
	if !isClean(path) || !strings.HasSuffix(resource, path) {
		return "", "", false
	}
	if path == "/" { // the slash after the host is removed (§3.1)
		path = ""
	}
	path = wellKnown + path
	return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String() + path, path, true
}

// isClean reports whether p has neither empty nor dot segments.
func isClean(p string) bool {
	clean := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return p == "" || p == clean
}

// Metadata returns the pattern and the handler of the API's metadata (RFC 9728 §3),
// which are public:
//
//	mux.Public(auth.Metadata())
//
// The handler lets pages of every origin read them, and answers other methods than
// GET, HEAD and OPTIONS with 405. Where the mux has a route such as "GET /", which
// conflicts with a pattern for all methods, register "GET "+pattern. It panics without
// a [Config.Resource].
func (a *Auth) Metadata() (pattern string, handler http.Handler) {
	if a.metadata == nil {
		panic("httpmw: Metadata: no Config.Resource")
	}
	pattern = a.metadata.path
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
	switch r.Method {
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
