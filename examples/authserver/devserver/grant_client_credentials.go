package devserver

import (
	"slices"
	"strings"
)

const grantClientCredentials = "client_credentials"

// clientCredentials is the client credentials grant (RFC 6749 §4.4): the client
// gets a token for itself.
func (s *Server) clientCredentials(by *client, f form) (*tokenAnswer, *refusal) {
	audiences, problem := by.audiencesFor(f["resource"])
	if problem != nil {
		return nil, problem
	}
	granted, problem := by.scopesFor(f.get("scope"))
	if problem != nil {
		return nil, problem
	}
	return s.issue(accessToken{
		subject:   by.id, // RFC 9068 §2.2: without a resource owner, the client itself
		clientID:  by.id,
		audiences: audiences,
		scopes:    granted,
		profile:   by.profile,
	})
}

// audiencesFor says what the token may be used at (RFC 8707 §2.2). A resource
// is compared as it was registered, so one that is relative or has a fragment
// never matches; that is the same error.
func (c *client) audiencesFor(resources []string) ([]string, *refusal) {
	if len(resources) == 0 {
		return c.audiences[:1], nil
	}
	var audiences []string
	for _, resource := range resources {
		if !slices.Contains(c.audiences, resource) {
			return nil, refuse(invalidTarget, "the client may not use this resource")
		}
		if !slices.Contains(audiences, resource) {
			audiences = append(audiences, resource)
		}
	}
	return audiences, nil
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
	var granted []string
	for token := range strings.SplitSeq(scope, " ") {
		// What is registered is a scope-token, so this is the grammar's check, too.
		if !slices.Contains(c.scopes, token) {
			return nil, refuse(invalidScope, "the client may not have this scope")
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
