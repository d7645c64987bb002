// Command orders-echo is the orders API on Echo: each route needs the least
// scope that will do. The rules are those of one policy for all three programs; with
// a route that does not fit it, the program does not start.
//
//	GET /orders, GET /orders/{id}   orders:read
//	POST /orders                    orders:write
//	DELETE /orders/{id}             orders:admin
//	GET /orders/events              orders:read (server-sent events)
//	GET /whoami                     any valid token
//	GET /healthz                    public
//
// It is configured by environment:
//
//	OAUTH2_ISSUER         the authorization server (required)
//	OAUTH2_AUDIENCE       the name of this API in tokens (required)
//	OAUTH2_JWKS_URL       the issuer's keys; found by discovery if empty
//	OAUTH2_PROFILE        rfc9068 or jwt (default)
//	OAUTH2_SCOPE_CLAIM    the claims that scopes come from, if not scope and scp
//	OAUTH2_INSECURE_HTTP  loopback: plain http to an issuer on this machine
//	ADDR                  127.0.0.1:8081 by default; port 0 takes a free one
//	TLS_CERT, TLS_KEY     PEM files: serve TLS
//	LEDGER_FILE           what clients used of their scopes, for examples/scopereport
//	SSL_CERT_FILE         PEM file of the authorities to trust, for an issuer behind a private one
//
// All problems with it are reported at once, with exit status 2. When the program
// is ready it prints "listening on 127.0.0.1:PORT"; SIGTERM drains it.
package main

import (
	"context"
	"log/slog"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	"github.com/bearerguard/bearerguard/examples/internal/process"
	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/validator"
)

func main() { process.Main("127.0.0.1:8081", run) }

func run(ctx context.Context, p *process.Process) error {
	v, err := validator.New(p.Validator)
	if err != nil {
		return err
	}
	defer func() { _ = v.Close() }()
	store := orders.NewStore()
	auth, err := echomw.New(v, echomw.Config{Realm: "orders", Policy: orders.Policy})
	if err != nil {
		return err
	}
	e, err := newAPI(auth, store)
	if err != nil {
		return err
	}
	// Echo's own log would go to standard output.
	e.Logger.SetOutput(slog.NewLogLogger(p.Logger.Handler(), slog.LevelError).Writer())

	server := p.NewHTTPServer(e)
	server.RegisterOnShutdown(store.Close) // event streams never end by themselves
	return p.Serve(ctx, server)
}
