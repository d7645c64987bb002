// Package mtls checks access tokens that are bound to the client certificate of
// mutual TLS (RFC 8705 §3): such a token has the SHA-256 of the certificate in
// cnf, as "x5t#S256", and is of no use to whoever cannot show the certificate.
//
// [New] makes the [validator.Binding]. The certificate is that of the TLS
// connection or, behind a proxy that ends TLS (§6.5), the one that it tells of in
// a header field. What decides is where the request comes from:
//
//   - from anybody who is not named in [Config.TrustedProxies], the certificate of
//     the connection counts, and header fields are ignored;
//   - from a trusted proxy, the header field counts, and the certificate of the
//     connection is ignored, because it is the proxy's own.
//
// Not checked here: the certificate's dates, its issuer and whether it was
// revoked. The resource server need not know (RFC 8705 §6.2), and a token bound
// to a self-signed certificate (§2.2) has no other check than its thumbprint. What
// has to hold is that the handshake proved possession of the private key. Package
// crypto/tls sees to that wherever there is a client certificate, so
// [crypto/tls.RequestClientCert] is enough; so does a proxy that is told to ask
// for certificates.
package mtls
