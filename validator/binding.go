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
	// §8 and §8.2). Empty: none.
	DPoPNonce string
}

// A Revocation knows tokens that were revoked before they expire. Package
// revocation has one in memory. Implementations are safe for concurrent use.
type Revocation interface {
	// Revoked is asked about every verified token on every request, also about a
	// remembered one. An error means that it cannot tell: the answer is
	// [CodeDependencyUnavailable], unless the error is an [*Error].
	Revoked(ctx context.Context, t *Token) (bool, error)
}

// An Introspector asks the authorization server about tokens that say nothing by
// themselves (RFC 7662). Package introspect has one. Implementations are safe for
// concurrent use.
type Introspector interface {
	// Introspect returns what the authorization server tells of an active token:
	// a JSON object, which must not be modified. The error is an [*Error]:
	// [CodeTokenInactive], or [CodeDependencyUnavailable] if it cannot tell.
	Introspect(ctx context.Context, token string) (claims []byte, err error)
}
