package mtls

import (
	"strings"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// maxField is how long the header field may be. A certificate of 4 KiB takes 6
// there; Envoy may add the chain.
const maxField = 32 << 10

// A Header is a header field in which a proxy tells of the client's certificate.
// The zero Header is none. The value is read strictly: one certificate, nothing
// around it, at most 32 KiB. The certificate itself is not parsed, only hashed:
// to be anything but the certificate of the token, it would have to have the
// same SHA-256.
type Header struct {
	form form
	name string
}

type form uint8

const (
	formClientCert form = iota + 1
	formXFCC
	formEscapedPEM
)

// ClientCert is the standard field, Client-Cert (RFC 9440 §2.2): the
// certificate's DER in base64, between colons.
func ClientCert() Header { return Header{formClientCert, "Client-Cert"} }

// XFCC is the field of Envoy and of what is built on it, such as Istio:
// x-forwarded-client-cert, of which the keys Hash and Cert are used; if both are
// there, they must agree.
//
// The field must have exactly one element, as Envoy makes it with
// forward_client_cert_details: SANITIZE_SET. With several, the last is the
// nearest proxy's and those before it came with the request, but a certificate's
// URI name, which Envoy copies without quotes, can also hold a comma and an
// element of the client's own making. FORWARD_ONLY and ALWAYS_FORWARD_ONLY pass on
// what a client has written, and must not be used.
func XFCC() Header { return Header{formXFCC, "X-Forwarded-Client-Cert"} }

// Nginx is a field with the certificate as PEM, percent-encoded, by the name
// that the proxy's configuration gives it:
//
//	proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;
//
// Others use that form, too, such as AWS load balancers that verify certificates
// (X-Amzn-Mtls-Clientcert-Leaf).
func Nginx(name string) Header { return Header{formEscapedPEM, name} }

// check reports what is wrong with h.
func (h Header) check(problems *configerr.List) {
	problems.Check(h == Header{} || isToken(h.name), "Header", "its name is not that of a header field")
}

// isToken reports whether s can name a header field (RFC 9110 §5.1 and §5.6.2).
func isToken(s string) bool {
	return s != "" && strings.Trim(s,
		"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// parse returns the digest of the certificate that a value of the field tells of.
func (h Header) parse(value string) (digest, bool) {
	switch h.form {
	case formClientCert:
		return parseClientCert(value)
	case formXFCC:
		return parseXFCC(value)
	case formEscapedPEM:
		return parseEscapedPEM(value)
	}
	return digest{}, false
}
