package ordersclient

import (
	"crypto/tls"

	"google.golang.org/grpc"

	"github.com/bearerguard/bearerguard/examples/client/tokens"
)

// Connected is an API at an address.
type Connected struct {
	API
	At string

	close func()
}

// Close closes its connections. It must not be used after that.
func (c Connected) Close() { c.close() }

// Connect returns the APIs at addresses that [AddressesFromEnv] has not complained
// about, in their order, gRPC last. They are called with the tokens of the cache.
// Nothing is sent yet. A call that is refused for its token is made once more with
// another one, after onRetry was called; that may be nil.
func Connect(addresses Addresses, cache *tokens.Cache, onRetry func()) ([]Connected, error) {
	var all []Connected
	for _, base := range addresses.HTTP {
		transport := &tokens.Transport{Cache: cache, API: base, OnRetry: onRetry}
		client := transport.NewClient()
		all = append(all, Connected{NewHTTP(base, client), base.String(), client.CloseIdleConnections})
	}
	if addresses.GRPC == nil {
		return all, nil
	}
	security := tokens.GRPC{Cache: cache, OnRetry: onRetry}
	if addresses.GRPC.Scheme == "https" {
		security.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	conn, err := grpc.NewClient(addresses.GRPC.Host, security.DialOptions()...)
	if err != nil {
		return nil, err
	}
	return append(all, Connected{NewGRPC(conn), addresses.GRPC.String(), func() { _ = conn.Close() }}), nil
}
