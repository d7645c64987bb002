package devserver

import (
	"context"
	"crypto/x509"
	"net/http"
)

// clientAuthMethods are the ways to authenticate, under their names in the
// registry of RFC 7591 §4.2 (private_key_jwt: OpenID Connect Core §9).
var clientAuthMethods = []string{"client_secret_basic", "client_secret_post", "private_key_jwt"}

// methodNone is how a public client says who it is (RFC 7591 §2): by its id and
// without proof.
const methodNone = "none"

// credentials are what a request presents, read and not yet believed.
type credentials struct {
	id        string // of the client that it says to be; empty: unreadable
	secret    string
	assertion *assertion
	none      bool                // nothing in the request itself, but perhaps
	chain     []*x509.Certificate // in the connection: the client's certificate first
}

// authenticate says which client a request proves. Without public, a client that
// proves nothing is refused.
func (s *Server) authenticate(r *http.Request, f form, public bool) (*client, *refusal) {
	presented, problem := readCredentials(r, f)
	if problem != nil && problem.code != invalidClient {
		return nil, problem
	}
	now := s.config.Clock.Now()
	if wait := s.failures.wait(presented.id, r.RemoteAddr, now); wait > 0 {
		return nil, &refusal{code: tooManyFailures, reason: "too many failures of this client or address", retryAfter: wait}
	}
	var proven *client
	if problem == nil {
		proven, problem = s.prove(r.Context(), presented, public)
	}
	// The parameter may accompany the other methods, but names the same client
	// (RFC 7521 §4.2).
	if id := f.get("client_id"); problem == nil && id != "" && id != proven.id {
		proven, problem = nil, refuse(invalidClient, "client_id is not the client that authenticated")
	}
	// A request without credentials is no guess.
	if problem != nil && problem.code == invalidClient && !presented.none {
		s.failures.count(presented.id, r.RemoteAddr, now)
	}
	return proven, problem
}

// readCredentials finds the one authentication method that the request uses.
func readCredentials(r *http.Request, f form) (c credentials, problem *refusal) {
	authorization := r.Header.Values("Authorization")
	secret := f.get("client_secret")
	assertion, assertionType := f.get("client_assertion"), f.get("client_assertion_type")

	methods := len(authorization)
	if secret != "" {
		methods++
	}
	if assertion != "" || assertionType != "" {
		methods++
	}
	if methods > 1 { // RFC 6749 §2.3
		return c, refuse(invalidRequest, "more than one client authentication method")
	}
	switch {
	case len(authorization) == 1:
		c.id, c.secret, problem = parseBasic(authorization[0])
	case secret != "":
		c.id, c.secret = f.get("client_id"), secret
	case assertion == "" && assertionType == "":
		// A certificate in the connection is no second method beside the others: it
		// may be there for the token to be bound to (RFC 8705 §3).
		c.id, c.none, c.chain = f.get("client_id"), true, certificateChain(r)
	case assertion == "" || assertionType == "": // RFC 7521 §4.2 requires both
		problem = refuse(invalidRequest, "client_assertion and client_assertion_type go together")
	case assertionType != assertionTypeJWT:
		problem = refuse(invalidClient, "unsupported client_assertion_type")
	default:
		var reason string
		if c.assertion, reason = parseAssertion(assertion); reason != "" {
			return c, refuse(invalidClient, reason)
		}
		c.id = c.assertion.subject
	}
	return c, problem
}

// prove checks the credentials by their method.
func (s *Server) prove(ctx context.Context, c credentials, public bool) (*client, *refusal) {
	switch {
	case c.assertion != nil:
		return s.byAssertion(ctx, c.assertion)
	case !c.none:
		return s.bySecret(c.id, c.secret)
	}
	found := s.clients.get(c.id)
	switch {
	case found != nil && found.public && public:
		return found, nil
	case found != nil && len(c.chain) > 0: // RFC 8705 §2 requires the client_id
		if problem := s.byCertificate(found, c.chain); problem != nil {
			return nil, problem
		}
		return found, nil
	}
	// RFC 6749 §5.2: "no client authentication included"
	return nil, refuse(invalidClient, "no client authentication")
}
