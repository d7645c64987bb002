package fetch_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/internal/fetch"
)

// A deaf transport takes no notice of contexts. Each request waits until it is let
// go, in the header or in the body of the response.
type deaf struct {
	inBody  bool
	let     chan struct{}
	started atomic.Int64
	waiting atomic.Int64
}

func (d *deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	d.started.Add(1)
	if !d.inBody {
		d.wait()
		return ok(r, strings.NewReader("late")), nil
	}
	return ok(r, d), nil
}

func (d *deaf) Read([]byte) (int, error) { d.wait(); return 0, io.EOF }

func (d *deaf) wait() {
	d.waiting.Add(1)
	defer d.waiting.Add(-1)
	<-d.let
}

func ok(r *http.Request, body io.Reader) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body), ContentLength: -1, Request: r}
}

// TestDeafTransport: callers are answered when the time is over, one goroutine is
// stuck, and all is well once it is not.
func TestDeafTransport(t *testing.T) {
	for _, inBody := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			transport := &deaf{inBody: inBody, let: make(chan struct{})}
			client := fetch.New(transport, nil)
			for i, want := range []error{fetch.ErrTimeout, fetch.ErrStray, fetch.ErrStray} {
				began := time.Now()
				_, err := client.Get(t.Context(), parse(t, "https://auth.example.com"), nil)
				if !errors.Is(err, want) || time.Since(began) != fetch.Timeout {
					t.Errorf("request %d: %v after %v, want %v", i, err, time.Since(began), want)
				}
			}
			if n := transport.started.Load(); n != 1 {
				t.Errorf("%d requests are stuck", n)
			}
			began := time.Now()
			client.Close()
			if waited := time.Since(began); waited != fetch.Timeout {
				t.Errorf("Close took %v", waited)
			}

			// The next one does not fail if the stray comes back in time.
			go func() { time.Sleep(time.Second); close(transport.let) }()
			if r, err := client.Get(t.Context(), parse(t, "https://auth.example.com"), nil); err != nil || r.Status != http.StatusOK {
				t.Errorf("%+v, %v", r, err)
			}
			began = time.Now()
			if client.Close(); time.Since(began) != 0 {
				t.Errorf("Close took %v", time.Since(began))
			}
		})
	}
}

// TestDeafTransportAndImpatientCallers: those who leave early do not make more
// requests pile up either.
func TestDeafTransportAndImpatientCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &deaf{let: make(chan struct{})}
		client := fetch.New(transport, nil)
		for range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if _, err := client.Get(ctx, parse(t, "https://auth.example.com"), nil); err == nil {
				t.Error("got an answer")
			}
			cancel()
		}
		if n := transport.waiting.Load(); n != 1 {
			t.Errorf("%d requests are stuck", n)
		}
		close(transport.let)
		client.Close()
	})
}

// A drip is a body that ends never and that no context stops.
type drip struct{ reads atomic.Int64 }

func (d *drip) RoundTrip(r *http.Request) (*http.Response, error) { return ok(r, d), nil }

func (d *drip) Read(p []byte) (int, error) {
	time.Sleep(100 * time.Millisecond)
	d.reads.Add(1)
	return copy(p, "x"), nil
}

func TestEndlessDrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := new(drip)
		client := fetch.New(transport, nil)
		if _, err := client.Get(t.Context(), parse(t, "https://auth.example.com"), nil); !errors.Is(err, fetch.ErrTimeout) {
			t.Errorf("%v", err)
		}
		time.Sleep(time.Minute)
		if n := transport.reads.Load(); n > 51 {
			t.Errorf("%d reads: it goes on", n)
		}
		client.Close()
	})
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestStrangeTransports: nothing that a transport does may hurt the process or let
// more in than the limits.
func TestStrangeTransports(t *testing.T) {
	tests := map[string]struct {
		transport transportFunc
		want      error // nil: any
	}{
		"exits":        {func(*http.Request) (*http.Response, error) { runtime.Goexit(); return nil, nil }, fetch.ErrPanic},
		"panics":       {func(*http.Request) (*http.Response, error) { panic("secret") }, fetch.ErrPanic},
		"nothing":      {func(*http.Request) (*http.Response, error) { return nil, nil }, nil},
		"endless body": {func(r *http.Request) (*http.Response, error) { return ok(r, endless{}), nil }, fetch.ErrTooLarge},
		"panicking":    {func(r *http.Request) (*http.Response, error) { return ok(r, panickingReader{}), nil }, fetch.ErrPanic},
		"nil body": {func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, ContentLength: 5}, nil
		}, nil},
		"huge header":   {hugeHeader, fetch.ErrTooLarge},
		"quoted secret": {func(*http.Request) (*http.Response, error) { return nil, errors.New(`unexpected "secret"`) }, fetch.ErrGarbled},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			client := fetch.New(tt.transport, nil)
			defer client.Close()
			r, err := client.Get(t.Context(), parse(t, "https://auth.example.com"), nil)
			if r != nil || err == nil || tt.want != nil && !errors.Is(err, tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v, %v", r, err)
			}
		})
	}
}

func hugeHeader(r *http.Request) (*http.Response, error) {
	response := ok(r, strings.NewReader(""))
	response.Header = http.Header{"X": {strings.Repeat("x", fetch.MaxHeaderBytes)}}
	return response, nil
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type panickingReader struct{}

func (panickingReader) Read([]byte) (int, error) { panic("secret") }

// TestConcurrentExchanges: they do not wait for each other as long as none is
// astray.
func TestConcurrentExchanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fetch.New(transportFunc(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return ok(r, strings.NewReader("x")), nil
		}), nil)
		began := time.Now()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := client.Get(t.Context(), parse(t, "https://auth.example.com"), nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if waited := time.Since(began); waited != time.Second {
			t.Errorf("took %v", waited)
		}
	})
}
