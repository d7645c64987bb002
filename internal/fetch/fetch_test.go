package fetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/internal/fetch"
)

func TestParseURL(t *testing.T) {
	tests := []struct {
		raw           string
		plain, opened bool // accepted; accepted with insecureLoopback
	}{
		{"https://auth.example.com", true, true},
		{"https://auth.example.com:8443/a%2Fb?c=d", true, true},
		{"HTTPS://auth.example.com", true, true},
		{"https://10.0.0.1/", true, true},
		{"https://[::1]/", true, true},
		{"http://127.0.0.1/", false, true},
		{"http://127.255.255.254:80/", false, true},
		{"http://[::1]:80/", false, true},
		{"http://localhost:80/", false, true},
		{"http://LOCALHOST/", false, true},
		{"http://localhost.example.com/", false, false},
		{"http://127.0.0.1.example.com/", false, false},
		{"http://localhost./", false, false},
		{"http://128.0.0.1/", false, false},
		{"http://0.0.0.0/", false, false},
		{"http://127.1/", false, false},
		{"http://2130706433/", false, false},
		{"http://[::ffff:127.0.0.1]/", false, false},
		{"http://[::1%25lo]/", false, false},
		{"http://[::]/", false, false},
		{"http://auth.example.com/", false, false},
		{"https://user@auth.example.com/", false, false},
		{"https://:@auth.example.com/", false, false},
		{"https://auth.example.com/#", false, false},
		{"https://auth.example.com/#f", false, false},
		{"https://", false, false},
		{"https://:443/", false, false},
		{"https:auth.example.com", false, false},
		{"//auth.example.com/", false, false},
		{"/keys", false, false},
		{"", false, false},
		{"ftp://auth.example.com/", false, false},
		{"file:///etc/passwd", false, false},
		{"unix://localhost/", false, false},
		{"https://auth.example.com/\n", false, false},
		{" https://auth.example.com/", false, false},
		{"https://auth.example.com\\@evil/", false, false},
	}
	for _, tt := range tests {
		for opened, want := range map[bool]bool{false: tt.plain, true: tt.opened} {
			u, err := fetch.ParseURL(tt.raw, opened)
			if got := err == nil; got != want || (u != nil) != want {
				t.Errorf("ParseURL(%q, %v) = %v, %v", tt.raw, opened, u, err)
			}
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("https://auth.example.com/keys", true)
	f.Add("http://127.0.0.1", true)
	f.Add("http://u@localhost#", false)
	f.Fuzz(func(t *testing.T, raw string, opened bool) {
		u, err := fetch.ParseURL(raw, opened)
		if err != nil {
			return
		}
		host := strings.ToLower(u.Hostname())
		local := host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
		if u.Scheme != "https" && (u.Scheme != "http" || !opened || !local) ||
			u.User != nil || u.Fragment != "" || host == "" {
			t.Errorf("accepted %q", raw)
		}
	})
}

// get fetches path from a server with the handler, through our own transport.
func get(t *testing.T, h http.HandlerFunc) (*fetch.Response, error) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	client := fetch.New(nil, nil)
	defer client.Close()
	return client.Get(t.Context(), parse(t, server.URL+"/path?secret"), http.Header{"Accept": {"x/y"}})
}

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := fetch.ParseURL(raw, true)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestGet(t *testing.T) {
	r, err := get(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Seen", r.Method+" "+r.RequestURI+" "+r.Header.Get("Accept"))
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, "body")
	})
	if err != nil || r.Status != http.StatusTeapot || string(r.Body) != "body" ||
		r.Header.Get("X-Seen") != "GET /path?secret x/y" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestPost(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()
	request, err := http.NewRequest(http.MethodPost, server.URL, strings.NewReader("token=x"))
	if err != nil {
		t.Fatal(err)
	}
	client := fetch.New(nil, nil)
	defer client.Close()
	if r, err := client.Do(t.Context(), request); err != nil || string(r.Body) != "token=x" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestNoRedirectNoCookie(t *testing.T) {
	var mu sync.Mutex
	var paths, cookies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		paths = append(paths, r.URL.Path)
		cookies = append(cookies, r.Header["Cookie"]...)
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b", Path: "/"})
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer server.Close()
	client := fetch.New(nil, nil)
	defer client.Close()
	for range 2 {
		if r, err := client.Get(t.Context(), parse(t, server.URL+"/here"), nil); err != nil || r.Status != http.StatusFound {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if fmt.Sprint(paths) != "[/here /here]" || len(cookies) != 0 {
		t.Errorf("asked for %v with cookies %v", paths, cookies)
	}
}

func TestBodyLimit(t *testing.T) {
	zip := func(n int) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(make([]byte, n))
		_ = w.Close()
		return b.Bytes()
	}
	tests := []struct {
		name string
		size int
		zip  bool
		want error
	}{
		{"at the limit", fetch.MaxBodyBytes, false, nil},
		{"beyond", fetch.MaxBodyBytes + 1, false, fetch.ErrTooLarge},
		{"far beyond", 8 << 20, false, fetch.ErrTooLarge},
		{"compressed, at the limit", fetch.MaxBodyBytes, true, nil},
		{"compressed, beyond", 2 << 20, true, fetch.ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := get(t, func(w http.ResponseWriter, _ *http.Request) {
				if tt.zip {
					w.Header().Set("Content-Encoding", "gzip")
					_, _ = w.Write(zip(tt.size))
					return
				}
				_, _ = w.Write(make([]byte, tt.size))
			})
			if !errors.Is(err, tt.want) || err == nil && len(r.Body) != tt.size {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

func TestHeaderLimit(t *testing.T) {
	huge := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Huge", strings.Repeat("x", fetch.MaxHeaderBytes+1<<10))
	}
	// Our own transport does not even read it to its end.
	if _, err := get(t, huge); err == nil || !strings.Contains(err.Error(), "exceeded") {
		t.Errorf("through our own transport: %v", err)
	}
	server := httptest.NewServer(http.HandlerFunc(huge))
	defer server.Close()
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	_, err := fetch.New(transport, nil).Get(t.Context(), parse(t, server.URL), nil)
	if !errors.Is(err, fetch.ErrTooLarge) {
		t.Errorf("through another transport: %v", err)
	}
}

// A stopped clock fires its timer when told to.
type stopped struct{ fire chan struct{} }

func (c *stopped) Now() time.Time { return time.Time{} }

func (c *stopped) AfterFunc(d time.Duration, f func()) func() bool {
	if d != fetch.Timeout {
		panic(d)
	}
	done := make(chan struct{})
	go func() {
		select {
		case <-c.fire:
			f()
		case <-done:
		}
	}()
	return sync.OnceValue(func() bool { close(done); return true })
}

func TestTimeout(t *testing.T) {
	for _, when := range []string{"before the header", "in the body"} {
		t.Run(when, func(t *testing.T) {
			arrived := make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if when == "in the body" {
					fmt.Fprint(w, "x")
					w.(http.Flusher).Flush()
				}
				close(arrived)
				<-r.Context().Done()
			}))
			defer server.Close()
			clock := &stopped{make(chan struct{})}
			client := fetch.New(nil, clock)
			defer client.Close()
			go func() { <-arrived; clock.fire <- struct{}{} }()
			if _, err := client.Get(t.Context(), parse(t, server.URL), nil); !errors.Is(err, fetch.ErrTimeout) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestCallersContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	client := fetch.New(nil, nil)
	defer client.Close()
	if _, err := client.Get(ctx, parse(t, server.URL), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestErrorsQuoteNothing: errors go to logs, and neither URLs nor responses shall.
func TestErrorsQuoteNothing(t *testing.T) {
	raw := func(answer string) error {
		_, err := get(t, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		})
		return err
	}
	for _, answer := range []string{
		"secret\r\n\r\n",
		"HTTP/1.1 secret\r\n\r\n",
		"HTTP/1.1 200 OK\r\nsecret\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: secret\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: secret\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsecret",
		"",
	} {
		if err := raw(answer); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", answer, err)
		}
	}
	// What helps to find a wrong configuration stays readable.
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = nil
	client := fetch.New(nil, nil)
	defer client.Close()
	_, err := client.Get(t.Context(), parse(t, server.URL+"?secret"), nil)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok || strings.Contains(err.Error(), "secret") {
		t.Errorf("unknown authority: %v", err)
	}
	server.Close()
	if _, err = client.Get(t.Context(), parse(t, server.URL+"?secret"), nil); err == nil ||
		!strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "secret") {
		t.Errorf("nobody there: %v", err)
	}
}

type broken struct{ http.RoundTripper }

func (broken) RoundTrip(*http.Request) (*http.Response, error) { panic("secret") }

func TestPanickingTransport(t *testing.T) {
	r, err := fetch.New(broken{}, nil).Get(t.Context(), parse(t, "https://auth.example.com"), nil)
	if r != nil || err != fetch.ErrPanic {
		t.Errorf("%v, %v", r, err)
	}
}

func TestTLSVersion(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	server.StartTLS()
	defer server.Close()
	client := fetch.New(nil, nil)
	defer client.Close()
	if _, err := client.Get(t.Context(), parse(t, server.URL), nil); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("%v", err)
	}
}
