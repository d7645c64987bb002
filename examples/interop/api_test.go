//go:build interop

package interop_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
	ordersv1 "github.com/bearerguard/bearerguard/examples/orders-grpc/orders/v1"
	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// readable is what every operation here needs.
var readable = scopes.All("orders:read")

// An api is one API behind three adapters, with one validator. All of them serve
// TLS and ask for a client certificate.
type api struct {
	fronts []front

	mu   sync.Mutex
	last validator.Decision
}

// config is what a validator has to know of this provider: the keys are discovered.
func (p *provider) config(t *testing.T, audience string) validator.Config {
	t.Helper()
	c := validator.Config{Issuer: p.issuer, Audiences: []string{audience}, Profile: validator.ProfileRFC9068}
	if p.authority == nil {
		c.InsecureLoopbackHTTP = true
	} else { // behind a private CA
		c.Keys = p.keys(t, jwks.Config{})
	}
	return c
}

// keys are those of the provider, discovered, by other settings than the defaults.
func (p *provider) keys(t *testing.T, c jwks.Config) *jwks.Remote {
	t.Helper()
	c.Issuer = p.issuer
	if c.InsecureLoopbackHTTP = p.authority == nil; p.authority != nil {
		c.Transport = p.transport(t, nil)
	}
	keys, err := jwks.NewRemote(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keys.Close() })
	return keys
}

// serve starts the three servers.
func serve(t *testing.T, config validator.Config) *api {
	t.Helper()
	a := &api{}
	config.OnDecision = a.decided
	v, err := validator.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	ca := newAuthority(t)
	// The certificate is asked for, not verified: with a token that is bound to
	// it, its thumbprint decides (RFC 8705 §3).
	server := &tls.Config{Certificates: []tls.Certificate{ca.server(t)}, ClientAuth: tls.RequestClientCert}
	a.fronts = []front{
		a.netHTTP(t, v, ca, server),
		a.echo(t, v, ca, server),
		a.grpc(t, v, ca, server),
	}
	return a
}

func (a *api) netHTTP(t *testing.T, v *validator.Validator, ca *authority, config *tls.Config) front {
	t.Helper()
	auth, err := httpmw.New(v, httpmw.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mux := auth.NewMux()
	mux.HandleFunc("GET /whoami", readable, func(w http.ResponseWriter, r *http.Request) {
		token, _ := validator.TokenFrom(r.Context())
		rest.Write(w, http.StatusOK, rest.NewCaller(token))
	})
	return a.overHTTP(t, "net/http", mux, ca, config)
}

func (a *api) echo(t *testing.T, v *validator.Validator, ca *authority, config *tls.Config) front {
	t.Helper()
	auth, err := echomw.New(v, echomw.Config{})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.GET("/whoami", func(c echo.Context) error {
		token, _ := echomw.TokenFrom(c)
		return c.JSON(http.StatusOK, rest.NewCaller(token))
	}, auth.Require(readable))
	return a.overHTTP(t, "Echo", e, ca, config)
}

func (a *api) overHTTP(t *testing.T, name string, handler http.Handler, ca *authority, config *tls.Config) front {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS = config.Clone()
	server.StartTLS()
	t.Cleanup(server.Close)
	return front{api: a, name: name, method: http.MethodGet, url: server.URL + "/whoami", ca: ca, send: sendHTTP}
}

func (a *api) grpc(t *testing.T, v *validator.Validator, ca *authority, config *tls.Config) front {
	t.Helper()
	auth, err := grpcmw.New(v, grpcmw.Config{Rules: map[string]scopes.Requirement{
		ordersv1.OrderService_WhoAmI_FullMethodName: readable,
	}})
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(append(auth.ServerOptions(), grpc.Creds(credentials.NewTLS(config.Clone())))...)
	ordersv1.RegisterOrderServiceServer(server, whoAmI{})
	address := listen(t, server)
	return front{
		api: a, name: "gRPC", method: http.MethodPost, ca: ca, send: sendGRPC,
		url: "https://" + address + ordersv1.OrderService_WhoAmI_FullMethodName,
	}
}

// decided remembers what came of the last request.
func (a *api) decided(_ context.Context, d validator.Decision) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = d
}

// decision returns what came of the last request, and forgets it.
func (a *api) decision() validator.Decision {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := a.last
	a.last = validator.Decision{}
	return d
}
