package httpmw

import (
	"encoding/json"
	"errors"
	"net/http"
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
	status    int
	challenge string // empty: none
	body      ErrorBody
	json      []byte
}

// rows renders the error table.
func rows(config *Config) map[validator.Code]*row {
	rendered := map[validator.Code]*row{}
	for code := range validator.Codes() {
		body := ErrorBody{Error: code.OAuthError(), Description: code.Description()}
		text, _ := json.Marshal(body) // two strings: it cannot fail
		rendered[code] = &row{
			status:    code.HTTPStatus(),
			challenge: challenge(config, code),
			body:      body,
			json:      append(text, '\n'),
		}
	}
	return rendered
}

// challenge returns the value of WWW-Authenticate for a code, up to the scope. A
// 401 has a challenge always (RFC 9110 §15.5.2), another status where RFC 6750
// §3.1 defines an error for it.
func challenge(config *Config, code validator.Code) string {
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
	return "Bearer " + strings.Join(params, ", ")
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
	return Answer{refusal: refusal, row: r}
}

// Refusal returns the error that is answered. Its cause is private.
func (a Answer) Refusal() *validator.Error { return a.refusal }

// Status returns the status code.
func (a Answer) Status() int { return a.row.status }

// Body returns the default body, to be sent as application/json.
func (a Answer) Body() ErrorBody { return a.row.body }

// SetHeader makes h the header of this answer: exactly one challenge or none,
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
	if challenge := a.challenge(); challenge != "" {
		h.Set("Www-Authenticate", challenge)
	}
	if wait := a.refusal.RetryAfter(); wait > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64(wait/time.Second), 10)) // RFC 9110 §10.2.3
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

// challenge is the row's, with the scope that the operation needs (RFC 6750 §3).
// The values are scope-tokens, which need no escape in a quoted-string.
func (a Answer) challenge() string {
	needed := a.refusal.NeededScopes()
	if len(needed) == 0 || a.row.challenge == "" {
		return a.row.challenge
	}
	return a.row.challenge + ", " + param("scope", strings.Join(needed, " "))
}
