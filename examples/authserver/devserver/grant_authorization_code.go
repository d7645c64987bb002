package devserver

import "slices"

const grantAuthorizationCode = "authorization_code"

// authorizationCode is the second half of the authorization code grant (RFC 6749
// §4.1.3, RFC 7636 §4.5): the code becomes tokens, once.
func (s *Server) authorizationCode(t tokenRequest) (*tokenAnswer, *refusal) {
	by, f := t.by, t.form
	code, verifier := f.get("code"), f.get("code_verifier")
	if code == "" || verifier == "" {
		return nil, refuse(invalidRequest, "no code or no code_verifier")
	}
	h, sealed := s.sealing.open(sealedCode, code)
	if !sealed {
		return nil, errNotOurs
	}
	now := s.config.Clock.Now()
	ends := lifetimes{accessEnds: now.Add(s.tokenLifetime())}
	if slices.Contains(by.grantTypes, grantRefreshToken) {
		ends.refreshEnds = now.Add(s.config.RefreshLifetime)
	}
	var audiences []string
	var details authorizationDetails
	consent, problem := s.authorizations.redeem(h.authorization, by, t.proved, ends, now, func(c consent) (problem *refusal) {
		// RFC 6749 §4.1.3: identical, if it was in the authorization request.
		if f.get("redirect_uri") != c.redirectParam {
			return refuse(invalidGrant, "redirect_uri is not that of the authorization request")
		}
		if !c.challenge.matches(verifier) { // RFC 7636 §4.6
			return refuse(invalidGrant, "the code_verifier is wrong")
		}
		if c.dpopKey != "" && t.proved.jkt != c.dpopKey { // RFC 9449 §10
			return refuse(invalidGrant, "the DPoP key is not that of the authorization request")
		}
		if audiences, problem = narrow(c.audiences, f["resource"]); problem != nil {
			return problem
		}
		details, problem = c.details.narrow(f.get("authorization_details"), by.detailsTypes)
		return problem
	})
	if problem != nil {
		return nil, problem
	}
	issued := userToken(consent, t, h.authorization)
	issued.scopes, issued.audiences, issued.details = consent.scopes, audiences, details
	answer, problem := s.issue(issued)
	if problem == nil && !ends.refreshEnds.IsZero() {
		answer.RefreshToken = s.sealing.seal(sealedRefresh, handle{h.authorization, 0})
	}
	return answer, problem
}

// userToken describes the access token for an authorization, but for how much of
// it is asked for.
func userToken(c consent, t tokenRequest, id authorizationID) accessToken {
	return accessToken{
		subject:  c.user, // RFC 9068 §2.2: the resource owner
		client:   t.by,
		bound:    t.proved,
		id:       id.tokenID(),
		authTime: c.at,
		acr:      c.acr,
	}
}

// narrow returns what was asked for of the audiences allowed, or all of them if
// nothing was (RFC 8707 §2.2).
func narrow(allowed, resources []string) ([]string, *refusal) {
	var audiences []string
	for _, resource := range resources {
		if !slices.Contains(allowed, resource) {
			return nil, refuse(invalidTarget, "this resource may not be used")
		}
		if !slices.Contains(audiences, resource) {
			audiences = append(audiences, resource)
		}
	}
	if audiences == nil {
		return allowed, nil
	}
	return audiences, nil
}
