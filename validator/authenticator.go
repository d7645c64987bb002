package validator

import (
	"context"
	"fmt"
	"io"
	"log/slog"
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

	// Info tells of the request around the token, for a [Binding]. Nil: nothing is
	// known of it, and tokens that are bound to a key cannot be used.
	Info RequestInfo
	// Reply collects what the answer must carry besides. Nil: it carries nothing.
	Reply *Reply
}

const redactedCredential = "credential(redacted)"

// Format prints a constant, whatever the verb.
func (Credential) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedCredential) }

// LogValue logs a constant.
func (Credential) LogValue() slog.Value { return slog.StringValue(redactedCredential) }

// MarshalText marshals a constant.
func (Credential) MarshalText() ([]byte, error) { return []byte(redactedCredential), nil }
