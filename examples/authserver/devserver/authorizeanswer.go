package devserver

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// The error codes that only the authorization endpoint has (RFC 6749 §4.1.2.1).
const (
	accessDenied            = "access_denied"
	unsupportedResponseType = "unsupported_response_type"
	temporarilyUnavailable  = "temporarily_unavailable"
)

// authorizationErrors describes the errors of the authorization endpoint (RFC
// 6749 §4.1.2.1, RFC 8707 §2, RFC 9396 §5, RFC 9470 §5). Descriptions are constant here, too.
var authorizationErrors = map[string]string{
	invalidRequest:              "The request is malformed, repeats a parameter, lacks one, or is not protected by PKCE with S256",
	accessDenied:                "The user has not allowed it",
	unsupportedResponseType:     "This response type is not supported",
	invalidScope:                "The scope is malformed, missing, or more than this client may have",
	invalidTarget:               "This client may not get a token for this resource",
	invalidAuthorizationDetails: "The authorization_details are malformed or of an unknown type",
	unmetRequirements:           "The user cannot be authenticated in any of the ways asked for",
	temporarilyUnavailable:      "The server has too many authorizations at the moment",
}

// refuseAuthorization tells the client, or the user if there is no address that
// the client can be told at.
func (s *Server) refuseAuthorization(w http.ResponseWriter, r *http.Request, asked *authorizationRequest, problem *refusal) {
	if asked == nil {
		s.logRefused(r.Context(), "authorization refused", nil, problem)
		writeErrorPage(w, http.StatusBadRequest, problem.code)
		return
	}
	s.logRefused(r.Context(), "authorization refused", asked.client, problem)
	s.redirect(w, asked, url.Values{
		"error":             {problem.code},
		"error_description": {authorizationErrors[problem.code]},
	})
}

// redirect sends the user back to the client with the answer (RFC 6749 §4.1.2).
func (s *Server) redirect(w http.ResponseWriter, asked *authorizationRequest, answer url.Values) {
	if asked.state != "" {
		answer.Set("state", asked.state)
	}
	answer.Set("iss", s.endpoints.issuer) // RFC 9207 §2
	// RFC 6749 §3.1.2: a query that is there is retained.
	separator := "?"
	if strings.Contains(asked.redirectURI, "?") {
		separator = "&"
	}
	w.Header().Set("Location", asked.redirectURI+separator+answer.Encode())
	// Not 307, which would send the consent form to the client (RFC 9700 §4.12).
	w.WriteHeader(http.StatusSeeOther)
}

// setPageHeaders keeps pages and codes out of caches, frames and Referer headers
// (RFC 9700 §4.2.4, §4.16).
func setPageHeaders(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	// With "no-referrer" browsers would also hide the origin of the consent form.
	w.Header().Set("Referrer-Policy", "same-origin")
	w.Header().Set("X-Frame-Options", "DENY")
	setContentSecurityPolicy(w, "'none'")
}

// setContentSecurityPolicy allows nothing but to send a form there.
func setContentSecurityPolicy(w http.ResponseWriter, formAction string) {
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action "+formAction)
}

// writeErrorPage tells the user. Nothing of the request is repeated.
func writeErrorPage(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "This authorization request cannot be answered (%s).\n"+
		"Go back to the program that sent you here; its log or that of the authorization server may say more.\n", code)
}
