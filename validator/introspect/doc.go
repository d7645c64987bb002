// Package introspect asks an authorization server about tokens that say nothing
// by themselves, opaque ones above all (RFC 7662). A [Client] is the
// [validator.Introspector] of a validator:
//
//	client, err := introspect.New(introspect.Config{
//		Issuer: "https://auth.example.com",
//		Auth: introspect.ClientAuth{
//			Method:   introspect.SecretBasic,
//			ClientID: "orders-api",
//			Secret:   secret,
//		},
//	})
//	defer client.Close()
//
// What the authorization server says of an active token is remembered for a
// short time, never beyond the token's exp, and found again by the SHA-256 of the
// token; the token itself is not kept. That time, [CacheConfig].TTL, is how long
// a token can still be used after it was revoked. Callers that ask about one token
// at a time share one request.
//
// A token that the authorization server says is not active is refused with 401.
// Everything else that is not a well-formed answer, above all an authorization
// server that is down or does not accept this client, is 503: the token could
// not be judged. After some failures in a row the authorization server is left
// alone for a while, and tokens that are not remembered get their 503 at once.
//
// The validator holds the claims against the same rules as those of a JWT. The
// authorization server must tell exp, and aud unless it is not asked for; sub and
// iss may be absent.
package introspect
