package contract_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A running is a program that was started and has said that it is ready.
type running struct {
	name, addr string
	command    *exec.Cmd
	stdout     *bufio.Reader
	stderr     *transcript
	signalled  bool
	ended      bool
}

// command returns a program, not yet started, with exactly this environment.
func command(name string, env []string) (*exec.Cmd, *transcript) {
	c := exec.Command(filepath.Join(binaries, name))
	c.Env = append(env, "GORACE=atexit_sleep_ms=0") // it is a second otherwise
	stderr := &transcript{grown: make(chan struct{})}
	c.Stderr = stderr
	return c, stderr
}

var ready = regexp.MustCompile(`^listening on (127\.0\.0\.1:[1-9][0-9]*)\n$`)

// start starts a program and waits until it is ready. At the end of the test it
// is stopped and its log is looked at, see stop.
func start(t *testing.T, name string, from *issuer, env ...string) *running {
	t.Helper()
	c, stderr := command(name, append(from.environment(), env...))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p := &running{name: name, command: c, stdout: bufio.NewReader(out), stderr: stderr}
	t.Cleanup(func() {
		p.stop(t, syscall.SIGTERM)
		p.checkLog(t, from)
	})
	line, err := p.stdout.ReadString('\n')
	match := ready.FindStringSubmatch(line)
	if match == nil {
		t.Fatalf("first line %q, %v; stderr: %s", line, err, stderr)
	}
	p.addr = match[1]
	return p
}

// signal sends the first signal. A second one would end the program at once.
func (p *running) signal(signal os.Signal) {
	if !p.signalled {
		p.signalled = true
		_ = p.command.Process.Signal(signal)
	}
}

// stop sends a signal, and expects that nothing more comes on standard output,
// and the status 0 well before the program would cut requests off.
func (p *running) stop(t *testing.T, signal os.Signal) {
	t.Helper()
	if p.ended {
		return
	}
	p.ended = true
	p.signal(signal)
	kill := time.AfterFunc(8*time.Second, func() { _ = p.command.Process.Kill() })
	defer kill.Stop()
	if more, _ := io.ReadAll(p.stdout); len(more) > 0 {
		t.Errorf("%s: more on stdout: %q", p.name, more)
	}
	if err := p.command.Wait(); err != nil {
		t.Errorf("%s: %v after %v; stderr: %s", p.name, err, signal, p.stderr)
	}
}

// checkLog wants JSON records without anything of any token.
func (p *running) checkLog(t *testing.T, from *issuer) {
	t.Helper()
	log := p.stderr.String()
	for line := range strings.Lines(log) {
		if !json.Valid([]byte(line)) {
			t.Errorf("%s: not a record: %s", p.name, line)
		}
	}
	for _, token := range from.minted() {
		for _, part := range strings.Split(token, ".")[1:] { // the header is no secret
			if strings.Contains(log, part) {
				t.Errorf("%s: part of a token in the log: %s", p.name, part)
			}
		}
	}
}

// A transcript keeps what is written to it.
type transcript struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{} // closed by the next write
}

func (w *transcript) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.grown)
	w.grown = make(chan struct{})
	return w.text.Write(p)
}

func (w *transcript) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// await waits until the text is there.
func (w *transcript) await(t *testing.T, text string) {
	t.Helper()
	for {
		w.mu.Lock()
		found, grown := strings.Contains(w.text.String(), text), w.grown
		w.mu.Unlock()
		if found {
			return
		}
		select {
		case <-grown:
		case <-t.Context().Done():
		case <-time.After(5 * time.Second):
			t.Fatalf("no %q in %s", text, w)
		}
	}
}
