// Package openapi reads a [scopes.Policy] from the security of an OpenAPI
// document, version 3.0, 3.1 or 3.2: to serve by it, or to hold code against the
// document in a test.
//
//	documented, err := openapi.LoadFile("openapi.yaml", openapi.Config{})
//	…
//	for _, d := range scopes.DiffHTTP(policy, documented) {
//		t.Error(d)
//	}
//
// The security of an operation takes the place of that of the document. It is a
// list of alternatives, each of which names schemes that are needed together, with
// their scopes:
//
//   - oauth2 and openIdConnect ask for all of the scopes; for any valid token if
//     there are none. Scopes of oauth2 have to be declared in one of its flows.
//     Those of openIdConnect are declared elsewhere and not checked.
//   - http with the scheme bearer asks for any valid token.
//   - {} among others makes the token optional; [] is public.
//   - apiKey, mutualTLS and other schemes of http are errors, because a policy
//     cannot ask for them; see Config.IgnoreSchemes.
//
// An operation without any security, its own or that of the document, is an error
// here, though OpenAPI takes it for public: it may as well have been forgotten.
//
// An operation is named by its operationId, or else by method and path. Callbacks
// and webhooks are requests that the API sends, and have no rules. Documents cannot
// say that a rule is in shadow, nor ask for acr or max_age.
//
// The document has to be valid as a whole, so that a key which is misspelled, as
// in "securty", does not pass for one that is not there. References to other
// documents are not followed: neither files nor network are looked at. Bundle such
// a document first.
package openapi
