package main

import (
	"fmt"
	"io"
)

// printCurl prints what to paste into a shell while the servers run.
func printCurl(out io.Writer, auth *authServer, apis *apis) {
	fmt.Fprintf(out, `Everything is running on loopback; ctrl-C stops it. The secret is a fresh one of
a development authorization server. In another terminal:

# a token for the client "billing", by the client credentials grant (RFC 6749 §4.4)
TOKEN=$(curl -s -u billing:%s -d grant_type=client_credentials -d scope=orders:read %s | sed 's/.*"access_token":"\([^"]*\)".*/\1/')

# net/http: let in, then refused for scope, then for having no token
curl -i -H "Authorization: Bearer $TOKEN" http://%[3]s/orders
curl -i -H "Authorization: Bearer $TOKEN" -X POST http://%[3]s/orders
curl -i http://%[3]s/orders

# the same on Echo
curl -i -H "Authorization: Bearer $TOKEN" http://%[4]s/orders
curl -i -H "Authorization: Bearer $TOKEN" -X POST http://%[4]s/orders

# what a resource server reads of the authorization server
curl -s %[5]s/.well-known/oauth-authorization-server
curl -s %[6]s

gRPC listens on %[7]s (service quickstart.v1.OrderService).
`, auth.secret, auth.TokenURL(), apis.good.http, apis.good.echo, auth.Issuer(), auth.JWKSURL(), apis.good.grpc)
}
