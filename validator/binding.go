package validator

import "context"

// A Binding checks one way in which a token can be bound to a key of its client
// (RFC 7800), so that nobody else can use it. Packages dpop and mtls have one
// each. Implementations are safe for concurrent use.
type Binding interface {
	// Member is the member of cnf that the Binding checks: "jkt" (RFC 9449
	// §6.1), "x5t#S256" (RFC 8705 §3.1).
	Member() string
	// Verify decides whether whoever sends the token has the key. It is called
	// on every request with a verified token, also with one that was remembered
	// or that has no such member: then the thumbprint is empty, and Verify says
	// whether an unbound token may pass. Otherwise it is 43 characters of
	// base64url, a SHA-256. The error is an [*Error], of [CodeBindingFailed] for
	// example.
	Verify(ctx context.Context, c Credential, thumbprint string) error
}

// A SchemeBinding is a [Binding] whose tokens come with a scheme of their own.
type SchemeBinding interface {
	Binding
	Scheme() Scheme
}

// A Reply collects what the answer to a request must carry besides, whether the
// request is let in or not.
type Reply struct {
	// DPoPNonce is the value of the answer's DPoP-Nonce header field (RFC 9449
	// §8.2 and §9). Empty: none.
	DPoPNonce string
}
