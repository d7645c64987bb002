// Command login signs in a user by the authorization code flow with PKCE, as a
// program on the user's machine does (RFC 8252), and asks the orders APIs who it
// is now. They take the user's token through the same door as a service's.
//
// It prints an address for a browser and waits for the answer on a free port of
// 127.0.0.1, for which the client needs the redirect URI http://127.0.0.1/callback;
// the authorization server has to allow any port there (RFC 8252 §7.3). With -open
// it also asks the desktop to open the address.
//
// It is configured by environment:
//
//	OAUTH2_ISSUER     the authorization server (required); its metadata names the endpoints
//	OAUTH2_CLIENT_ID  the client identifier of a public client (required)
//	OAUTH2_SCOPE      what to ask for; orders:read by default
//	OAUTH2_RESOURCE   the API that the token is for (RFC 8707), if the server wants to know
//	ORDERS_HTTP_URL   where orders-http or orders-echo is, or several of them, separated by spaces
//	ORDERS_GRPC_URL   where orders-grpc is, as https://host:port, or http://host:port without TLS
//	LOGIN_TIMEOUT     how long to wait for the user; 5m by default
//	SSL_CERT_FILE     PEM file of the authorities to trust, for servers behind a private one
//
// Every URL has to be https, except on loopback. The token is kept in memory, is
// never printed, and is gone when the program ends.
//
// All problems with the environment are reported at once, and the exit status is
// 2. It is 1 if the user has not signed in, or an API does not accept the token.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const (
	exitFailed        = 1
	exitConfiguration = 2
)

func main() {
	open := flag.Bool("open", false, "ask the desktop to open the address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, *open, os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run signs in and returns the exit status.
func run(ctx context.Context, open bool, getenv func(string) string, stdout, stderr io.Writer) int {
	s, err := fromEnv(getenv)
	if err != nil {
		fmt.Fprintln(stderr, "the configuration is wrong:")
		fmt.Fprintln(stderr, err)
		return exitConfiguration
	}
	token, err := s.signIn(ctx, func(address string) {
		fmt.Fprintln(stdout, "Open this address in a browser:")
		fmt.Fprintln(stdout, address)
		if open {
			openBrowser(address)
		}
	})
	if err != nil {
		fmt.Fprintln(stderr, "not signed in:", err)
		return exitFailed
	}
	fmt.Fprintln(stdout, "Signed in.")
	if !s.introduce(ctx, token, stdout) {
		return exitFailed
	}
	return 0
}
