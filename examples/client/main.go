// Command client is a service that calls the orders APIs in its own name: it gets
// its access token by the client credentials grant, keeps it until shortly before
// it expires, and gets another one if an API refuses it.
//
// It is configured by environment:
//
//	OAUTH2_ISSUER              the authorization server, whose metadata names the token endpoint
//	OAUTH2_TOKEN_URL           the token endpoint; without it, it is discovered from OAUTH2_ISSUER
//	OAUTH2_CLIENT_ID           the client identifier (required)
//	OAUTH2_CLIENT_SECRET       its secret, or
//	OAUTH2_CLIENT_SECRET_FILE  a file with the secret, or
//	OAUTH2_CLIENT_KEY_FILE     a file with a private key, PEM or JWK, that a fresh assertion is signed with for every
//	                           token request (RFC 7523); PEM keys are named by their thumbprint (RFC 7638)
//	OAUTH2_SCOPE               what to ask for; by default what ORDERS_CALLS need, and no more
//	OAUTH2_RESOURCE            the API that the token is for (RFC 8707), if the server wants to know
//	ORDERS_HTTP_URL            where orders-http or orders-echo is, or several of them, separated by spaces
//	ORDERS_GRPC_URL            where orders-grpc is, as https://host:port, or http://host:port without TLS
//	ORDERS_CALLS               what to call in every round, of list, create, delete (what was created before) and
//	                           whoami; list by default
//	ORDERS_INTERVAL            between two rounds; 5s by default
//	ORDERS_ROUNDS              how many there are; without it they go on until SIGTERM or SIGINT
//	SSL_CERT_FILE              PEM file of the authorities to trust, for servers behind a private one
//
// Every URL has to be https, except on loopback. A secret or key comes from the
// environment or a file and never from the command line, which everybody on the
// machine can read. A file is read again for every token request; replace it by
// renaming another over it.
//
// All problems with the environment are reported at once, and the exit status is
// 2. What happens is printed on standard output, without tokens and secrets; the
// last line counts. The exit status is 1 if a call has failed.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

const (
	exitFailed        = 1
	exitConfiguration = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal does what it does by default
	os.Exit(run(ctx, os.Getenv, os.Stdout, os.Stderr))
}

// run calls the APIs until ctx ends, or as often as the environment says, and
// returns the exit status.
func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) int {
	settings, err := fromEnv(getenv)
	if err == nil {
		var s *service
		if s, err = newService(settings, slog.New(slog.NewTextHandler(stdout, nil))); err == nil {
			defer s.close()
			s.run(ctx)
			return s.exitStatus()
		}
	}
	fmt.Fprintln(stderr, "the configuration is wrong:")
	fmt.Fprintln(stderr, err)
	return exitConfiguration
}
