package devserver

import (
	"slices"
	"strings"
)

const grantClientCredentials = "client_credentials"

// clientCredentials is the client credentials grant (RFC 6749 §4.4): the client
// gets a token for itself.
func (s *Server) clientCredentials(t tokenRequest) (*tokenAnswer, *refusal) {
	by, f := t.by, t.form
	audiences, problem := by.audiencesFor(f["resource"])
	if problem != nil {
		return nil, problem
	}
	granted, problem := by.scopesFor(f.get("scope"))
	if problem != nil {
		return nil, problem
	}
	details, problem := parseAuthorizationDetails(f.get("authorization_details"), by.detailsTypes)
	if problem != nil {
		return nil, problem
	}
	return s.issue(accessToken{
		subject:   by.id, // RFC 9068 §2.2: without a resource owner, the client itself
		client:    by,
		audiences: audiences,
		scopes:    granted,
		details:   details,
		bound:     t.proved,
	})
}

// audiencesFor says what the token may be used at (RFC 8707 §2.2). A resource
// is compared as it was registered, so one that is relative or has a fragment
// never matches; that is the same error.
func (c *client) audiencesFor(resources []string) ([]string, *refusal) {
	if len(resources) == 0 {
		return c.audiences[:1], nil
	}
	return narrow(c.audiences, resources)
}

// scopesFor says what is granted. It is all that was asked for or nothing: a
// token with less than that would only fail later, at the API.
func (c *client) scopesFor(scope string) ([]string, *refusal) {
	if scope == "" { // RFC 6749 §3.3: a default, or invalid_scope
		if len(c.defaultScopes) == 0 && len(c.scopes) > 0 {
			return nil, refuse(invalidScope, "no scope, and the client has no default")
		}
		return c.defaultScopes, nil
	}
	return among(c.scopes, scope)
}

// among returns the scopes of a request, all of which have to be allowed. What
// is allowed is a scope-token, so this is the grammar's check, too.
func among(allowed []string, scope string) ([]string, *refusal) {
	var granted []string
	for token := range strings.SplitSeq(scope, " ") {
		if !slices.Contains(allowed, token) {
			return nil, refuse(invalidScope, "this scope is not allowed")
		}
		if !slices.Contains(granted, token) {
			granted = append(granted, token)
		}
	}
	return granted, nil
}

// isScopeToken reports whether s is a scope-token:
// 1*( %x21 / %x23-5B / %x5D-7E ) (RFC 6749 §3.3).
func isScopeToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r < 0x21 || r > 0x7E || r == '"' || r == '\\'
	}) < 0
}
