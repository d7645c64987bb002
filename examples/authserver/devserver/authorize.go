package devserver

import "net/http"

const (
	responseType = "code"  // RFC 6749 §4.1.1; the implicit grant is gone (RFC 9700 §2.1.2)
	responseMode = "query" // what "code" has by default (RFC 6749 §4.1.2)

	// maxAuthorizationQuery is how long an authorization request may be.
	maxAuthorizationQuery = 8 << 10
)

// authorizationRequest is a request for a user's consent (RFC 6749 §4.1.1).
type authorizationRequest struct {
	client        *client
	redirectURI   string // where the answer goes
	redirectParam string // redirect_uri as it was sent, empty if it was not
	state         string

	challenge         challenge
	scopes, audiences []string
	acr               string
	details           authorizationDetails
	dpopKey           string // the thumbprint of the key that the token request will prove; empty: any or none
}

// serveAuthorize is the authorization endpoint (RFC 6749 §3.1). It shows the
// consent page, or tells the client why not.
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	setPageHeaders(w)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		writeErrorPage(w, http.StatusMethodNotAllowed, invalidRequest)
		return
	}
	asked, problem := s.readAuthorization(r.URL.RawQuery)
	if problem != nil {
		s.refuseAuthorization(w, r, asked, problem)
		return
	}
	s.askUser(w, r, r.URL.RawQuery, asked, false)
}

// readAuthorization reads an authorization request. With a problem, the request
// is returned only if its client and redirect_uri are good: the answer may then
// be sent there, and must not otherwise (RFC 6749 §4.1.2.1).
func (s *Server) readAuthorization(query string) (*authorizationRequest, *refusal) {
	if len(query) > maxAuthorizationQuery {
		return nil, refuse(invalidRequest, "the query is too long")
	}
	f, problem := parseForm(query)
	if problem != nil {
		return nil, problem
	}
	by := s.clients.get(f.get("client_id"))
	if by == nil {
		return nil, refuse(invalidRequest, "unknown client_id")
	}
	asked := &authorizationRequest{client: by, redirectParam: f.get("redirect_uri"), state: f.get("state")}
	var registered bool
	if asked.redirectURI, registered = by.redirectURI(asked.redirectParam); !registered {
		return nil, refuse(invalidRequest, "redirect_uri is not registered")
	}
	if problem = asked.read(f); problem == nil {
		asked.acr, problem = s.authenticationFor(f)
	}
	return asked, problem
}

// read reads what is told to the client if it is wrong. A client that has a
// redirect_uri is registered for the grant.
func (a *authorizationRequest) read(f form) (problem *refusal) {
	switch mode := f.get("response_mode"); {
	case f.get("response_type") == "":
		return refuse(invalidRequest, "no response_type")
	case f.get("response_type") != responseType:
		return refuse(unsupportedResponseType, "unsupported response_type")
	case mode != "" && mode != responseMode:
		return refuse(invalidRequest, "unsupported response_mode")
	}
	// PKCE is required of confidential clients, too (RFC 9700 §2.1.1). Without a
	// method, it would be "plain" (RFC 7636 §4.3).
	var ok bool
	if a.challenge, ok = parseChallenge(f.get("code_challenge")); !ok || f.get("code_challenge_method") != challengeMethod {
		return refuse(invalidRequest, "no code_challenge, or not by S256")
	}
	if a.scopes, problem = a.client.scopesFor(f.get("scope")); problem != nil {
		return problem
	}
	if a.audiences, problem = a.client.audiencesFor(f["resource"]); problem != nil {
		return problem
	}
	// RFC 9449 §10: a code that is stolen is no good without the key, either.
	if a.dpopKey = f.get("dpop_jkt"); a.dpopKey != "" && !isThumbprint(a.dpopKey) {
		return refuse(invalidRequest, "dpop_jkt is no thumbprint")
	}
	a.details, problem = parseAuthorizationDetails(f.get("authorization_details"), a.client.detailsTypes)
	return problem
}
