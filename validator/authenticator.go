package validator

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net/url"
)

// An Authenticator turns a credential into a verified token. [Validator] is
// one; adapters take nothing more. The error is an [*Error]; anything else, as
// well as a nil token without an error, is answered as an internal error.
// Implementations are safe for concurrent use.
type Authenticator interface {
	Validate(ctx context.Context, c Credential) (*Token, error)
}

// A Credential is what a request shows to be let in. It prints itself without
// the token.
type Credential struct {
	_ [0]func() // no unkeyed literals, no ==

	// Scheme is the authentication scheme as it was received, such as "Bearer".
	// Schemes are compared without case (RFC 9110 §11.1).
	Scheme string
	// Token is the access token.
	Token string

	// What follows describes the request around the token, for authenticators
	// that bind tokens to it. A [Validator] does not read it: it refuses bound
	// tokens.

	// Method is the request's HTTP method. gRPC's is POST.
	Method string
	// URL is the request's URL as the server received it.
	URL *url.URL
	// Proofs is every value of the DPoP header field (RFC 9449 §4.1).
	Proofs []string
	// PeerCertificate is the client's TLS certificate (RFC 8705 §3), nil without
	// mutual TLS.
	PeerCertificate *x509.Certificate
}

const redactedCredential = "credential(redacted)"

// Format prints a constant, whatever the verb.
func (Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedCredential) }

// LogValue logs a constant.
func (Credential) LogValue() slog.Value { return slog.StringValue(redactedCredential) }

// MarshalText marshals a constant.
func (Credential) MarshalText() ([]byte, error) { return []byte(redactedCredential), nil }
