// Command quickstart shows the whole of bearerguard in one process: a
// development authorization server, a small orders API on net/http, Echo and
// gRPC, and clients that get tokens by the client credentials grant: bearer tokens,
// opaque ones, and tokens that are bound to a key (DPoP) or to a certificate (mutual
// TLS). Everything listens on loopback.
//
// It walks through the errors of the token endpoint and through every row of the
// error table, on all three transports, prints what was expected next to what
// came back, and exits with status 1 if the two differ anywhere.
//
//	go run ./examples/quickstart          # the table
//	go run ./examples/quickstart -serve   # keeps running, with curl lines to paste
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	serve := flag.Bool("serve", false, "keep the servers running and print curl lines")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	asDocumented, err := run(ctx, os.Stdout, *serve)
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
	if !asDocumented {
		os.Exit(1)
	}
}

// run reports whether everything was as documented.
func run(ctx context.Context, out io.Writer, serve bool) (asDocumented bool, err error) {
	auth, err := startAuthServer()
	if err != nil {
		return false, err
	}
	defer auth.Close()
	apis, err := startAPIs(auth)
	if err != nil {
		return false, err
	}
	defer apis.close()
	if serve {
		printCurl(out, auth, apis)
		<-ctx.Done()
		return true, nil
	}

	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r := report{out: out}
	if err := walkTokenEndpoint(ctx, &r, auth); err != nil {
		return false, err
	}
	if err := walkErrorTable(ctx, &r, auth, apis); err != nil {
		return false, err
	}
	return r.end(), nil
}
