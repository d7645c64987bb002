package endtoend_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take that should happen at once.
const patience = 20 * time.Second

// A program that is running, or has ended.
type program struct {
	name           string
	stdout, stderr *transcript
	ended          chan struct{}
	status         int // once it has ended

	command *exec.Cmd
}

// start starts a program with this environment and no other. At the end of the test it
// is told to end, and killed if it does not.
func start(t *testing.T, name string, env ...string) *program {
	t.Helper()
	p := &program{name: name, stdout: newTranscript(), stderr: newTranscript(), ended: make(chan struct{})}
	p.command = exec.Command(filepath.Join(binaries, name))
	// The race detector would wait a second at the end of each.
	p.command.Env = append(env, "GORACE=atexit_sleep_ms=0")
	p.command.Stdout, p.command.Stderr = p.stdout, p.stderr
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.command.Wait()
		p.status = p.command.ProcessState.ExitCode()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.stop(t)
		if t.Failed() {
			t.Logf("%s wrote\n%s\nand logged\n%s", name, tail(p.stdout), tail(p.stderr))
		}
	})
	return p
}

// stop tells a program to end, and returns its exit status.
func (p *program) stop(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
	default:
		_ = p.command.Process.Signal(syscall.SIGTERM)
	}
	return p.wait(t)
}

// wait waits until a program has ended by itself.
func (p *program) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.command.Process.Kill()
		<-p.ended
		t.Errorf("%s had to be killed", p.name)
	}
	return p.status
}

var ready = regexp.MustCompile(`(?m)^listening on (127\.0\.0\.1:[1-9][0-9]*)$`)

// serve starts a program that serves, and returns it with its address.
func serve(t *testing.T, name string, env ...string) (*program, string) {
	t.Helper()
	p := start(t, name, append(env, "ADDR=127.0.0.1:0")...)
	t.Cleanup(func() {
		if status := p.stop(t); status != 0 {
			t.Errorf("%s ended with status %d", name, status)
		}
	})
	return p, p.stdout.await(t, p, ready, 1)
}

// A transcript keeps what a program writes.
type transcript struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{} // closed by the next write
}

func newTranscript() *transcript { return &transcript{grown: make(chan struct{})} }

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

// count returns how often a pattern is there.
func (w *transcript) count(pattern *regexp.Regexp) int {
	return len(pattern.FindAllString(w.String(), -1))
}

// await waits until a pattern is there so many times, and returns the last group
// of the latest.
func (w *transcript) await(t *testing.T, p *program, pattern *regexp.Regexp, times int) string {
	t.Helper()
	enough := time.After(patience)
	for {
		w.mu.Lock()
		text, grown := w.text.String(), w.grown
		w.mu.Unlock()
		if found := pattern.FindAllStringSubmatch(text, -1); len(found) >= times {
			groups := found[len(found)-1]
			return groups[len(groups)-1]
		}
		select {
		case <-grown:
		case <-p.ended:
			if w.count(pattern) < times {
				t.Fatalf("%s ended before there were %d of %v", p.name, times, pattern)
			}
		case <-enough:
			t.Fatalf("%s: not %d of %v in time", p.name, times, pattern)
		}
	}
}

// tail returns the last lines.
func tail(w *transcript) string {
	lines := strings.SplitAfter(w.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "")
}
