package validator

import (
	"context"
	"errors"
	"iter"
	"time"
)

// A Code says why a request was refused. The set of codes is closed; each has
// one row in the error table, from which the HTTP answer, the gRPC status and
// the documentation are derived. The zero Code means that nothing was refused.
type Code uint8

// The codes, in the order of the table.
const (
	CodeCredentialsMissing Code = iota + 1
	CodeMalformedCredentials
	CodeTokenMalformed
	CodeTokenTooLarge
	CodeHeaderInvalid
	CodeAlgorithmNotAllowed
	CodeClaimInvalid
	CodeClaimMissing
	CodeTokenKindNotAllowed
	CodeIssuerNotAllowed
	CodeAudienceNotAllowed
	CodeClientNotAllowed
	CodeTokenExpired
	CodeTokenNotYetValid
	CodeKeyUnknown
	CodeSignatureInvalid
	CodeBindingFailed
	CodeTokenInactive
	CodeTokenRevoked
	CodeTokenRefused
	CodeInsufficientScope
	CodeOperationNotAllowed
	CodeInsufficientUserAuthentication
	CodeDPoPProofInvalid
	CodeDPoPNonceRequired
	CodeKeysUnavailable
	CodeDependencyUnavailable
	CodeDeadlineExceeded
	CodeCanceled
	CodeInternal
	codeEnd
)

// The gRPC status codes that the table uses, by their numbers in the gRPC
// specification: this package does not depend on gRPC.
const (
	grpcCanceled         = 1
	grpcDeadlineExceeded = 4
	grpcPermissionDenied = 7
	grpcInternal         = 13
	grpcUnavailable      = 14
	grpcUnauthenticated  = 16
)

// row is one line of the error table.
type row struct {
	reason      string // ErrorInfo.reason in gRPC, "code" in logs
	httpStatus  int
	oauthError  string // RFC 6750 §3.1 and its relatives; empty: the challenge has no error
	description string // public and constant; %x20-21 / %x23-5B / %x5D-7E (RFC 6750 §3)
	grpcStatus  uint32
	retry       bool // the answer says when to try again
}

// table is the one error table.
var table = [codeEnd]row{
	CodeCredentialsMissing:   {reason: "CREDENTIALS_MISSING", httpStatus: 401, description: "An access token is required.", grpcStatus: grpcUnauthenticated},
	CodeMalformedCredentials: {reason: "MALFORMED_CREDENTIALS", httpStatus: 400, oauthError: "invalid_request", description: "The Authorization header is repeated or is not a well-formed bearer credential.", grpcStatus: grpcUnauthenticated},

	CodeTokenMalformed:      {reason: "TOKEN_MALFORMED", httpStatus: 401, oauthError: "invalid_token", description: "The access token is not a compact JWS.", grpcStatus: grpcUnauthenticated},
	CodeTokenTooLarge:       {reason: "TOKEN_TOO_LARGE", httpStatus: 401, oauthError: "invalid_token", description: "The access token is too large.", grpcStatus: grpcUnauthenticated},
	CodeHeaderInvalid:       {reason: "HEADER_INVALID", httpStatus: 401, oauthError: "invalid_token", description: "The header of the access token is malformed or asks for something that is not supported.", grpcStatus: grpcUnauthenticated},
	CodeAlgorithmNotAllowed: {reason: "ALGORITHM_NOT_ALLOWED", httpStatus: 401, oauthError: "invalid_token", description: "The signature algorithm of the access token is not accepted.", grpcStatus: grpcUnauthenticated},
	CodeClaimInvalid:        {reason: "CLAIM_INVALID", httpStatus: 401, oauthError: "invalid_token", description: "The claims of the access token are malformed.", grpcStatus: grpcUnauthenticated},
	CodeClaimMissing:        {reason: "CLAIM_MISSING", httpStatus: 401, oauthError: "invalid_token", description: "The access token lacks a required claim.", grpcStatus: grpcUnauthenticated},
	CodeTokenKindNotAllowed: {reason: "TOKEN_KIND_NOT_ALLOWED", httpStatus: 401, oauthError: "invalid_token", description: "The token is not an access token.", grpcStatus: grpcUnauthenticated},
	CodeIssuerNotAllowed:    {reason: "ISSUER_NOT_ALLOWED", httpStatus: 401, oauthError: "invalid_token", description: "The issuer of the access token is not accepted.", grpcStatus: grpcUnauthenticated},
	CodeAudienceNotAllowed:  {reason: "AUDIENCE_NOT_ALLOWED", httpStatus: 401, oauthError: "invalid_token", description: "The access token was issued for a different audience.", grpcStatus: grpcUnauthenticated},
	CodeClientNotAllowed:    {reason: "CLIENT_NOT_ALLOWED", httpStatus: 401, oauthError: "invalid_token", description: "The access token was issued to a client that is not accepted.", grpcStatus: grpcUnauthenticated},
	CodeTokenExpired:        {reason: "TOKEN_EXPIRED", httpStatus: 401, oauthError: "invalid_token", description: "The access token has expired.", grpcStatus: grpcUnauthenticated},
	CodeTokenNotYetValid:    {reason: "TOKEN_NOT_YET_VALID", httpStatus: 401, oauthError: "invalid_token", description: "The access token is not valid yet.", grpcStatus: grpcUnauthenticated},
	CodeKeyUnknown:          {reason: "KEY_UNKNOWN", httpStatus: 401, oauthError: "invalid_token", description: "The signing key of the access token is not known.", grpcStatus: grpcUnauthenticated},
	CodeSignatureInvalid:    {reason: "SIGNATURE_INVALID", httpStatus: 401, oauthError: "invalid_token", description: "The signature of the access token is not valid.", grpcStatus: grpcUnauthenticated},
	CodeBindingFailed:       {reason: "BINDING_FAILED", httpStatus: 401, oauthError: "invalid_token", description: "The access token is bound to a key that the request did not prove.", grpcStatus: grpcUnauthenticated},
	CodeTokenInactive:       {reason: "TOKEN_INACTIVE", httpStatus: 401, oauthError: "invalid_token", description: "The access token is not active.", grpcStatus: grpcUnauthenticated},
	CodeTokenRevoked:        {reason: "TOKEN_REVOKED", httpStatus: 401, oauthError: "invalid_token", description: "The access token was revoked.", grpcStatus: grpcUnauthenticated},
	CodeTokenRefused:        {reason: "TOKEN_REFUSED", httpStatus: 401, oauthError: "invalid_token", description: "The access token was refused by this API.", grpcStatus: grpcUnauthenticated},

	CodeInsufficientScope:              {reason: "INSUFFICIENT_SCOPE", httpStatus: 403, oauthError: "insufficient_scope", description: "The access token lacks a scope that this operation needs.", grpcStatus: grpcPermissionDenied},
	CodeOperationNotAllowed:            {reason: "OPERATION_NOT_ALLOWED", httpStatus: 403, description: "This operation is not allowed.", grpcStatus: grpcPermissionDenied},
	CodeInsufficientUserAuthentication: {reason: "INSUFFICIENT_USER_AUTHENTICATION", httpStatus: 401, oauthError: "insufficient_user_authentication", description: "A different or more recent authentication is required.", grpcStatus: grpcUnauthenticated},
	CodeDPoPProofInvalid:               {reason: "DPOP_PROOF_INVALID", httpStatus: 401, oauthError: "invalid_dpop_proof", description: "The DPoP proof is not valid.", grpcStatus: grpcUnauthenticated},
	CodeDPoPNonceRequired:              {reason: "DPOP_NONCE_REQUIRED", httpStatus: 401, oauthError: "use_dpop_nonce", description: "The DPoP proof must use the nonce that this answer carries.", grpcStatus: grpcUnauthenticated},

	CodeKeysUnavailable:       {reason: "KEYS_UNAVAILABLE", httpStatus: 503, description: "The access token cannot be checked at the moment.", grpcStatus: grpcUnavailable, retry: true},
	CodeDependencyUnavailable: {reason: "DEPENDENCY_UNAVAILABLE", httpStatus: 503, description: "The access token cannot be checked at the moment.", grpcStatus: grpcUnavailable, retry: true},
	CodeDeadlineExceeded:      {reason: "DEADLINE_EXCEEDED", httpStatus: 503, description: "The access token could not be checked in time.", grpcStatus: grpcDeadlineExceeded},
	CodeCanceled:              {reason: "CANCELED", httpStatus: 503, description: "The request was canceled.", grpcStatus: grpcCanceled},
	CodeInternal:              {reason: "INTERNAL", httpStatus: 500, description: "Internal error.", grpcStatus: grpcInternal},
}

// Codes returns every code in the order of the error table.
func Codes() iter.Seq[Code] {
	return func(yield func(Code) bool) {
		for c := Code(1); c < codeEnd; c++ {
			if !yield(c) {
				return
			}
		}
	}
}

// row returns the code's line of the table. A value that is no code is an
// impossible state, and answered as one.
func (c Code) row() *row {
	if c == 0 || c >= codeEnd {
		c = CodeInternal
	}
	return &table[c]
}

// String returns the code's name, such as "TOKEN_EXPIRED": the reason in a gRPC
// ErrorInfo and the code in logs. The zero Code is "OK".
func (c Code) String() string {
	if c == 0 {
		return "OK"
	}
	return c.row().reason
}

// HTTPStatus returns the status of the HTTP answer.
func (c Code) HTTPStatus() int { return c.row().httpStatus }

// OAuthError returns the error code of the challenge and the body (RFC 6750
// §3.1), empty if they have none.
func (c Code) OAuthError() string { return c.row().oauthError }

// Description returns the public description. It is the same for every request
// with this code and holds only characters that RFC 6750 §3 allows.
func (c Code) Description() string { return c.row().description }

// GRPCStatus returns the number of the gRPC status code.
func (c Code) GRPCStatus() uint32 { return c.row().grpcStatus }

// Retryable reports whether the same request can succeed later: the token could
// not be judged, and was not judged bad.
func (c Code) Retryable() bool { return c.row().retry }

// An Error is the one error of this module's request path. What it says in
// public, [Error.Error] and its code, is constant per code; the reason in
// private is what [Error.Unwrap] returns. It carries no claims: most codes are
// given before the signature was checked, so that "expired" does not imply
// authentic.
type Error struct {
	code       Code
	cause      error
	retryAfter time.Duration
	needed     []string
	missing    []string
	acrValues  []string
	maxAge     time.Duration // negative: not asked for
	scheme     string        // in which the token came, as it is spelled in the standard; empty: none
	nonce      string        // for the next DPoP proof
	judge      *Validator    // whose hooks learn of it, where there are several
}

// NewError returns an Error, for implementations of [Authenticator] and for
// [Config.Check]. The cause is for logs only and may be nil; it must not hold
// the token or a secret. A code that is none becomes [CodeInternal].
func NewError(code Code, cause error) *Error {
	if code == 0 || code >= codeEnd {
		code = CodeInternal
	}
	return &Error{code: code, cause: cause, maxAge: -1}
}

// NewUnavailableError is [NewError] for a retryable code, with the time after
// which another attempt makes sense.
func NewUnavailableError(code Code, retryAfter time.Duration, cause error) *Error {
	e := NewError(code, cause)
	e.retryAfter = retryAfter
	return e
}

// NewInterruptedError returns the Error of a request that ended before the decision,
// from what ctx.Err says: of [CodeDeadlineExceeded], or else of [CodeCanceled]. It is
// for a [Binding], a [Revocation] or an [Introspector] that waits.
func NewInterruptedError(cause error) *Error {
	if errors.Is(cause, context.DeadlineExceeded) {
		return NewError(CodeDeadlineExceeded, cause)
	}
	return NewError(CodeCanceled, cause)
}

// judgedBy returns a copy that knows its validator. It is a copy because the
// error may be one that [Config.Check] returns every time.
func (e *Error) judgedBy(v *Validator) *Error {
	known := *e
	known.judge = v
	return &known
}

// in returns a copy that knows in which scheme the credential came, and what the
// answer must carry besides.
func (e *Error) in(scheme string, reply *Reply) *Error {
	known := *e
	known.scheme = scheme
	if reply != nil {
		known.nonce = reply.DPoPNonce
	}
	return &known
}

// Code returns the code.
func (e *Error) Code() Code { return e.code }

// Error returns the code and its public description, never the cause.
func (e *Error) Error() string { return e.code.String() + ": " + e.code.Description() }

// Unwrap returns the private cause, which may be nil.
func (e *Error) Unwrap() error { return e.cause }

// RetryAfter returns when the client should try again, in whole seconds and at
// least one; zero if the code is not retryable.
func (e *Error) RetryAfter() time.Duration {
	if !e.code.Retryable() {
		return 0
	}
	return max(time.Second, (e.retryAfter + time.Second - 1).Truncate(time.Second))
}

// NeededScopes returns the scopes that the operation needs, for a code of
// [CodeInsufficientScope]. The slice must not be modified.
func (e *Error) NeededScopes() []string { return e.needed }

// MissingScopes returns those of [Error.NeededScopes] that the token lacks. The
// slice must not be modified.
func (e *Error) MissingScopes() []string { return e.missing }

// ACRValues returns the authentication contexts that the operation needs one of,
// in order of preference (RFC 9470 §3), for a code of
// [CodeInsufficientUserAuthentication]. The slice must not be modified.
func (e *Error) ACRValues() []string { return e.acrValues }

// MaxAge returns how long ago the user may have been authenticated for the
// operation (RFC 9470 §3), and whether that is what the token lacks.
func (e *Error) MaxAge() (time.Duration, bool) { return max(e.maxAge, 0), e.maxAge >= 0 }

// Scheme returns the authentication scheme in which the refused credential came,
// "Bearer" or "DPoP", empty if there was none that is supported.
func (e *Error) Scheme() string { return e.scheme }

// DPoPNonce returns the nonce that the answer must carry for the next DPoP proof
// (RFC 9449 §8 and §9), empty if there is none.
func (e *Error) DPoPNonce() string { return e.nonce }
