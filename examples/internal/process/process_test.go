package process

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

var goodEnvironment = map[string]string{
	"OAUTH2_ISSUER": "https://auth.example.com", "OAUTH2_AUDIENCE": "https://orders.example.com", "ADDR": "127.0.0.1:0",
}

func getenv(name string) string { return goodEnvironment[name] }

// lines is where a program says that it is ready.
type lines chan string

func (l lines) Write(p []byte) (int, error) { l <- string(p); return len(p), nil }

// A request that does not end is cut off after the drain time, and the program
// has ended well all the same.
func TestDrainIsBounded(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stdout, log, status := make(lines, 1), new(bytes.Buffer), make(chan int, 1)
	entered, canceled := make(chan struct{}), make(chan struct{})
	go func() {
		status <- Run(ctx, getenv, stdout, log, "", func(ctx context.Context, p *Process) error {
			p.drain = 20 * time.Millisecond
			return p.Serve(ctx, p.NewHTTPServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				close(entered)
				<-r.Context().Done()
				close(canceled)
			})))
		})
	}()
	addr := strings.TrimSuffix(strings.TrimPrefix(<-stdout, "listening on "), "\n")
	failed := make(chan error, 1)
	go func() {
		response, err := http.Get("http://" + addr)
		if err == nil {
			_ = response.Body.Close()
		}
		failed <- err
	}()
	<-entered
	stop()
	if got := <-status; got != 0 || !strings.Contains(log.String(), "cut off") {
		t.Errorf("status %d, log %s", got, log)
	}
	if err := <-failed; err == nil {
		t.Error("the request was answered")
	}
	<-canceled
}

// failing is a server that ends before it was told to, or cannot end.
type failing struct{ serve, shutdown error }

func (s failing) Serve(l net.Listener) error {
	if s.serve == nil {
		_, _ = l.Accept()
	}
	return s.serve
}
func (s failing) Shutdown(context.Context) error { return s.shutdown }

func TestFailures(t *testing.T) {
	broken := errors.New("broken")
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, test := range map[string]struct {
		ctx  context.Context
		run  func(context.Context, *Process) error
		want int
	}{
		"setting up": {t.Context(), func(context.Context, *Process) error { return broken }, 1},
		"serving":    {t.Context(), func(ctx context.Context, p *Process) error { return p.Serve(ctx, failing{serve: broken}) }, 1},
		"ending":     {stopped, func(ctx context.Context, p *Process) error { return p.Serve(ctx, failing{shutdown: broken}) }, 1},
		"nothing":    {stopped, func(ctx context.Context, p *Process) error { return p.Serve(ctx, failing{}) }, 0},
	} {
		log := new(bytes.Buffer)
		if got := Run(test.ctx, getenv, io.Discard, log, "", test.run); got != test.want || strings.Contains(log.String(), "broken") != (got == 1) {
			t.Errorf("%s: status %d, log %s", name, got, log)
		}
	}
}

// What a program logs goes through the redactor.
func TestLogIsRedacted(t *testing.T) {
	log := new(bytes.Buffer)
	Run(t.Context(), getenv, io.Discard, log, "", func(_ context.Context, p *Process) error {
		p.Logger.Info("Bearer hunter2")
		p.Validator.Logger.Info("Bearer hunter2")
		p.NewHTTPServer(nil).ErrorLog.Print("Bearer hunter2")
		return errors.New("Bearer hunter2")
	})
	if strings.Contains(log.String(), "hunter2") || strings.Count(log.String(), "[redacted]") != 4 {
		t.Errorf("%s", log)
	}
}

// Without ADDR a program listens where it says that it does.
func TestDefaultAddress(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:0": `127\.0\.0\.1:\d+`, "localhost:0": `127\.0\.0\.1:\d+`, ":0": `127\.0\.0\.1:\d+`, "[::1]:0": `\[::1\]:\d+`,
	} {
		environment := func(name string) string {
			if name == "ADDR" {
				return ""
			}
			return getenv(name)
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		stdout := new(bytes.Buffer)
		status := Run(ctx, environment, stdout, io.Discard, addr, func(ctx context.Context, p *Process) error { return p.Serve(ctx, failing{}) })
		if strings.HasPrefix(addr, "[") && status == 1 {
			continue // a machine without IPv6
		}
		if status != 0 || !regexp.MustCompile("^listening on "+want+"\n$").MatchString(stdout.String()) {
			t.Errorf("%s: status %d, %q", addr, status, stdout)
		}
	}
}

// The server gives up on callers that are slow, and refuses what is too large.
func TestHTTPServerHasLimits(t *testing.T) {
	s := (&Process{Logger: discard}).NewHTTPServer(http.NotFoundHandler())
	for name, timeout := range map[string]time.Duration{
		"header": s.ReadHeaderTimeout, "read": s.ReadTimeout, "write": s.WriteTimeout, "idle": s.IdleTimeout,
	} {
		if timeout <= 0 || timeout > time.Minute {
			t.Errorf("%s timeout %v", name, timeout)
		}
	}
	if s.MaxHeaderBytes < 2*16<<10 || s.MaxHeaderBytes > 1<<20 {
		t.Errorf("%d bytes of header", s.MaxHeaderBytes)
	}
}

// What others write to the standard logger is a record like any other, and without
// any token.
func TestStandardLogger(t *testing.T) {
	before := slog.Default()
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(os.Stderr)
		log.SetFlags(log.LstdFlags)
	})
	stderr := new(bytes.Buffer)
	Run(t.Context(), getenv, io.Discard, stderr, "", func(context.Context, *Process) error {
		log.Print("Unsolicited response starting with Bearer abcdefghijk")
		return nil
	})
	if got := stderr.String(); !strings.HasPrefix(got, "{") || !strings.Contains(got, "starting with [redacted]") {
		t.Errorf("the log has %q", got)
	}
}
