// Command authserver is an OAuth 2.0 authorization server for development only:
// it runs package devserver on a loopback address.
//
// It is configured by environment:
//
//	ADDR                       loopback address to listen on; 127.0.0.1:9000 by default, port 0 takes a free one
//	AUTHSERVER_ISSUER          issuer identifier; by default http:// (with TLS: https://) and the address
//	AUTHSERVER_TLS_CERT        path of a PEM file: serves TLS with this certificate chain, on loopback all the same
//	AUTHSERVER_TLS_KEY         path of a PEM file: its private key
//	AUTHSERVER_CLIENT_CAS      path of a PEM file: the authorities that vouch for certificates of clients (tls_client_auth)
//	AUTHSERVER_CLIENTS         path of a JSON file of clients (see devserver.ParseClients); without it there are
//	                           the demo clients demo-reader and demo-admin with fresh secrets, printed once, and
//	                           demo-login, which is public and has the redirect URI http://127.0.0.1/callback
//	AUTHSERVER_ALG             RS256 (default), PS256, ES256 or EdDSA
//	AUTHSERVER_PROFILE         rfc9068 (default) or jwt: the kind of token for clients that do not name one
//	AUTHSERVER_TOKEN_LIFETIME  of access tokens, such as 90s; 5m by default
//	AUTHSERVER_USERS           names on the consent page, such as alice,bob; without it any name can be typed
//	AUTHSERVER_ACR_VALUES      what acr_values can ask for, separated by spaces; none by default
//	AUTHSERVER_DPOP_NONCES     true: DPoP proofs need a nonce of the server; false by default
//	AUTHSERVER_CONTROL_TOKEN   bearer token of the control endpoint (see package devserver); without it there is none
//
// All problems with it are reported at once, and the exit status is 2. When the
// server is ready it prints one line on standard output, "listening on
// 127.0.0.1:PORT"; everything else, structured logs included, goes to standard
// error. SIGTERM and SIGINT finish the requests under way and end it with
// status 0.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

const (
	exitFailed        = 1
	exitConfiguration = 2

	drainTime = 10 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run serves until ctx ends and returns the exit status.
func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	logger := slog.New(slog.NewJSONHandler(stderr, nil))
	server, demo, err := configure(getenv, logger)
	if err != nil {
		fmt.Fprintln(stderr, "authserver (development only): the configuration is wrong:")
		fmt.Fprintln(stderr, err)
		return exitConfiguration
	}
	defer server.Close()
	if err := server.Start(); err != nil {
		fmt.Fprintln(stderr, err)
		return exitFailed
	}
	announce(stderr, server, demo)
	fmt.Fprintln(stdout, "listening on", server.Addr())

	select {
	case err := <-server.Done():
		logger.Error("serving ended", "error", err)
		return exitFailed
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := server.Shutdown(drain); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		logger.Error("shutdown", "error", err)
		return exitFailed
	}
	return 0
}

// announce says what this is, and how to get a first token.
func announce(stderr io.Writer, server *devserver.Server, demo []devserver.Client) {
	fmt.Fprintln(stderr, "authserver, for DEVELOPMENT ONLY: keys in memory, new at every start")
	fmt.Fprintln(stderr, "issuer:", server.Issuer())
	for _, c := range demo {
		if c.Public {
			fmt.Fprintf(stderr, "demo client %s with the scopes %v for %v is public and signs in a user (RFC 8252):\n", c.ID, c.Scopes, c.Audiences)
			fmt.Fprintf(stderr, "  %s with PKCE and the redirect_uri %s, on any port\n", server.AuthorizeURL(), c.RedirectURIs[0])
			continue
		}
		fmt.Fprintf(stderr, "demo client %s with the scopes %v for %v, its secret is shown this once:\n", c.ID, c.Scopes, c.Audiences)
		fmt.Fprintf(stderr, "  curl -u %s:%s -d grant_type=client_credentials %s\n", c.ID, c.Secret, server.TokenURL())
	}
}
