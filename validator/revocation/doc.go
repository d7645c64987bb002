// Package revocation refuses tokens before they expire: one token by its jti, or
// all that a user, a client or a session has got up to some time.
//
// A [List] is the [validator.Revocation] in memory, for an API of one process;
// module github.com/bearerguard/bearerguard/validator/redis has one that many
// replicas share. A list in memory starts empty: what was revoked before a
// restart is to be revoked again.
//
// Tokens are told by what they say of themselves, never by a hash of the token:
// one access token can be written in more than one way, by its signature for
// example.
//
// # Times
//
// A revocation of a subject, a client or a session has two times. Tokens issued
// up to "before" are refused. As iat counts whole seconds, which issuers round
// as they like, so does before, rounded up: a token that was issued in the same
// second, or with an iat in the next one, is refused even if it is a new one, and
// the client has to fetch another. So is a token without an iat. If the clock of
// the issuer is ahead of the caller's, tokens from before the revocation seem to
// come from after it: add to before by how much it may be.
//
// "Until" is when the last of these tokens expires: now plus the longest lifetime
// that the issuer gives. It is taken without leeway, as the token has it in exp;
// the revocation is kept for [validator.MaxLeeway] longer.
package revocation
