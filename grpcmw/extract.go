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

// newRequest describes a call to the guard. The values of the metadata are handed
// over as they are: how many there may be and what they may look like is the
// guard's business.
func newRequest(ctx context.Context, fullMethod string, r rule) validator.Request {
	return validator.Request{
		Operation:       operation(fullMethod),
		Requirement:     r.requirement,
		Optional:        r.optional,
		Authorization:   metadata.ValueFromIncomingContext(ctx, "authorization"),
		Method:          http.MethodPost, // gRPC over HTTP2, "Requests"
		URL:             requestURL(ctx, fullMethod),
		Proofs:          metadata.ValueFromIncomingContext(ctx, "dpop"), // RFC 9449 §4.1
		PeerCertificate: peerCertificate(ctx),
	}
}

// operation returns the name of a method for logs and hooks. Behind a
// [grpc.UnknownServiceHandler] the client makes names up, so one that could not
// be a method's, or is far too long for one, is not repeated.
func operation(fullMethod string) string {
	service, method, ok := splitName(fullMethod)
	if !ok || method == "*" || len(service)+len(method) > maxOperation {
		return "(unlisted)"
	}
	return fullMethod
}

const maxOperation = 200

// requestURL returns as much of the URL as the call tells: the scheme is not
// known behind a proxy that ends TLS.
func requestURL(ctx context.Context, fullMethod string) *url.URL {
	u := &url.URL{Path: fullMethod}
	if authority := metadata.ValueFromIncomingContext(ctx, ":authority"); len(authority) == 1 {
		u.Host = authority[0]
	}
	return u
}

// peerCertificate returns the client's certificate, verified or not: RFC 8705
// §2.2 and §3 allow self-signed ones.
func peerCertificate(ctx context.Context) *x509.Certificate {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.PeerCertificates) == 0 {
		return nil
	}
	return info.State.PeerCertificates[0]
}
