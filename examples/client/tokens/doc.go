// Package tokens is what a client of a protected API needs beside
// golang.org/x/oauth2: it gets access tokens by the client credentials grant (RFC
// 6749 §4.4), keeps each until shortly before it expires, and sends it to one API
// over HTTP or gRPC, once more with a fresh one if it is refused.
//
//	Source      asks the token endpoint, each time with the secret or key as it is then
//	Cache       keeps a token for as long as it is good
//	Transport   sends it with HTTP requests
//	GRPC        sends it with gRPC calls
//	Discover    finds the endpoints of an authorization server (RFC 8414)
//
// Tokens are bearer tokens: one that is bound to a DPoP key is an error, as nothing
// here makes the proofs that go with it (see package dpop, Prover).
//
// Plain http and plain text are for loopback only. No error holds a token, a
// secret or anything else that was sent or received, except error codes.
//
// In the order in which a request meets them, the files are transport.go and
// grpc.go, cache.go, source.go with its errors in refusal.go, and credential.go
// with secret.go, assertion.go and file.go; metadata.go and exchange.go are for
// every conversation with an authorization server.
package tokens
