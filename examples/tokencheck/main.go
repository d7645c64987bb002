// Command tokencheck explains why an API accepts or refuses an access token: every
// check in order, passed or failed, with the standard behind it and what to do.
//
//	tokencheck -issuer https://auth.example.com -audience https://api.example.com <token.txt
//	tokencheck -file token.txt -keys jwks.json -require 'orders:read AND orders:write' -json
//
// The token is read from standard input or from a file, with or without
// "Authorization: Bearer" before it. It is never an argument: everybody on the
// machine can read those, and shells remember them. It is not printed either; what
// it says is, marked as unverified unless its signature is good.
//
//	-file FILE       where the token is; without it, on standard input
//	-issuer URL      the authorization server, in place of OAUTH2_ISSUER
//	-audience NAMES  the names of the API, separated by spaces, in place of OAUTH2_AUDIENCE
//	-keys FILE       the issuer's key set (RFC 7517): nothing is asked over the network
//	-require RULE    what the operation needs, such as 'orders:read AND (billing:read OR admin)'; by default any
//	                 valid token is enough
//	-json            the explanation as JSON
//
// The environment has the same meaning as for the orders programs: OAUTH2_ISSUER,
// OAUTH2_AUDIENCE, OAUTH2_JWKS_URL, OAUTH2_PROFILE, OAUTH2_SCOPE_CLAIM,
// OAUTH2_INSECURE_HTTP. A flag takes precedence.
//
// The exit status is 0 if the token is accepted, 1 if it is not, also because it
// could not be judged, and 2 if the program was called wrongly. A token that is
// bound to a key (DPoP, mutual TLS) is explained up to that: nobody can prove here
// that he has the key.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	exitAccepted = 0
	exitRefused  = 1
	exitUsage    = 2
)

// patience is how long the issuer's keys may take.
const patience = 15 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}

// run is the program with everything from outside as an argument. It returns the
// exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	q, err := read(args, getenv, stdin, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "tokencheck was called wrongly:")
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	v, err := validator.New(q.config)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	defer func() { _ = v.Close() }()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	e := validator.Explain(ctx, v, q.credential, q.required)
	if err := write(stdout, e, q.json); err != nil {
		fmt.Fprintln(stderr, "writing failed:", err)
		return exitUsage
	}
	if e.Code != 0 {
		return exitRefused
	}
	return exitAccepted
}

func write(w io.Writer, e *validator.Explanation, asJSON bool) error {
	if !asJSON {
		_, err := e.WriteTo(w)
		return err
	}
	text, err := json.Marshal(e, jsontext.WithIndent("  "))
	if err == nil {
		_, err = fmt.Fprintf(w, "%s\n", text)
	}
	return err
}
