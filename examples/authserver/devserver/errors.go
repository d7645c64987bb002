package devserver

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// The error codes of the endpoints that clients authenticate at (RFC 6749 §5.2,
// RFC 8707 §2, RFC 9449 §5 and §8, RFC 9396 §5).
const (
	invalidRequest       = "invalid_request"
	invalidClient        = "invalid_client"
	invalidGrant         = "invalid_grant"
	unauthorizedClient   = "unauthorized_client"
	unsupportedGrantType = "unsupported_grant_type"
	invalidScope         = "invalid_scope"
	invalidTarget        = "invalid_target"
	invalidDPoPProof     = "invalid_dpop_proof"
	useDPoPNonce         = "use_dpop_nonce"

	invalidAuthorizationDetails = "invalid_authorization_details"
)

// These are no OAuth codes: RFC 6749 §5.2 has none for a request that was not or
// could not be judged. Such answers have a status and a description only.
const (
	tooManyFailures = "too_many_failures"
	unavailable     = "unavailable"
	internal        = "internal"
)

// errorTable holds every answer that is not a token. Descriptions are constant:
// nothing that the caller sent is repeated to him.
var errorTable = map[string]struct {
	status      int
	oauth       bool // the code goes into the answer
	description string
}{
	invalidRequest: {http.StatusBadRequest, true,
		"The request is malformed, repeats a parameter, lacks one, or uses more than one way to authenticate the client"},
	invalidClient: {http.StatusUnauthorized, true,
		"Client authentication failed"},
	// For the grants that present a code or a refresh token. Client credentials
	// are no such grant: their failure is invalid_client.
	invalidGrant: {http.StatusBadRequest, true,
		"The grant is invalid, expired, revoked or was issued to another client"},
	unauthorizedClient: {http.StatusBadRequest, true,
		"This client may not use this grant type"},
	unsupportedGrantType: {http.StatusBadRequest, true,
		"This grant type is not supported"},
	invalidScope: {http.StatusBadRequest, true,
		"The scope is malformed, missing, or more than this client may have"},
	invalidTarget: {http.StatusBadRequest, true,
		"This client may not get a token for this resource"},
	invalidDPoPProof: {http.StatusBadRequest, true,
		"The DPoP proof is missing, malformed, not meant for this endpoint and time, or has been used before"},
	useDPoPNonce: {http.StatusBadRequest, true,
		"The DPoP proof needs the nonce of the DPoP-Nonce header field"},
	invalidAuthorizationDetails: {http.StatusBadRequest, true,
		"The authorization_details are malformed, of an unknown type, or more than was allowed"},
	// RFC 6585 §4. Not invalid_client: the credentials may be right.
	tooManyFailures: {http.StatusTooManyRequests, false,
		"Client authentication has failed too often; try again later"},
	unavailable: {http.StatusServiceUnavailable, false,
		"The request cannot be judged at the moment"},
	internal: {http.StatusInternalServerError, false,
		"Internal error"},
}

// A refusal is one row of the table together with the reason, which goes to the
// log and not to the caller. Reasons are constants too.
type refusal struct {
	code       string
	reason     string
	retryAfter time.Duration // zero: not told
	status     int           // instead of the row's; zero: that one
}

func refuse(code, reason string) *refusal { return &refusal{code: code, reason: reason} }

// errorAnswer is the body (RFC 6749 §5.2).
type errorAnswer struct {
	Error       string `json:"error,omitempty"`
	Description string `json:"error_description"`
}

// write answers with the table's row. The caller has set the cache headers.
func (e *refusal) write(w http.ResponseWriter) {
	row := errorTable[e.code]
	status := cmp.Or(e.status, row.status)
	answer := errorAnswer{Description: row.description}
	if row.oauth {
		answer.Error = e.code
	}
	if status == http.StatusUnauthorized {
		// RFC 6749 §5.2 asks for the challenge when the client used the
		// Authorization header, RFC 9110 §15.5.2 with every 401.
		w.Header().Set("WWW-Authenticate", `Basic realm="clients", charset="UTF-8"`)
	}
	setRetryAfter(w, e.retryAfter)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}

// setRetryAfter tells the delay in whole seconds (RFC 9110 §10.2.3), rounded up.
func setRetryAfter(w http.ResponseWriter, delay time.Duration) {
	if delay > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((delay+time.Second-1)/time.Second)))
	}
}
