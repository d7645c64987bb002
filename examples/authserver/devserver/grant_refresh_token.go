package devserver

const grantRefreshToken = "refresh_token"

// refreshToken is the refresh token grant (RFC 6749 §6). The token is replaced
// at every use, for confidential clients, too; the answer that a client loses on
// its way costs it the authorization (RFC 9700 §4.14.2).
func (s *Server) refreshToken(t tokenRequest) (*tokenAnswer, *refusal) {
	by, f := t.by, t.form
	token := f.get("refresh_token")
	if token == "" {
		return nil, refuse(invalidRequest, "no refresh_token")
	}
	h, sealed := s.sealing.open(sealedRefresh, token)
	if !sealed {
		return nil, errNotOurs
	}
	now := s.config.Clock.Now()
	ends := lifetimes{accessEnds: now.Add(s.tokenLifetime())}
	var scopes, audiences []string
	var details authorizationDetails
	consent, number, problem := s.authorizations.rotate(h, by, t.proved, ends, now, func(c consent) (problem *refusal) {
		if scopes, problem = lesserScope(c.scopes, f.get("scope")); problem != nil {
			return problem
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
	issued.scopes, issued.audiences, issued.details = scopes, audiences, details
	answer, problem := s.issue(issued)
	if problem == nil {
		answer.RefreshToken = s.sealing.seal(sealedRefresh, handle{h.authorization, number})
	}
	return answer, problem
}

// lesserScope returns what was asked for of the scopes that the user allowed, or
// all of them if nothing was. The refresh token itself stays good for all (RFC
// 6749 §6).
func lesserScope(allowed []string, scope string) ([]string, *refusal) {
	if scope == "" {
		return allowed, nil
	}
	return among(allowed, scope)
}
