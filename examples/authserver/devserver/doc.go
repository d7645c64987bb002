// Package devserver is an OAuth 2.0 authorization server for development and
// tests only. It issues access tokens, signed or opaque, to clients (client
// credentials) and to users (authorization code with PKCE, refresh tokens), binds
// them to keys of the client (DPoP, mutual TLS), publishes its metadata and keys,
// introspects and revokes tokens, and answers errors the way RFC 6749 §5.2 wants
// them, so that an API and its clients can be built against the real protocol on
// one machine.
//
// It is not for production: there are no passwords, and users are whoever they
// say; keys and everything issued live in memory and are new at every start;
// clients are configured and not registered; it listens on loopback only; whoever
// can reach it can make a client wait by failing in its name; and [Server.Mint]
// signs whatever it is asked to.
//
// # Endpoints
//
// All are below the issuer, and the metadata (RFC 8414, and under OpenID's path)
// lists them:
//
//	GET  /oauth2/authorize     authorization code with PKCE S256 (RFC 6749 §4.1, RFC 7636), iss in the answer (RFC 9207)
//	POST /oauth2/consent       the form of the consent page
//	POST /oauth2/token         authorization_code, client_credentials, refresh_token
//	POST /oauth2/introspect    RFC 7662, for confidential clients; signed if Accept asks for it (RFC 9701)
//	POST /oauth2/revoke        RFC 7009, for the client that the token was issued to
//	GET  /jwks.json            the published signing keys
//
// An authorization code is good once and for a minute; a second use revokes what
// was issued for it. A refresh token is good once, too: the answer has the next
// one, and a second use of an old one revokes them all. An access token is a
// JWT, which an API goes on to accept until it expires; revoked means that it
// cannot be refreshed and that introspection says so. A client can get opaque
// tokens instead (Client.AccessTokenFormat), which only introspection can tell
// anything about. The scope "openid" is refused: there are no ID tokens.
//
// # Beyond bearer tokens
//
// A token request with a DPoP proof (RFC 9449 §5) gets a token of the type "DPoP",
// which is bound to the proof's key; the refresh tokens of a public client are
// bound to it, too, and with dpop_jkt in the authorization request the code
// already (§10). A bad proof is answered invalid_dpop_proof, and with
// Config.DPoPNonces one without a recent nonce use_dpop_nonce.
//
// Over TLS every client is asked for a certificate and need not have one. It can
// authenticate with it (self_signed_tls_client_auth, tls_client_auth, RFC 8705 §2),
// and have its tokens bound to it (Client.CertificateBound, §3). Both bindings can
// go together. A handler behind somebody else's TLS works if that asks for
// certificates, as with [crypto/tls.RequestClientCert].
//
// The authorization request takes acr_values, see Config.ACRValues, and max_age
// (RFC 9470 §4): "acr" and "auth_time" in the tokens tell what has become of them.
// Users are asked every time, so auth_time is that of the consent. That and the
// token request take authorization_details (RFC 9396) of the types that the client
// is registered for; they are granted as they are, or narrowed to some of the
// objects that the user has allowed.
//
// Client authentication that fails too often, see Config.MaxFailures, is
// answered 429 with Retry-After and without an OAuth error code.
//
// # The consent page
//
// It is one HTML form, made to be sent by a plain HTTP client, too: get the
// authorization endpoint with a cookie jar, take the values of the two hidden
// fields (they are HTML-escaped), and post to /oauth2/consent:
//
//	request     hidden; the query of the authorization request, as it was
//	ticket      hidden; good for 10 minutes, in the browser that has the cookie
//	user        a name, which becomes the "sub"; 1 to 64 letters, digits and . _ - + @
//	decision    "allow" or "deny"
//
// The answer is 303 with the redirect_uri and code, state and iss, or error
// access_denied. A request whose client or redirect_uri is not good is answered
// 400 and goes nowhere.
//
// # The control endpoint
//
// With Config.ControlToken, and only then, the server can be changed while it
// runs, from this machine: POST with "Authorization: Bearer" and that token, JSON
// in and out. The paths do not depend on the issuer.
//
//	/control/signing-key      {"action":"publish","alg":"ES256"} makes a key and publishes it (alg may be left out)
//	                          {"action":"switch","kid":"…"} signs with it (without kid: with the newest)
//	                          {"action":"retire","kid":"…"} takes one out (without kid: the oldest that does not sign)
//	                          {"action":"list"}; each answers {"kid":"…","keys":[{"kid":"…","alg":"…","signs":true}]}
//	/control/client-secret    {"action":"add","client_id":"…","client_secret":"…"} gives a client its second secret; without
//	                          client_secret or client_secret_sha256 one is made, and is in the answer
//	                          {"action":"remove","client_id":"…","client_secret":"…"} ends one, or by client_secret_sha256
//	/control/client-keys      {"client_id":"…","jwks":{"keys":[…]}} replaces the keys of a client
//	/control/token-lifetime   {"seconds":30} for the access tokens issued from now on
//
// Errors are 400, 401, 403 (not from this machine), 405 and 429, with
// {"error_description":"…"}. The methods of [Server] do the same in Go.
//
// # Files
//
// In the order in which requests meet them:
//
//	server.go, listen.go                    which path is which endpoint; http and TLS
//	metadata.go                             RFC 8414 metadata
//	keyring.go, signingkey.go               the signing keys, their rotation and JWKS
//	authorize.go, redirecturi.go, pkce.go   the authorization request
//	consent.go, consent.html, ticket.go     the user's decision
//	authorizeanswer.go                      the answer, and the errors of this endpoint
//	authorizations.go, sealed.go            what users have allowed; codes and refresh tokens
//	clientrequest.go, form.go               requests that clients authenticate, and their parameters
//	clientauth.go, failures.go              which one authentication method was used; how often it may fail
//	secret.go                               client_secret_basic, client_secret_post
//	assertion.go, compact.go, signature.go  private_key_jwt
//	jwksuri.go, replay.go                   keys that clients publish; assertions already used
//	certificate.go                          self_signed_tls_client_auth, tls_client_auth
//	token.go, grant_*.go                    the token endpoint and its grants: audience, scope
//	authentication.go, authorizationdetails.go
//	                                        acr_values and max_age; RFC 9396
//	confirmation.go, proof.go               the keys that a token is bound to; DPoP proofs
//	accesstoken.go, opaquetokens.go         the token, in both formats
//	introspection.go, introspectionjwt.go   RFC 7662, RFC 9701
//	revocation.go                           RFC 7009
//	control.go, controlactions.go           changes at run time
//	clients.go, clientcheck.go, clientsfile.go, clientrotation.go
//	                                        clients, how they are configured and changed
//	expiring.go                             bounded memory of what expires
//	errors.go                               the error answers, as one table
package devserver
