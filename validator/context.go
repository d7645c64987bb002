package validator

import (
	"context"
	"fmt"
	"io"
)

// authentication is the context of an authorized request: the request's own with
// the verified token, and what it takes to know it again in a nested guard.
type authentication struct {
	context.Context

	token         *Token
	guard         *Guard
	authorization string // the header value that was verified; never printed
	scheme        string // its scheme
	nonce         string // for the client's next DPoP proof; empty: none
}

type contextKey struct{}

// Value returns the authentication itself for contextKey.
func (a *authentication) Value(key any) any {
	if key == (contextKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// Format prints a constant, whatever the verb: contexts get printed, and this one
// has the credential.
func (*authentication) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "context(authorized)") }

// TokenFrom returns the verified token of the request that ctx belongs to, and
// whether there is one: not behind a public route, and not for an anonymous
// request where authentication is optional.
func TokenFrom(ctx context.Context) (*Token, bool) {
	if a := authenticationFrom(ctx); a != nil {
		return a.token, true
	}
	return nil, false
}

func authenticationFrom(ctx context.Context) *authentication {
	a, _ := ctx.Value(contextKey{}).(*authentication)
	return a
}

// DPoPNonceFrom returns the nonce that the answer to an authorized request must
// carry in its DPoP-Nonce header field, so that the client's next proof has it (RFC
// 9449 §8.2), empty if there is none. It is for adapters.
func DPoPNonceFrom(ctx context.Context) string {
	if a := authenticationFrom(ctx); a != nil {
		return a.nonce
	}
	return ""
}
