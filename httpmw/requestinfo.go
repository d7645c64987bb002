package httpmw

import (
	"cmp"
	"crypto/x509"
	"net/http"
	"net/textproto"
	"net/url"

	"github.com/bearerguard/bearerguard/validator"
)

// requestInfo is a request as a binding sees it.
type requestInfo struct{ r *http.Request }

var _ validator.RequestInfo = requestInfo{}

// Method spells out the method that an empty one stands for.
func (i requestInfo) Method() string { return cmp.Or(i.r.Method, http.MethodGet) }

// URL puts together what HTTP sends apart: the connection says the scheme, Host
// or ":authority" the host (RFC 9110 §7.1).
func (i requestInfo) URL() *url.URL {
	u := *i.r.URL
	u.Scheme, u.Host, u.User = "http", i.r.Host, nil
	if i.r.TLS != nil {
		u.Scheme = "https"
	}
	return &u
}

func (i requestInfo) Header(name string) []string {
	return i.r.Header[textproto.CanonicalMIMEHeaderKey(name)]
}

func (i requestInfo) RemoteAddr() string { return i.r.RemoteAddr }

// PeerCertificate returns the leaf, which comes first (RFC 8446 §4.4.2).
func (i requestInfo) PeerCertificate() *x509.Certificate {
	if i.r.TLS != nil && len(i.r.TLS.PeerCertificates) > 0 {
		return i.r.TLS.PeerCertificates[0]
	}
	return nil
}
