package tokens

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

var (
	errTokenType  = errors.New("the token is not a bearer token")
	errNoResponse = errors.New("the token endpoint has not sent a token response")
)

// Refusal is the token endpoint's error response (RFC 6749 §5.2).
type Refusal struct {
	Status int    // of HTTP
	Code   string // such as "invalid_client"; empty if there is none, or none by the grammar
}

// Error returns the status and the code, without anything else of the response.
func (r *Refusal) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the token endpoint has refused: %d %s", r.Status, r.Code))
}

func isInvalidClient(err error) bool {
	refusal, ok := errors.AsType[*Refusal](err)
	return ok && refusal.Code == "invalid_client"
}

// Refused makes an error of a token request that the oauth2 package has made fit for
// logs, a [*Refusal] if the endpoint has refused: as they are, such errors may hold the
// whole response, and with it a token.
func Refused(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		refusal := &Refusal{Status: refused.Response.StatusCode}
		if isErrorCode(refused.ErrorCode) {
			refusal.Code = refused.ErrorCode
		}
		return refusal
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the URL
	}
	if _, ok := errors.AsType[net.Error](err); ok { // includes a timeout
		return fmt.Errorf("the token endpoint cannot be reached: %w", err)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("the token endpoint cannot be reached: %w", err)
	}
	return errNoResponse
}

// isErrorCode reports whether s keeps to the grammar of error codes (RFC 6749
// §5.2) and is of a length that one may have.
func isErrorCode(s string) bool {
	return len(s) <= 64 && strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) < 0
}
