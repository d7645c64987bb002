package grpcmw

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/url"

	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// requestInfo is a call as a binding sees it.
type requestInfo struct {
	ctx        context.Context // of the call, which it describes
	fullMethod string
}

var _ validator.RequestInfo = (*requestInfo)(nil)

// Method returns that of all calls (gRPC over HTTP2, "Requests").
func (r *requestInfo) Method() string { return http.MethodPost }

// URL returns what the call was sent to (gRPC over HTTP2, "Requests": the path
// is the full method).
func (r *requestInfo) URL() *url.URL {
	u := &url.URL{Scheme: "http", Path: r.fullMethod}
	if r.tls() != nil {
		u.Scheme = "https"
	}
	if authority := r.Header(":authority"); len(authority) == 1 {
		u.Host = authority[0]
	}
	return u
}

func (r *requestInfo) Header(name string) []string {
	return metadata.ValueFromIncomingContext(r.ctx, name) // it ignores case
}

func (r *requestInfo) RemoteAddr() string {
	if p, ok := peer.FromContext(r.ctx); ok && p.Addr != nil {
		return p.Addr.String()
	}
	return ""
}

func (r *requestInfo) PeerCertificate() *x509.Certificate {
	if info := r.tls(); info != nil && len(info.State.PeerCertificates) > 0 {
		return info.State.PeerCertificates[0]
	}
	return nil
}

// tls returns what is known of the connection's TLS, nil if it has none.
func (r *requestInfo) tls() *credentials.TLSInfo {
	p, ok := peer.FromContext(r.ctx)
	if !ok {
		return nil
	}
	if info, ok := p.AuthInfo.(credentials.TLSInfo); ok {
		return &info
	}
	return nil
}
