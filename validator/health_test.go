package validator_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
)

func TestHealthy(t *testing.T) {
	down := &jwks.UnavailableError{Err: errors.New("connection refused")}
	keys := &switchedKeys{}
	keys.give(nil, down)
	v := newValidator(t, func(c *validator.Config) { c.Issuer, c.Keys = otherIssuer, keys })
	both := must(validator.ByIssuer(newValidator(t, nil), v))
	if err := v.Healthy(t.Context()); !errors.Is(err, down) {
		t.Errorf("without keys: %v", err)
	}
	if err := both.Healthy(t.Context()); !errors.Is(err, down) || !strings.Contains(err.Error(), otherIssuer) || strings.Contains(err.Error(), issuerURL) {
		t.Errorf("without keys of one: %v", err)
	}
	keys.give(publishedKeys(), nil)
	if err := errors.Join(v.Healthy(t.Context()), both.Healthy(t.Context())); err != nil {
		t.Errorf("with keys: %v", err)
	}
	if _, ok := v.Status(); ok {
		t.Error("a status of a source that has none")
	}
}

// The keys that a Validator fetches by itself are watched by its own hooks.
func TestKeyEvents(t *testing.T) {
	var broken atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = w.Write([]byte(`{"keys":[{"kty":"oct","kid":"secret` + strings.Repeat("x", 1000) + `","k":"AAAA"},{"kty":"OKP","crv":"Ed25519","kid":"ed","x":"` +
			b64(string(rawPublicKey("ed"))) + `"}]}`))
	}))
	defer server.Close()
	broken.Store(true)

	var mu sync.Mutex
	var out bytes.Buffer
	events := make(chan jwks.Event, 100)
	v, err := validator.New(validator.Config{
		Issuer: issuerURL, Audiences: []string{apiURL}, JWKSURL: server.URL, InsecureLoopbackHTTP: true,
		OnKeyEvent: func(e jwks.Event) { events <- e },
		Logger:     slog.New(slog.NewTextHandler(lockedWriter{&mu, &out}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if s, ok := v.Status(); !ok || s.Usable || s.Refreshing {
		t.Errorf("status at the start: %+v, %v", s, ok)
	}
	if err := v.Healthy(t.Context()); err == nil {
		t.Error("healthy without keys")
	}
	broken.Store(false)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := v.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	if s, _ := v.Status(); !s.Usable || len(s.KeyIDs) != 1 || len(s.Dropped) != 1 {
		t.Errorf("status %+v", s)
	}
	seen := map[jwks.EventKind]bool{}
	for len(seen) < 4 {
		select {
		case e := <-events:
			seen[e.Kind] = true
		case <-ctx.Done():
			t.Fatalf("only %v", seen)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for kind, record := range map[jwks.EventKind]string{
		jwks.RefreshFailed: `level=WARN msg="issuer keys" issuer=` + issuerURL + ` event="refresh failed" failures=1 cause="key set at /: HTTP status 500 Internal Server Error"`,
		jwks.Refreshed:     `level=INFO msg="issuer keys" issuer=` + issuerURL + ` event=refreshed keys=1 failures=1`,
		jwks.KeyAdded:      `level=INFO msg="issuer keys" issuer=` + issuerURL + ` event="key added" kid=ed`,
		jwks.KeyDropped:    `level=WARN msg="issuer keys" issuer=` + issuerURL + ` event="key dropped" kid=secret` + strings.Repeat("x", 122) + `… reason=`,
	} {
		if !seen[kind] || !strings.Contains(out.String(), record) {
			t.Errorf("no %q, or no record %s in\n%s", kind, record, out.String())
		}
	}
}

type lockedWriter struct {
	mu  *sync.Mutex
	out *bytes.Buffer
}

func (w lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}
