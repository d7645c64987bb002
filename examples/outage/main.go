// Command outage shows what becomes of an API under load while the issuer of its
// tokens is killed, hangs, comes back, rotates its keys, and while key ids are
// forged by the thousand. Everything listens on loopback.
//
// For every phase it prints how requests with valid tokens were answered and how
// long that took, how many forged ones were let in and how often the issuer was
// asked for its keys. It exits with status 1 if a valid token was refused before
// its keys were too old, if a forged one was let in, or if the API took longer to
// recover than it should.
//
//	go run ./examples/outage          # about two minutes
//	go run ./examples/outage -short   # under 30 seconds
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

// settings say how long and how hard.
type settings struct {
	step     time.Duration // of a phase that needs no particular time
	refresh  time.Duration // of keys
	maxStale time.Duration
	clients  int           // that send one request after the other
	pause    time.Duration // of each client between two requests
}

var (
	long  = settings{step: 10 * time.Second, refresh: 2 * time.Second, maxStale: 40 * time.Second, clients: 4, pause: 10 * time.Millisecond}
	short = settings{step: 1500 * time.Millisecond, refresh: time.Second, maxStale: 9 * time.Second, clients: 4, pause: 10 * time.Millisecond}
)

func main() {
	isShort := flag.Bool("short", false, "take less than 30 seconds")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := long
	if *isShort {
		s = short
	}
	asPromised, err := run(ctx, os.Stdout, s)
	if err != nil {
		fmt.Fprintln(os.Stderr, "outage:", err)
		os.Exit(1)
	}
	if !asPromised {
		os.Exit(1)
	}
}

// run reports whether everything was as promised.
func run(ctx context.Context, out io.Writer, s settings) (asPromised bool, err error) {
	sys, err := startOnLoopback(s)
	if err != nil {
		return false, err
	}
	defer sys.close()
	return walk(ctx, out, s, sys, phases(s, sys))
}

// walk goes through the phases, one after the other, under load.
func walk(ctx context.Context, out io.Writer, s settings, sys *system, plan []phase) (asPromised bool, err error) {
	fmt.Fprintf(out, "keys are refreshed every %v and used for %v without the issuer\n\n", s.refresh, s.maxStale)
	r := report{out: out}
	r.header()
	for _, p := range plan {
		sample, err := p.run(ctx, s, sys)
		if err != nil {
			return false, err
		}
		r.row(p, sample)
	}
	return r.end(), nil
}
