// Package interop holds the library against oidc-provider, a certified
// authorization server for Node.js. There is nothing to import: everything is in
// tests behind the build tag "interop", which the script run starts once it has
// seen to Node.js and oidc-provider.
package interop
