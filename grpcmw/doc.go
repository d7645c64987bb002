// Package grpcmw guards gRPC methods with OAuth 2.0 access tokens.
//
//	auth, err := grpcmw.New(v, grpcmw.Config{
//		Rules: map[string]scopes.Requirement{
//			"/orders.v1.OrderService/*":           scopes.All("orders:read"),
//			"/orders.v1.OrderService/CreateOrder": scopes.All("orders:write"),
//		},
//		Public: []string{"/grpc.health.v1.Health/*"},
//	})
//	server := grpc.NewServer(auth.ServerOptions()...)
//	// … register the services …
//	err = auth.CheckServices(server.GetServiceInfo()) // every method has a rule
//
// The access token is the one value of the "authorization" metadata, "Bearer"
// and a token (RFC 6750 §2.1). Handlers find it with [validator.TokenFrom]. A
// method without a rule is refused, with a valid token too; methods that need no
// token are named in [Config.Public]. A method that the server does not have is
// refused in the same way (see [Auth.ServerOptions]). What a refused call gets is told by the
// error table of package validator, see [Status].
//
// Tokens that are bound to a key come as "DPoP" and a token, with the proof in the
// "dpop" metadata. A proof is for the method POST and the URL of the call: https,
// or http without TLS, the :authority, and the full method, such as
// "https://api.example.com/orders.v1.OrderService/ListOrders". Each call needs a
// proof of its own.
//
// In place of the maps, [Config.Policy] takes a [scopes.Policy], in which the same
// operation has the same rule over gRPC and over HTTP; [Methods] is for holding both
// against it.
//
// What this package cannot do, because gRPC calls it too late or only once:
//
//   - A unary request has been received and decoded before its interceptor is
//     called, so bound it with [grpc.MaxRecvMsgSize].
//   - A message that a stream has received before its token expired is handled by
//     a handler that may take its time: see [Auth.Stream].
//   - A unary handler that was generated for one service and is registered under
//     the name of another reports the former to its interceptors. Such a call is
//     refused, because no rule is certain to be meant.
package grpcmw
