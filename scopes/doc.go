// Package scopes says what an access token was granted, a [Set], and what an
// operation needs, a [Requirement], and compares the two.
//
// Scope values are compared whole and case-sensitively (RFC 6749 §3.3): there
// are no wildcards, no prefixes and no hierarchy.
package scopes
