// Command authserver is an OAuth 2.0 authorization server for development only:
// it runs package devserver on a loopback address.
//
// It is configured by environment:
//
//	ADDR                loopback address to listen on; 127.0.0.1:9000 by default, port 0 takes a free one
//	AUTHSERVER_ISSUER   issuer identifier; by default http:// and the address
//	AUTHSERVER_CLIENTS  path of a JSON file of clients (see devserver.ParseClients);
//	                    without it two demo clients get fresh secrets, printed once
//	AUTHSERVER_ALG      RS256 (default), PS256, ES256 or EdDSA
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
		fmt.Fprintf(stderr, "demo client %s with the scopes %v for %v, its secret is shown this once:\n", c.ID, c.Scopes, c.Audiences)
		fmt.Fprintf(stderr, "  curl -u %s:%s -d grant_type=client_credentials %s\n", c.ID, c.Secret, server.TokenURL())
	}
}
