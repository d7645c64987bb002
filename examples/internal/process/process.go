// Package process is what the orders programs have in common that has nothing to
// do with tokens: they are configured by environment, say when they are ready,
// and end when they are told to.
//
// The variables are those of [validator.ConfigFromEnv] and
//
//	ADDR               address to listen on; port 0 takes a free one
//	TLS_CERT, TLS_KEY  PEM files with certificate chain and key: serve TLS
//	LEDGER_FILE        where to write, every minute and at the end, what clients used
//	                   of what they were granted; examples/scopereport reads it
//
// SSL_CERT_FILE, which package crypto/x509 reads, names the file of the
// certificate authorities to trust, for an authorization server behind a private
// one.
//
// Problems with the configuration are all reported at once, on standard error,
// and the exit status is 2. Standard output gets one line when the program is
// ready, "listening on 127.0.0.1:PORT". SIGTERM and SIGINT end the event streams,
// finish the requests under way and end the program with status 0; a second
// signal ends it at once. Logs are JSON on standard error, without any token.
package process

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bearerguard/bearerguard/validator"
)

const (
	exitFailed        = 1
	exitConfiguration = 2
)

// drainTime is how long requests under way may take once the program is told to
// end. It is less than what supervisors wait before they kill.
const drainTime = 10 * time.Second

// A Process is what a program gets to work with.
type Process struct {
	Validator validator.Config // what a good token is, by the environment; it logs to Logger
	TLS       *tls.Config      // nil: the program serves plain text
	Logger    *slog.Logger

	addr   string
	stdout io.Writer
	drain  time.Duration
}

// Main runs a program that listens on addr unless the environment says otherwise,
// and does not return. The context that run gets ends when the program should.
func Main(addr string, run func(context.Context, *Process) error) {
	ctx, end := context.WithCancel(context.Background())
	signalled, reset := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(signalled, func() {
		reset() // a second signal does what it does by default
		end()
	})
	os.Exit(Run(ctx, os.Getenv, os.Stdout, os.Stderr, addr, run))
}

// Run is [Main] with everything from outside as an argument. It returns the exit
// status.
func Run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer, addr string, run func(context.Context, *Process) error) int {
	p, err := fromEnv(getenv, addr)
	if err != nil {
		fmt.Fprintln(stderr, "the configuration is wrong:")
		fmt.Fprintln(stderr, err)
		return exitConfiguration
	}
	p.stdout, p.drain = stdout, drainTime
	p.Logger = slog.New(slog.NewJSONHandler(redactor{stderr}, nil))
	p.Validator.Logger = p.Logger
	// Package log gets there, too: net/http writes to it what an issuer sent
	// without being asked, word for word.
	slog.SetDefault(p.Logger)
	done, err := p.keepLedger(getenv("LEDGER_FILE"))
	if err != nil {
		p.Logger.Error("failed", "error", err)
		return exitFailed
	}
	defer done() // after the last request
	if err := run(ctx, p); err != nil {
		p.Logger.Error("failed", "error", err)
		return exitFailed
	}
	return 0
}

// A Server is what [Process.Serve] can serve with.
type Server interface {
	// Serve answers requests until Shutdown; an error means that it had to stop
	// before.
	Serve(net.Listener) error
	// Shutdown finishes the requests under way. Those that are not finished when
	// ctx ends are cut off, and the context's error is returned.
	Shutdown(ctx context.Context) error
}

// Serve listens, says so on standard output, and serves until ctx ends and the
// requests under way are finished, or cut off after a while.
func (p *Process) Serve(ctx context.Context, server Server) error {
	listener, err := net.Listen("tcp", p.addr)
	if err != nil {
		return err
	}
	addr := listener.Addr().(*net.TCPAddr)
	if p.TLS == nil && !addr.IP.IsLoopback() {
		// RFC 6750 §5.3: bearer tokens travel under TLS only.
		p.Logger.Warn("plain text on an address that is not loopback: something in front has to speak TLS")
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Fprintln(p.stdout, "listening on", local(addr))

	select {
	case err := <-ended:
		return fmt.Errorf("serving ended: %w", err)
	case <-ctx.Done():
	}
	p.Logger.Info("draining")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.drain)
	defer cancel()
	err = server.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		p.Logger.Warn("some requests were cut off")
		return nil
	}
	return err
}

// local returns addr as this machine can reach it: what listens on every address
// listens on 127.0.0.1, too.
func local(addr *net.TCPAddr) string {
	if addr.IP.IsUnspecified() {
		addr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: addr.Port}
	}
	return addr.String()
}
