package validator

import (
	"crypto/x509"
	"net/url"
)

// RequestInfo tells of the request around a token what a [Binding] needs to
// know. An adapter implements it on top of its framework's request, so that
// nothing is computed that nobody asks for.
type RequestInfo interface {
	// Method returns the HTTP method. gRPC's is POST.
	Method() string
	// URL returns the request's absolute URL as this server has received it:
	// https if the connection is, the host of the Host field or of :authority.
	// Behind a proxy it is not what the client sees.
	URL() *url.URL
	// Header returns every value of a header field, or of gRPC metadata, by its
	// name in any case. The slice must not be modified.
	Header(name string) []string
	// RemoteAddr returns the network address of the peer that sent the request,
	// "IP:port" on TCP; it may be a proxy's. Empty: not known.
	RemoteAddr() string
	// PeerCertificate returns the peer's TLS certificate, verified or not (RFC
	// 8705 §2.2 and §3 allow self-signed ones); nil without mutual TLS.
	PeerCertificate() *x509.Certificate
}
