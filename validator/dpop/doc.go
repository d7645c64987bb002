// Package dpop lets only the client use a token that was bound to its key: each
// request comes with a proof, a small JWT that the client has signed for this
// method, this URL and this token (RFC 9449).
//
// A [Verifier] is a [validator.SchemeBinding] for validator.Config.Bindings. It
// also checks the proofs of token requests, for an authorization server, and a
// [Prover] makes proofs, for clients and tests.
//
// Not checked: the query of the URL and the body of the request, which a proof
// does not cover (RFC 9449 §11.7).
package dpop
