package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// api is one orders API on three transports, by their addresses.
type api struct {
	http, echo, grpc string
	tls              *tls.Config    // nil: plain
	roots            *x509.CertPool // that clients trust
	stop             []func()
}

// scheme is that of the API's URLs.
func (s *api) scheme() string {
	if s.tls == nil {
		return "http"
	}
	return "https"
}

// The same rules on every transport.
var (
	needsRead  = scopes.All("orders:read")
	needsWrite = scopes.All("orders:write")
	needsAdmin = scopes.All("orders:read", "orders:admin")
	// Money goes out only for a user who was there a moment ago (RFC 9470).
	needsPayout = scopes.All("orders:read").And(scopes.ACR("urn:example:phr"), scopes.MaxAge(5*time.Minute))
)

// newValidator says what a good token is for this API. The issuer is all it
// needs to find the keys.
func newValidator(auth *authServer, keys jwks.Source) (*validator.Validator, error) {
	return validator.New(validator.Config{
		Issuer:               auth.Issuer(),
		Audiences:            []string{ordersAPI},
		AllowedClients:       []string{"billing", "reports"},
		InsecureLoopbackHTTP: true, // this program runs on loopback only
		Keys:                 keys,
		Check:                ownRules,
	})
}

// ownRules is what only this API can know about a token.
func ownRules(_ context.Context, t *validator.Token) error {
	var mine struct {
		Account string `json:"account"`
	}
	if err := t.Claims(&mine); err != nil {
		return err
	}
	switch mine.Account {
	case "suspended":
		return errors.New("the account is suspended")
	case "unknown": // the account service is down
		return validator.NewUnavailableError(validator.CodeDependencyUnavailable, 2*time.Second, errors.New("account service"))
	case "crash": // a bug in this very function
		panic("ownRules has a bug")
	}
	return nil
}

// contextOf gives a request its context.
type contextOf func(context.Context) (context.Context, context.CancelFunc)

// startAPI serves the API on all three transports, by TLS if there is a configuration
// for it.
func startAPI(a validator.Authenticator, around contextOf, config *tls.Config, roots *x509.CertPool) (*api, error) {
	s := &api{tls: config, roots: roots}
	for _, start := range []func(validator.Authenticator, contextOf) error{
		s.startHTTP, s.startEcho, s.startGRPC,
	} {
		if err := start(a, around); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func (s *api) close() {
	for _, stop := range s.stop {
		stop()
	}
}

func (s *api) startHTTP(a validator.Authenticator, around contextOf) error {
	auth, err := httpmw.New(a, httpmw.Config{})
	if err != nil {
		return err
	}
	mux := auth.NewMux()
	mux.HandleFunc("GET /orders", needsRead, func(w http.ResponseWriter, r *http.Request) {
		token, _ := validator.TokenFrom(r.Context())
		fmt.Fprintf(w, "orders for %s\n", token.ClientID())
	})
	mux.HandleFunc("POST /orders", needsWrite, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	mux.HandleFunc("DELETE /orders", needsAdmin, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST /payouts", needsPayout, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	mux.HandleFunc("GET /reports", scopes.Authenticated(), func(w http.ResponseWriter, r *http.Request) {
		// Nobody has written a rule for this one: the zero requirement denies.
		if _, err := auth.Check(r, scopes.Requirement{}); err != nil {
			auth.Deny(w, r, err)
		}
	})
	mux.Optional("GET /catalog", scopes.Authenticated(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	mux.Public("GET /healthz", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	return s.serveHTTP(mux, around, &s.http)
}

func (s *api) startEcho(a validator.Authenticator, around contextOf) error {
	auth, err := echomw.New(a, echomw.Config{})
	if err != nil {
		return err
	}
	// Routes have guards of their own; what no route matches has no rule, and is
	// denied here.
	unrouted, err := echomw.New(a, echomw.Config{Skipper: func(c echo.Context) bool { return c.Path() != "" }})
	if err != nil {
		return err
	}
	e := echo.New()
	e.Use(unrouted.Require(scopes.Authenticated()))
	e.GET("/orders", func(c echo.Context) error {
		token, _ := echomw.TokenFrom(c)
		return c.String(http.StatusOK, fmt.Sprintf("orders for %s\n", token.ClientID()))
	}, auth.Require(needsRead))
	e.POST("/orders", func(c echo.Context) error { return c.NoContent(http.StatusCreated) }, auth.Require(needsWrite))
	e.DELETE("/orders", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }, auth.Require(needsAdmin))
	e.POST("/payouts", func(c echo.Context) error { return c.NoContent(http.StatusAccepted) }, auth.Require(needsPayout))
	e.GET("/catalog", func(c echo.Context) error { return c.NoContent(http.StatusOK) }, auth.Optional(scopes.Authenticated()))
	e.GET("/healthz", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	return s.serveHTTP(e, around, &s.echo)
}

func (s *api) serveHTTP(h http.Handler, around contextOf, address *string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := around(r.Context())
		defer cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	})}
	if s.tls != nil {
		server.TLSConfig = s.tls.Clone()
		go func() { _ = server.ServeTLS(listener, "", "") }()
	} else {
		go func() { _ = server.Serve(listener) }()
	}
	s.stop = append(s.stop, func() { _ = server.Close() })
	*address = listener.Addr().String()
	return nil
}

func (s *api) startGRPC(a validator.Authenticator, around contextOf) error {
	auth, err := grpcmw.New(a, grpcmw.Config{
		Rules: map[string]scopes.Requirement{
			ordersService + "ListOrders":  needsRead,
			ordersService + "CreateOrder": needsWrite,
			ordersService + "DeleteOrder": needsAdmin,
			ordersService + "PayOut":      needsPayout,
		},
		Optional: map[string]scopes.Requirement{ordersService + "ListCatalog": scopes.Authenticated()},
		Public:   []string{"/grpc.health.v1.Health/*"},
	})
	if err != nil {
		return err
	}
	deadline := func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		ctx, cancel := around(ctx)
		defer cancel()
		return next(ctx, request)
	}
	transport := insecure.NewCredentials()
	if s.tls != nil {
		transport = credentials.NewTLS(s.tls.Clone())
	}
	server := grpc.NewServer(grpc.Creds(transport), grpc.ChainUnaryInterceptor(deadline, auth.Unary()), grpc.ChainStreamInterceptor(auth.Stream()))
	server.RegisterService(&ordersServiceDesc, nil)
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = server.Serve(listener) }()
	s.stop = append(s.stop, server.Stop)
	s.grpc = listener.Addr().String()
	return nil
}

const ordersService = "/quickstart.v1.OrderService/"

// ordersServiceDesc is what a .proto file would be compiled to. ListReports is
// in the service but in no rule.
var ordersServiceDesc = grpc.ServiceDesc{
	ServiceName: "quickstart.v1.OrderService",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{
		ordersMethod("ListOrders"), ordersMethod("CreateOrder"), ordersMethod("DeleteOrder"), ordersMethod("PayOut"),
		ordersMethod("ListReports"), ordersMethod("ListCatalog"),
	},
}

func ordersMethod(name string) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name, Handler: func(_ any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		request := new(emptypb.Empty)
		if err := decode(request); err != nil {
			return nil, err
		}
		info := &grpc.UnaryServerInfo{FullMethod: ordersService + name}
		return interceptor(ctx, request, info, func(ctx context.Context, _ any) (any, error) {
			if token, ok := validator.TokenFrom(ctx); ok {
				return wrapperspb.String("orders for " + token.ClientID()), nil
			}
			return wrapperspb.String("anonymous"), nil
		})
	}}
}
