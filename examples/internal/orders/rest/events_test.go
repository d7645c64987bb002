package rest_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
)

// pipes is a listener for connections in memory, so that time is virtual.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, ok := <-p; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p <- server
	return client, nil
}

// net/http's mux takes HEAD for GET: the header comes, and nothing is waited for.
func TestHeadOfEvents(t *testing.T) {
	w := httptest.NewRecorder()
	rest.ServeEvents(w, httptest.NewRequest(http.MethodHead, "/orders/events", nil), orders.NewStore())
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/event-stream" || w.Body.Len() != 0 {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
}

// stream opens a stream of the store's events from a server whose timeouts are
// short. The returned channel is closed when the handler has returned.
func stream(t *testing.T, store *orders.Store) (*http.Response, <-chan struct{}) {
	t.Helper()
	listener := make(pipes)
	returned := make(chan struct{})
	server := &http.Server{
		ReadTimeout:  time.Second,
		WriteTimeout: time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(returned)
			rest.ServeEvents(w, r, store)
		}),
	}
	go func() { _ = server.Serve(listener) }()
	transport := &http.Transport{DialContext: listener.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://orders/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response, returned
}

// A stream outlives the server's timeouts, says now and then that it is there,
// and delivers what happens; it ends properly when it is over.
func TestStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		store := orders.NewStore()
		response, returned := stream(t, store)
		if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
			t.Errorf("content type %q", kind)
		}
		body := bufio.NewReader(response.Body)
		expect := func(want string) {
			t.Helper()
			got := make([]byte, len(want))
			if _, err := io.ReadFull(body, got); err != nil || string(got) != want {
				t.Fatalf("after %v: %q, %v; want %q", time.Since(began), got, err, want)
			}
		}
		expect(": watching\n\n")
		expect(":\n\n")
		if d := time.Since(began); d != 15*time.Second {
			t.Errorf("a sign of life after %v", d)
		}
		tea, _ := store.Create("tea\n")
		expect("event: created\ndata: {\"id\":\"1\",\"item\":\"tea\\n\"}\n\n")
		_ = store.Delete(tea.ID)
		expect("event: deleted\ndata: {\"id\":\"1\",\"item\":\"tea\\n\"}\n\n")
		expect(":\n\n:\n\n")
		time.AfterFunc(time.Until(began.Add(59*time.Second)), store.Close)
		// The last write is long ago, which must not break off the end of the body.
		if rest, err := io.ReadAll(body); err != nil || len(rest) > 0 || time.Since(began) != 59*time.Second {
			t.Errorf("ended after %v with %q, %v", time.Since(began), rest, err)
		}
		<-returned
	})
}

// The handler returns as soon as the caller goes, or the store is closed.
func TestStreamEnds(t *testing.T) {
	for name, end := range map[string]func(*orders.Store, *http.Response){
		"caller": func(_ *orders.Store, r *http.Response) { _ = r.Body.Close() },
		"store":  func(s *orders.Store, _ *http.Response) { s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				store := orders.NewStore()
				response, returned := stream(t, store)
				end(store, response)
				<-returned
				if d := time.Since(began); d != 0 {
					t.Errorf("ended after %v", d)
				}
			})
		})
	}
}

// A caller that does not read is not waited for longer than an event may take.
func TestStreamToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		store := orders.NewStore()
		_, returned := stream(t, store)
		create := time.NewTicker(time.Second)
		defer create.Stop()
		for {
			select {
			case <-returned:
				return
			case <-create.C:
				for range 50 {
					if order, err := store.Create(string(make([]rune, orders.MaxItemLength))); err == nil {
						_ = store.Delete(order.ID)
					}
				}
			}
			if time.Since(began) > 5*time.Minute {
				t.Fatal("still there")
			}
		}
	})
}

func TestNoStreamWithoutDeadlines(t *testing.T) {
	w := httptest.NewRecorder()
	rest.ServeEvents(w, httptest.NewRequest(http.MethodGet, "/", nil), orders.NewStore())
	if w.Code != http.StatusNotImplemented {
		t.Errorf("status %d", w.Code)
	}
}
