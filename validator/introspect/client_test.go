package introspect_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/introspect"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// start is the time at which the clocks of tests begin.
var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// A server is an introspection endpoint that answers as it is told.
type server struct {
	*httptest.Server
	clock *validatortest.Clock

	mu       sync.Mutex
	answer   http.HandlerFunc
	requests []request
}

type request struct {
	form   url.Values
	header http.Header
}

func newServer(t testing.TB) *server {
	s := &server{clock: validatortest.NewClock(start)}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	s.say(`{"active":false}`)
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mu.Lock()
	s.requests = append(s.requests, request{r.PostForm, r.Header})
	answer := s.answer
	s.mu.Unlock()
	answer(w, r)
}

func (s *server) does(answer http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// say makes the server answer with status 200 and a JSON document.
func (s *server) say(body string) { s.does(write(http.StatusOK, "application/json", body)) }

func write(status int, mediaType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// active is what a server says of a token that is good for d.
func active(d time.Duration) string {
	return fmt.Sprintf(`{"active":true,"exp":%d,"client_id":"billing"}`, start.Add(d).Unix())
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

func (s *server) last() request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[len(s.requests)-1]
}

// client returns a client of the server.
func (s *server) client(t testing.TB, edits ...func(*introspect.Config)) *introspect.Client {
	t.Helper()
	config := introspect.Config{
		URL:                  s.URL,
		InsecureLoopbackHTTP: true,
		Auth:                 introspect.ClientAuth{Method: introspect.SecretBasic, ClientID: "api", Secret: "s3cret"},
		Clock:                s.clock,
	}
	for _, edit := range edits {
		edit(&config)
	}
	c, err := introspect.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// code returns the code of an error of Introspect, zero if there is none.
func code(t testing.TB, err error) validator.Code {
	t.Helper()
	if err == nil {
		return 0
	}
	refusal, ok := errors.AsType[*validator.Error](err)
	if !ok {
		t.Fatalf("the error is a %T: %v", err, err)
	}
	return refusal.Code()
}

// ask asks about a token and wants the code, zero for an active token.
func ask(t testing.TB, c *introspect.Client, token string, want validator.Code) []byte {
	t.Helper()
	claims, err := c.Introspect(t.Context(), token)
	if got := code(t, err); got != want {
		t.Errorf("asking about %.20q: %v (%v), want %v", token, got, errors.Unwrap(err), want)
	}
	if (claims != nil) != (err == nil) {
		t.Errorf("claims %q together with the error %v", claims, err)
	}
	return claims
}

const unavailable = validator.CodeDependencyUnavailable

func TestActive(t *testing.T) {
	s := newServer(t)
	s.say(active(time.Hour))
	c := s.client(t)
	const token = "2YotnFZFEjr1zCsicMWpAA+/="
	for range 2 {
		if got := string(ask(t, c, token, 0)); got != active(time.Hour) {
			t.Errorf("claims %s", got)
		}
	}
	if s.count() != 1 {
		t.Errorf("%d requests", s.count())
	}
	sent := s.last()
	want := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	if sent.form.Encode() != want.Encode() {
		t.Errorf("form %v", sent.form)
	}
	if a := sent.header.Values("Accept"); len(a) != 1 || a[0] != "application/json" {
		t.Errorf("Accept: %q", a)
	}
	if k, ok := sent.header["Idempotency-Key"]; ok {
		t.Errorf("Idempotency-Key: %q", k)
	}
	if got := c.Stats(); got.Hits != 1 || got.Misses != 1 || got.Fetches != 1 || got.Entries != 1 || got.Bytes == 0 || got.Breaker != introspect.BreakerClosed {
		t.Errorf("%+v", got)
	}
}

func TestInactive(t *testing.T) {
	s := newServer(t)
	c := s.client(t)
	ask(t, c, "a", validator.CodeTokenInactive)
	ask(t, c, "a", validator.CodeTokenInactive)
	if s.count() != 1 {
		t.Errorf("%d requests", s.count())
	}
	ask(t, c, "", validator.CodeTokenInactive)
	ask(t, c, strings.Repeat("a", 16<<10), validator.CodeTokenInactive)
	if s.count() != 2 {
		t.Errorf("%d requests, none for the empty token wanted", s.count())
	}
	ask(t, c, strings.Repeat("a", 16<<10+1), validator.CodeTokenTooLarge)
	if s.count() != 2 {
		t.Error("asked about a token that is too large")
	}
}

// Many callers with one token make one request, and each waits as long as it can.
func TestSharedRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{Clients: map[string]string{"api": "s"}})
		token := is.MintOpaque(validatortest.Client("billing"))
		is.Delay(2 * time.Second)
		c := issuerClient(t, is)
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() { ask(t, c, token, 0) })
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				_, err := c.Introspect(ctx, token)
				if code(t, err) != validator.CodeDeadlineExceeded || time.Since(began) != time.Second {
					t.Errorf("%v after %v", err, time.Since(began))
				}
			})
		}
		group.Wait()
		if n := is.Requests(validatortest.Introspection); n != 1 {
			t.Errorf("%d requests", n)
		}
		got := c.Stats()
		if got.Fetches != 1 || got.Shared != 39 || got.Misses != 40 {
			t.Errorf("%+v", got)
		}
	})
}

// The request goes on when the only caller has gone, and its answer is remembered.
func TestCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{Clients: map[string]string{"api": "s"}})
		token := is.MintOpaque(validatortest.Client("billing"))
		is.Delay(2 * time.Second)
		c := issuerClient(t, is)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := c.Introspect(ctx, token); code(t, err) != validator.CodeCanceled {
			t.Error(err)
		}
		if _, err := c.Introspect(ctx, "another"); code(t, err) != validator.CodeCanceled || c.Stats().Fetches != 1 {
			t.Errorf("asked for a caller that has gone: %v, %+v", err, c.Stats())
		}
		time.Sleep(4 * time.Second) // discovery takes its time, too
		ask(t, c, token, 0)
		if got := c.Stats(); got.Hits != 1 || got.Fetches != 1 {
			t.Errorf("%+v", got)
		}
	})
}

func TestMaxConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{Clients: map[string]string{"api": "s"}})
		is.Delay(time.Second)
		c := issuerClient(t, is, func(c *introspect.Config) { c.MaxConcurrent = 2 })
		var group sync.WaitGroup
		for _, token := range []string{"a", "b"} {
			group.Go(func() { ask(t, c, token, validator.CodeTokenInactive) })
		}
		synctest.Wait()
		began := time.Now()
		ask(t, c, "c", unavailable)
		if time.Since(began) != 0 {
			t.Errorf("refused after %v", time.Since(began))
		}
		group.Go(func() { ask(t, c, "a", validator.CodeTokenInactive) }) // joins
		group.Wait()
		ask(t, c, "c", validator.CodeTokenInactive)
		if got := c.Stats(); got.Rejected != 1 || got.Shared != 1 || got.Failures != 0 {
			t.Errorf("%+v", got)
		}
		if c.Healthy() != nil {
			t.Error(c.Healthy())
		}
	})
}

// The bubble ends only when every goroutine has.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{Clients: map[string]string{"api": "s"}})
		token := is.MintOpaque(validatortest.Client("billing"))
		c := issuerClient(t, is)
		ask(t, c, token, 0)
		is.Fail(validatortest.Hang)
		var group sync.WaitGroup
		group.Go(func() { ask(t, c, "b", unavailable) })
		synctest.Wait()
		began := time.Now()
		for range 2 {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		group.Wait()
		if time.Since(began) != 0 {
			t.Errorf("closed after %v", time.Since(began))
		}
		for _, token := range []string{token, "b"} {
			_, err := c.Introspect(t.Context(), token)
			if code(t, err) != unavailable || !errors.Is(err, introspect.ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
		}
		if !errors.Is(c.Healthy(), introspect.ErrClosed) {
			t.Error(c.Healthy())
		}
		if got := c.Stats(); got.Failures != 0 {
			t.Errorf("closing counted as a failure: %+v", got)
		}
	})
}

// Real connections, too, leave nothing behind.
func TestNoGoroutineLeak(t *testing.T) {
	s := newServer(t)
	before := runtime.NumGoroutine()
	for i := range 20 {
		c := s.client(t)
		ask(t, c, fmt.Sprint(i), validator.CodeTokenInactive)
		_ = c.Close()
	}
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// issuerClient returns a client of an issuer that knows it as "api", found by
// discovery.
func issuerClient(t testing.TB, is *validatortest.Issuer, edits ...func(*introspect.Config)) *introspect.Client {
	t.Helper()
	config := introspect.Config{
		Issuer:    is.URL(),
		Transport: is.Transport(),
		Auth:      introspect.ClientAuth{Method: introspect.SecretPost, ClientID: "api", Secret: "s"},
	}
	for _, edit := range edits {
		edit(&config)
	}
	c, err := introspect.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func decode(t testing.TB, segment string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Once Close has returned, nothing is told any more.
func TestCloseWaitsForEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{Clients: map[string]string{"api": "s"}})
		is.Fail(validatortest.ServerError)
		c := issuerClient(t, is, func(c *introspect.Config) {
			c.OnEvent = func(introspect.Event) { time.Sleep(time.Minute) }
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Introspect(ctx, "a"); code(t, err) != validator.CodeDeadlineExceeded {
			t.Error(err)
		}
		began := time.Now()
		_ = c.Close()
		if waited := time.Since(began); waited != 59*time.Second {
			t.Errorf("closed after %v", waited)
		}
	})
}

// A connection that the server closes just when it is used again is no failure.
func TestIdleConnectionCloses(t *testing.T) {
	s := newServer(t)
	c := s.client(t)
	ask(t, c, "a", validator.CodeTokenInactive)
	s.does(func(w http.ResponseWriter, _ *http.Request) {
		s.say(`{"active":false}`)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_ = conn.Close()
	})
	ask(t, c, "b", validator.CodeTokenInactive)
	if s.count() != 3 {
		t.Errorf("%d requests", s.count())
	}
}
