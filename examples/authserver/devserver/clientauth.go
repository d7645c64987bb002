package devserver

import "net/http"

// clientAuthMethods are the ways to authenticate, under their names in the
// registry of RFC 7591 §4.2 (private_key_jwt: OpenID Connect Core §9).
var clientAuthMethods = []string{"client_secret_basic", "client_secret_post", "private_key_jwt"}

// authenticate finds the one authentication method that the request uses and
// says which client it proves.
func (s *Server) authenticate(r *http.Request, f form) (*client, *refusal) {
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
		return nil, refuse(invalidRequest, "more than one client authentication method")
	}

	var proven *client
	var problem *refusal
	switch {
	case len(authorization) == 1:
		proven, problem = s.byBasic(authorization[0])
	case secret != "":
		proven, problem = s.bySecret(f.get("client_id"), secret)
	case assertion != "" || assertionType != "":
		proven, problem = s.byAssertion(assertionType, assertion)
	default: // RFC 6749 §5.2: "no client authentication included"
		problem = refuse(invalidClient, "no client authentication")
	}
	if problem != nil {
		return nil, problem
	}
	// The parameter may accompany the other methods, but names the same client
	// (RFC 7521 §4.2).
	if id := f.get("client_id"); id != "" && id != proven.id {
		return nil, refuse(invalidClient, "client_id is not the client that authenticated")
	}
	return proven, nil
}
