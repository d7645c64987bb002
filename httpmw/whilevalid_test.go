package httpmw_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// list is a revocation list with one entry: everything.
type list struct {
	mu      sync.Mutex
	revoked bool
	changed chan struct{}
}

func newList() *list { return &list{changed: make(chan struct{})} }

func (l *list) Revoked(context.Context, *validator.Token) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.revoked, nil
}

func (l *list) Changed() <-chan struct{} { return l.changed }

func (l *list) revoke() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revoked = true
	close(l.changed)
}

// stream serves the handler behind WhileValid and opens it.
func stream(t *testing.T, protocol string, grace time.Duration, handler http.HandlerFunc) (*list, *http.Response) {
	t.Helper()
	revocation := newList()
	auth := newAuth(t, adaptertest.NewValidator(func(c *validator.Config) { c.Revocation = revocation }), httpmw.Config{StreamGrace: grace})
	mux := auth.NewMux()
	mux.Handle("GET /events", scopes.All("a"), auth.WhileValid(handler))
	url, client := serve(t, protocol, mux)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", adaptertest.Bearer("a"))
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return revocation, response
}

// A handler that heeds its context can take leave, by the code of the refusal.
func TestEventsEndWithTheirToken(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		revocation, response := stream(t, protocol, time.Hour, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "data: hello\n\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			refusal, _ := errors.AsType[*validator.Error](context.Cause(r.Context()))
			fmt.Fprintf(w, "event: end\ndata: %v\n\n", refusal.Code())
		})
		events := bufio.NewReader(response.Body)
		if line, err := events.ReadString('\n'); line != "data: hello\n" || err != nil {
			t.Fatalf("%s: %q, %v", protocol, line, err)
		}
		revocation.revoke()
		rest, err := io.ReadAll(events)
		if string(rest) != "\nevent: end\ndata: TOKEN_REVOKED\n\n" || err != nil {
			t.Errorf("%s: %q, %v", protocol, rest, err)
		}
	}
}

// One that does not finds its connection cut.
func TestStreamIsCut(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		failed := make(chan error, 1)
		revocation, response := stream(t, protocol, time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
			for {
				if _, err := fmt.Fprint(w, strings.Repeat("data: more\n\n", 1000)); err != nil {
					failed <- err
					return
				}
				if err := http.NewResponseController(w).Flush(); err != nil {
					failed <- err
					return
				}
			}
		})
		revocation.revoke()
		if n, err := io.Copy(io.Discard, response.Body); err == nil {
			t.Errorf("%s: a whole answer of %d bytes", protocol, n)
		}
		if err := <-failed; err == nil {
			t.Errorf("%s: no error", protocol)
		}
	}
}

// opaque is a writer of some middleware that nothing shows through.
type opaque struct{ http.ResponseWriter }

func (o opaque) Flush() { o.ResponseWriter.(http.Flusher).Flush() }

// Writing fails also where the connection is out of reach.
func TestStreamIsCutBehindOpaqueWriter(t *testing.T) {
	failed := make(chan error, 1)
	revocation := newList()
	auth := newAuth(t, adaptertest.NewValidator(func(c *validator.Config) { c.Revocation = revocation }), httpmw.Config{StreamGrace: time.Millisecond})
	events := auth.Require(scopes.All("a"))(auth.WhileValid(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		revocation.revoke()
		for patience := time.Now().Add(10 * time.Second); time.Now().Before(patience); {
			if _, err := fmt.Fprint(w, "data: more\n\n"); err != nil {
				failed <- err
				return
			}
			w.(http.Flusher).Flush()
		}
		failed <- nil
	})))
	url, client := serve(t, "HTTP/1.1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { events.ServeHTTP(opaque{w}, r) }))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", adaptertest.Bearer("a"))
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Error(err)
	}
	if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A hijacked connection, as WebSockets have it, is closed, also if the handler waits
// for a message.
func TestHijackedStreamIsCut(t *testing.T) {
	for name, late := range map[string]bool{"before": false, "after the cut": true} {
		revocation := newList()
		auth := newAuth(t, adaptertest.NewValidator(func(c *validator.Config) { c.Revocation = revocation }), httpmw.Config{StreamGrace: time.Millisecond})
		started, unblocked := make(chan struct{}), make(chan error, 1)
		server := httptest.NewServer(auth.Require(scopes.All("a"))(auth.WhileValid(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(started)
			if late {
				<-r.Context().Done()
				// The cut makes reading from the connection fail.
				_, _ = io.Copy(io.Discard, r.Body)
			}
			conn, buffered, err := w.(http.Hijacker).Hijack()
			if err != nil {
				unblocked <- err
				return
			}
			defer func() { _ = conn.Close() }()
			if !late {
				_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"))
			}
			_, err = buffered.ReadByte()
			unblocked <- err
		}))))
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		body := ""
		if late {
			body = "Content-Length: 10\r\n"
		}
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n%s\r\n", adaptertest.Bearer("a"), body)
		if !late {
			if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(line, "101") || err != nil {
				t.Fatalf("%q, %v", line, err)
			}
		}
		<-started
		revocation.revoke()
		if err := <-unblocked; err == nil {
			t.Errorf("%s: the handler got a message from nowhere", name)
		}
		if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: %v", name, err)
		}
		_ = conn.Close()
		server.Close()
	}
}

// A handler may leave a hijacked connection to goroutines and return. The connection
// ends with its token all the same, and its watch with the connection.
func TestHijackedStreamOutlivesItsHandler(t *testing.T) {
	for name, leave := range map[string]bool{"cut": false, "closed": true} {
		revocation := newList()
		auth := newAuth(t, adaptertest.NewValidator(func(c *validator.Config) { c.Revocation = revocation }), httpmw.Config{StreamGrace: time.Millisecond})
		conns := make(chan net.Conn, 1)
		server := httptest.NewServer(auth.Require(scopes.All("a"))(auth.WhileValid(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
			}
			conns <- conn
		}))))
		client, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(client, "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n\r\n", adaptertest.Bearer("a"))
		conn := <-conns
		server.Close() // and waits for the handler
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Errorf("%s: gone with the request: %v", name, err)
		}
		if leave {
			_ = conn.Close()
		} else {
			revocation.revoke()
		}
		_ = client.SetDeadline(time.Now().Add(5 * time.Second))
		if got, err := io.ReadAll(client); string(got) != "x" || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		_ = client.Close()
	}
}

// The connection of a handler that has ended in time goes on to serve requests.
func TestConnectionOutlivesItsStream(t *testing.T) {
	revocation := newList()
	auth := newAuth(t, adaptertest.NewValidator(func(c *validator.Config) { c.Revocation = revocation }), httpmw.Config{StreamGrace: time.Nanosecond})
	mux := auth.NewMux()
	mux.Handle("GET /events", scopes.All("a"), auth.WhileValid(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "done")
	})))
	mux.Public("GET /other", tell)
	url, client := serve(t, "HTTP/1.1", mux)
	for _, path := range []string{"/events", "/other"} {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
		request.Header.Set("Authorization", adaptertest.Bearer("a"))
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != 200 {
			t.Errorf("%s: %d, %v", path, response.StatusCode, err)
		}
		_ = response.Body.Close()
		if path == "/events" {
			revocation.revoke()
		}
	}
}

func TestWhileValidWithoutToken(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{})
	w := httptest.NewRecorder()
	var got http.ResponseWriter
	auth.WhileValid(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { got = w })).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if got != w {
		t.Error("the writer is another one")
	}
	defer func() {
		if recover() == nil {
			t.Error("a nil handler is taken")
		}
	}()
	auth.WhileValid(nil)
}

func TestStreamGraceIsChecked(t *testing.T) {
	if _, err := httpmw.New(adaptertest.NewValidator(nil), httpmw.Config{StreamGrace: -1}); err == nil || !strings.Contains(err.Error(), "StreamGrace") {
		t.Errorf("got %v", err)
	}
}
