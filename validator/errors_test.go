package validator_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
)

func TestErrorTable(t *testing.T) {
	// The gRPC code that goes with each HTTP status, and the OAuth errors that
	// go with it (RFC 6750 §3.1, RFC 9449 §7.1, RFC 9470 §3).
	grpc := map[int][]uint32{400: {16}, 401: {16}, 403: {7}, 500: {13}, 503: {14, 4, 1}}
	oauth := map[int][]string{
		400: {"invalid_request"},
		401: {"", "invalid_token", "insufficient_user_authentication", "invalid_dpop_proof", "use_dpop_nonce"},
		403: {"insufficient_scope", ""},
		500: {""},
		503: {""},
	}
	names := map[string]bool{}
	n := 0
	for code := range validator.Codes() {
		n++
		t.Run(code.String(), func(t *testing.T) {
			if names[code.String()] {
				t.Error("the name is taken")
			}
			names[code.String()] = true
			for _, c := range []byte(code.String()) {
				if c != '_' && (c < 'A' || c > 'Z') { // google.rpc.ErrorInfo.reason: UPPER_SNAKE_CASE
					t.Errorf("name has %q", c)
				}
			}
			if !slices.Contains(grpc[code.HTTPStatus()], code.GRPCStatus()) {
				t.Errorf("HTTP %d goes with gRPC %d", code.HTTPStatus(), code.GRPCStatus())
			}
			if !slices.Contains(oauth[code.HTTPStatus()], code.OAuthError()) {
				t.Errorf("HTTP %d goes with %q", code.HTTPStatus(), code.OAuthError())
			}
			if code.Description() == "" {
				t.Error("no description")
			}
			for _, c := range []byte(code.Description()) { // RFC 6750 §3
				if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
					t.Errorf("description has %q", c)
				}
			}
			if code.Retryable() != (code.GRPCStatus() == 14) {
				t.Error("retryable and Unavailable are the same thing")
			}
		})
	}
	if n < 30 {
		t.Errorf("%d codes", n)
	}
	only := func(want validator.Code, has func(validator.Code) bool) {
		t.Helper()
		for code := range validator.Codes() {
			if has(code) != (code == want) {
				t.Errorf("%v", code)
			}
		}
	}
	only(validator.CodeMalformedCredentials, func(c validator.Code) bool { return c.HTTPStatus() == 400 })
	only(validator.CodeInsufficientScope, func(c validator.Code) bool { return c.OAuthError() == "insufficient_scope" })
	only(validator.CodeCredentialsMissing, func(c validator.Code) bool { return c.HTTPStatus() == 401 && c.OAuthError() == "" })
	only(validator.CodeOperationNotAllowed, func(c validator.Code) bool { return c.HTTPStatus() == 403 && c.OAuthError() == "" })
	only(validator.CodeInternal, func(c validator.Code) bool { return c.HTTPStatus() == 500 })
}

func TestCodeOutsideTheTable(t *testing.T) {
	if got := validator.Code(0).String(); got != "OK" {
		t.Errorf("zero is %q", got)
	}
	for _, code := range []validator.Code{0, 200, 255} {
		if code.HTTPStatus() != 500 || code.GRPCStatus() != 13 {
			t.Errorf("code %d is answered with %d", uint8(code), code.HTTPStatus())
		}
	}
}

func TestError(t *testing.T) {
	cause := errors.New("private")
	err := validator.NewError(validator.CodeTokenExpired, cause)
	if err.Error() != "TOKEN_EXPIRED: The access token has expired." || !errors.Is(err, cause) || err.RetryAfter() != 0 {
		t.Errorf("%v, cause %v, retry %v", err, errors.Unwrap(err), err.RetryAfter())
	}
	for in, want := range map[time.Duration]time.Duration{
		-time.Hour: time.Second, 0: time.Second, time.Millisecond: time.Second, time.Second: time.Second,
		time.Second + 1: 2 * time.Second, time.Minute: time.Minute,
	} {
		if got := validator.NewUnavailableError(validator.CodeKeysUnavailable, in, nil).RetryAfter(); got != want {
			t.Errorf("retry after %v becomes %v, want %v", in, got, want)
		}
	}
}
