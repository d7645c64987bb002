package httpmw

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/validator"
)

// An ErrorBody is the body of a refusal. It says the same as the challenge, for
// people and for clients that do not read challenges.
type ErrorBody struct {
	// Error is the OAuth error code (RFC 6750 §3.1), empty where the refusal has
	// none.
	Error string `json:"error,omitempty"`
	// Description is constant per code.
	Description string `json:"error_description"`
}

// row is the HTTP side of one row of the error table: all of an answer that does
// not depend on the request.
type row struct {
	status     int
	challenges map[string]string // by scheme; empty: none
	body       ErrorBody
	json       []byte
}

// rows renders the error table.
func rows(config *Config, schemes []validator.Scheme) map[validator.Code]*row {
	schemes = append([]validator.Scheme{{Name: bearer}}, schemes...)
	rendered := map[validator.Code]*row{}
	for code := range validator.Codes() {
		body := ErrorBody{Error: code.OAuthError(), Description: code.Description()}
		text, _ := json.Marshal(body) // two strings: it cannot fail
		challenges := map[string]string{}
		for _, scheme := range schemes {
			if c := challenge(config, scheme, code); c != "" {
				challenges[scheme.Name] = c
			}
		}
		rendered[code] = &row{
			status:     code.HTTPStatus(),
			challenges: challenges,
			body:       body,
			json:       append(text, '\n'),
		}
	}
	return rendered
}

// challenge returns the value of WWW-Authenticate for a scheme and a code, up to
// what depends on the request. A 401 has a challenge always (RFC 9110 §15.5.2),
// another status where RFC 6750 §3.1 defines an error for it.
func challenge(config *Config, scheme validator.Scheme, code validator.Code) string {
	if code.HTTPStatus() != http.StatusUnauthorized && code.OAuthError() == "" {
		return ""
	}
	params := []string{param("realm", config.Realm)}
	if config.ResourceMetadata != "" {
		params = append(params, param("resource_metadata", config.ResourceMetadata)) // RFC 9728 §5.1
	}
	// Without credentials the challenge has no error (RFC 6750 §3.1).
	if code.OAuthError() != "" {
		params = append(params, param("error", code.OAuthError()), param("error_description", code.Description()))
	}
	if len(scheme.Algorithms) > 0 {
		params = append(params, param("algs", strings.Join(scheme.Algorithms, " "))) // RFC 9449 §7.1
	}
	return scheme.Name + " " + strings.Join(params, ", ")
}

// param returns an auth-param with its value as a quoted-string (RFC 9110 §11.2).
// The value is [quotable].
func param(name, value string) string { return name + `="` + value + `"` }

// quotable reports whether s is printable ASCII that needs no escape in a
// quoted-string: %x20-21 / %x23-5B / %x5D-7E, as RFC 6750 §3 has it.
func quotable(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// An Answer is how one refusal is told in HTTP. [Auth.Answer] makes it.
type Answer struct {
	auth    *Auth
	refusal *validator.Error
	row     *row
}

// Answer returns the answer to err, the error of [Auth.Authorize] or of
// [Auth.Check]. An err that is not an [*validator.Error] is an internal error.
func (a *Auth) Answer(err error) Answer {
	refusal, ok := errors.AsType[*validator.Error](err)
	if !ok || refusal == nil {
		if err == nil {
			err = errNotRefused
		}
		refusal = validator.NewError(validator.CodeInternal, err)
	}
	r := a.rows[refusal.Code()]
	if r == nil { // not a code of the table: an impossible state
		r = a.rows[validator.CodeInternal]
	}
	return Answer{auth: a, refusal: refusal, row: r}
}

// Refusal returns the error that is answered. Its cause is private.
func (a Answer) Refusal() *validator.Error { return a.refusal }

// Status returns the status code.
func (a Answer) Status() int { return a.row.status }

// Body returns the default body, to be sent as application/json.
func (a Answer) Body() ErrorBody { return a.row.body }

// SetHeader makes h the header of this answer: exactly one challenge or none, or one
// per scheme that is offered, the nonce for the next DPoP proof if there is one,
// Retry-After where another attempt makes sense, and no caching. What h said
// about some other content, its length and its validators, goes. Everything else
// stays, such as what CORS middleware has set. Calling it again changes nothing.
func (a Answer) SetHeader(h http.Header) {
	for name := range h {
		switch http.CanonicalHeaderKey(name) { // somebody may have set it under another spelling
		case "Content-Length", "Content-Range", "Etag", "Last-Modified", "Expires", "Cache-Control", "Retry-After", "Www-Authenticate":
			delete(h, name)
		}
	}
	if challenges := a.challenges(); len(challenges) > 0 {
		h["Www-Authenticate"] = challenges
	}
	if nonce := a.refusal.DPoPNonce(); nonce != "" {
		h.Set("Dpop-Nonce", nonce) // RFC 9449 §9
	}
	if wait := a.refusal.RetryAfter(); wait > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64(wait/time.Second), 10)) // RFC 9110 §10.2.3
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

// challenges returns the challenge in the scheme that the credential came in. Where
// it came in none, every scheme is offered that is accepted. A scheme that takes the
// place of "Bearer" is also offered beside an error in "Bearer".
func (a Answer) challenges() []string {
	if len(a.row.challenges) == 0 {
		return nil
	}
	scheme := a.refusal.Scheme()
	switch code := a.refusal.Code(); {
	case code == validator.CodeCredentialsMissing: // also in a scheme that only another issuer's tokens come in
		return slices.Clone(a.auth.offers)
	case scheme != "":
	case code == validator.CodeDPoPProofInvalid || code == validator.CodeDPoPNonceRequired:
		scheme = dpop
	default:
		scheme = bearer
	}
	challenge := a.row.challenges[scheme]
	if challenge == "" { // an error that was made by hand, for a scheme that is not accepted
		challenge = a.row.challenges[bearer]
	}
	challenges := []string{challenge + a.params()}
	if scheme == bearer && a.auth.instead != "" {
		challenges = append(challenges, a.auth.instead)
	}
	return challenges
}

// params are those that depend on what the operation needs. Their values are
// scope-tokens and the like, which need no escape in a quoted-string.
func (a Answer) params() (params string) {
	if needed := a.refusal.NeededScopes(); len(needed) > 0 { // RFC 6750 §3
		params += ", " + param("scope", strings.Join(needed, " "))
	}
	if values := a.refusal.ACRValues(); len(values) > 0 { // RFC 9470 §3
		params += ", " + param("acr_values", strings.Join(values, " "))
	}
	if maxAge, ok := a.refusal.MaxAge(); ok { // RFC 9470 §3
		params += ", " + param("max_age", strconv.FormatInt(int64(maxAge/time.Second), 10))
	}
	return params
}

// The schemes, as RFC 6750 §2.1 and RFC 9449 §7.1 spell them.
const (
	bearer = "Bearer"
	dpop   = "DPoP"
)

// offer renders what callers without credentials are offered, and the scheme that
// takes the place of "Bearer", if one does.
func (a *Auth) offer() {
	missing := a.rows[validator.CodeCredentialsMissing].challenges
	for _, s := range a.guard.Supports().Schemes {
		a.offers = append(a.offers, missing[s.Name])
		if s.Required {
			a.instead = missing[s.Name]
		}
	}
	if a.instead == "" {
		a.offers = append([]string{missing[bearer]}, a.offers...)
	}
	a.offers = slices.Clip(a.offers)
}
