// Package scopes says what an access token was granted, a [Set] or a [Grant],
// what an operation needs, a [Requirement], and compares the two. A [Policy] names
// the operations of an API and binds them to HTTP routes and gRPC methods.
//
// Scope values are compared whole and case-sensitively (RFC 6749 §3.3): there
// are no wildcards, no prefixes and no hierarchy.
//
// # Requirements
//
// [All], [Any] and [Authenticated] are about scopes. [ACR] and [MaxAge] ask how and
// when the user was authenticated (RFC 9470), [WithDetail] what
// authorization_details grant (RFC 9396). All of them combine by
// [Requirement.And] and [Requirement.Or], and [ParseRequirement] reads them from
// text.
//
// # Policies
//
// A rule of a policy belongs to the route that a router matched, not to the path
// of a request: there is no second matching that could come to another result.
// What has no rule is refused. [Policy.Check] finds routes without rule and rules
// without route, [Diff] what two policies, one of them made from an OpenAPI
// document for instance, do not agree on.
package scopes
