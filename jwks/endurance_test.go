package jwks_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

// TestMillionUnknownIDs: they cost the fetches that the bucket has, and no memory.
func TestMillionUnknownIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		r := is.remote(t, func(c *jwks.Config) { c.OnEvent = func(jwks.Event) {} })
		set := current(t, r)
		lookup := func(n int) {
			for i := range n {
				if has(set, strconv.Itoa(i)) {
					t.Fatal("found")
				}
				if got, err := r.Newer(t.Context(), set); got != set || err != nil {
					t.Fatalf("Newer = %v, %v", got, err)
				}
			}
		}
		lookup(1000)
		before := heap()
		lookup(1_000_000)
		if grown := int64(heap()) - int64(before); grown > 1<<20 {
			t.Errorf("%d bytes more", grown)
		}
		if n := is.count() - 1; n != 2 {
			t.Errorf("%d fetches", n)
		}
	})
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A hurried clock does not wait for the next attempt.
type hurried struct{}

func (hurried) Now() time.Time { return time.Now() }

func (hurried) AfterFunc(d time.Duration, f func()) func() bool {
	if d <= 4*time.Second { // a back-off
		d = 0
	}
	return time.AfterFunc(d, f).Stop
}

// TestThousandFailures: over real sockets, they leave no goroutine and no
// descriptor behind.
func TestThousandFailures(t *testing.T) {
	huge := make([]byte, 1<<20+1)
	faults := []http.HandlerFunc{
		write(http.StatusInternalServerError, "no"),
		write(http.StatusOK, "<html>"),
		hugeHeader,
		func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(huge) },
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, // resets
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			_, _ = io.WriteString(w, "{")
		},
		func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
	}
	var mu sync.Mutex
	turn := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		fault := faults[turn%len(faults)]
		turn++
		mu.Unlock()
		fault(w, r)
	}))
	defer server.Close()

	reached := make(chan struct{}, 2)
	r, err := jwks.NewRemote(jwks.Config{
		URL: server.URL, InsecureLoopbackHTTP: true, Clock: hurried{},
		OnEvent: func(e jwks.Event) {
			if e.Kind == jwks.RefreshFailed && (e.Failures == 50 || e.Failures == 1050) {
				reached <- struct{}{}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	_, err = r.Current(t.Context())
	unavailable(t, err)
	<-reached
	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors()
	<-reached
	// A few connections are always being closed.
	if n := runtime.NumGoroutine(); n > goroutines+20 {
		t.Errorf("%d goroutines became %d", goroutines, n)
	}
	if n := openDescriptors(); n > descriptors+20 {
		t.Errorf("%d descriptors became %d", descriptors, n)
	}
}

// openDescriptors returns how many there are, zero where the system does not tell.
func openDescriptors() int {
	list, _ := os.ReadDir("/dev/fd")
	return len(list)
}
