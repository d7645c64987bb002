// Package devserver is an OAuth 2.0 authorization server for development and
// tests only. It issues signed access tokens by the client credentials grant,
// publishes its metadata and keys, and answers errors the way RFC 6749 §5.2
// wants them, so that an API and its clients can be built against the real
// protocol on one machine.
//
// It is not for production: keys live in memory and are new at every start,
// clients are configured and not registered, plain http is served to loopback
// only, and [Server.Mint] signs whatever it is asked to.
//
// The files, in the order in which a token request meets them:
//
//	server.go                     which path is which endpoint
//	metadata.go, keys.go          RFC 8414 metadata, the signing key and its JWKS
//	token.go, form.go             the token endpoint and its parameters
//	clientauth.go                 which one authentication method was used
//	secret.go                     client_secret_basic, client_secret_post
//	assertion.go, signature.go    private_key_jwt
//	replay.go                     assertions already used
//	grant_client_credentials.go   the grant: audience, scope
//	accesstoken.go                the token
//	errors.go                     the error answers, as one table
package devserver
