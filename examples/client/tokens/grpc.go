package tokens

import (
	"context"
	"crypto/tls"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/local"
	"google.golang.org/grpc/status"
)

// GRPC sends a bearer token with every call to one API. A unary call that ends
// with Unauthenticated is made once more with a fresh token; a stream is not, for
// nobody knows what was already sent.
//
// For a TLS connection it does what google.golang.org/grpc/credentials/oauth does,
// without the client libraries for Google's cloud that come along with that; and
// it has an answer for loopback, where that package sends no token.
type GRPC struct {
	// Cache has the tokens.
	Cache *Cache
	// TLS is how to connect; the zero value trusts the system's authorities. Nil:
	// plain text, to loopback only, which is decided by the address that was
	// connected to and not by its name.
	TLS *tls.Config
	// OnRetry is called before a call is made again. Nil: nothing is.
	OnRetry func()
}

// DialOptions returns the options for [grpc.NewClient].
func (g GRPC) DialOptions() []grpc.DialOption {
	connection := local.NewCredentials() // fails if the other end is not on this machine
	if g.TLS != nil {
		connection = credentials.NewTLS(g.TLS)
	}
	return []grpc.DialOption{
		grpc.WithTransportCredentials(connection),
		grpc.WithPerRPCCredentials(perRPC{g.Cache, g.TLS != nil}),
		grpc.WithChainUnaryInterceptor(g.retry),
	}
}

func (g GRPC) retry(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	// The one that this call is made with, unless it is renewed this very moment;
	// then it is not dropped, and the call is made again with the new one.
	token, err := g.Cache.Token()
	if err != nil {
		return unavailable(err)
	}
	err = invoke(ctx, method, request, reply, conn, options...)
	if status.Code(err) != codes.Unauthenticated || !g.Cache.Drop(token) {
		return err
	}
	if g.OnRetry != nil {
		g.OnRetry()
	}
	return invoke(ctx, method, request, reply, conn, options...)
}

// perRPC implements [credentials.PerRPCCredentials].
type perRPC struct {
	cache  *Cache
	secure bool
}

// RequireTransportSecurity makes package grpc refuse a connection that is not
// private and authentic (RFC 6750 §5.3).
func (p perRPC) RequireTransportSecurity() bool { return p.secure }

// GetRequestMetadata returns the token (RFC 6750 §2.1).
func (p perRPC) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := p.cache.Token()
	if err != nil {
		return nil, unavailable(err)
	}
	return map[string]string{"authorization": "Bearer " + token.AccessToken}, nil
}

// unavailable says that there is no token. By default it would be
// Unauthenticated, as if the API had said so.
func unavailable(err error) error { return status.Error(codes.Unavailable, err.Error()) }
