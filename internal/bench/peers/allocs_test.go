package peers_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/internal/bench/peers"
)

// noWriter is a response writer that costs nothing.
type noWriter struct{ header http.Header }

func (w noWriter) Header() http.Header         { return w.header }
func (w noWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w noWriter) WriteHeader(int)             {}

// TestAllocations holds what a token costs in allocations, which unlike time are
// the same on every machine. The limits are what was measured, and one more;
// of those for a new token the standard library's signature check has its share.
func TestAllocations(t *testing.T) {
	i := newIssuer(t)
	for _, algorithm := range fixture.Algorithms {
		limit := map[string]float64{"RS256": 14, "PS256": 18, "ES256": 16, "EdDSA": 5}[algorithm]
		t.Run("new token/"+algorithm, func(t *testing.T) {
			verify := newVerify(t, i, peers.NewToken, algorithm)
			token := i.Token(algorithm)
			holds(t, limit, func() error { return verify(t.Context(), token) })
		})
		t.Run("known token/"+algorithm, func(t *testing.T) {
			verify := newVerify(t, i, peers.KnownToken, algorithm)
			token := i.Token(algorithm)
			holds(t, 0, func() error { return verify(t.Context(), token) })
		})
	}
	verify := newVerify(t, i, peers.KnownToken, "RS256")
	limits := map[string]float64{"expired": 7, "wrong audience": 7, "wrong issuer": 7, "bad signature": 16, "unknown kid": 7, "alg none": 2, "public key as HMAC secret": 5}
	for _, hostile := range i.Hostiles() {
		t.Run("refused/"+hostile.Name, func(t *testing.T) {
			limit, ok := limits[hostile.Name]
			if !ok {
				t.Fatal("no limit")
			}
			_ = verify(t.Context(), hostile.Token) // an unknown kid may be asked for first
			_ = verify(t.Context(), hostile.Token)
			holds(t, limit, refused(func() error { return verify(t.Context(), hostile.Token) }))
		})
	}
	for name, token := range map[string]string{"garbage": "garbage", "64 KiB": strings.Repeat("x", 64<<10)} {
		t.Run("refused/"+name, func(t *testing.T) {
			holds(t, 1, refused(func() error { return verify(t.Context(), token) }))
		})
	}
}

// The adapter adds two allocations to a request with a known token.
func TestHandlerAllocations(t *testing.T) {
	i := newIssuer(t)
	for _, guard := range peers.Guards() {
		if guard.Name != peers.KnownToken {
			continue
		}
		protect, err := guard.New(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		served := 0
		handler := protect(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/orders", nil)
		r.Pattern = "GET /orders"
		r.Header.Set("Authorization", "Bearer "+i.Token("RS256"))
		w := noWriter{http.Header{}}
		holds(t, 3, func() error {
			handler.ServeHTTP(w, r)
			return nil
		})
		if served == 0 {
			t.Error("refused")
		}
		r.Header.Del("Authorization")
		served = 0
		holds(t, 5, func() error {
			handler.ServeHTTP(w, r)
			return nil
		})
		if served != 0 {
			t.Error("let in without a token")
		}
		return
	}
	t.Fatal("no guard of bearerguard")
}

func newVerify(t *testing.T, i *fixture.Issuer, name, algorithm string) peers.Verify {
	t.Helper()
	library, err := peers.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	verify, err := library.New(t.Context(), i, algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return verify
}

var errAccepted = errors.New("accepted")

// refused turns an operation that must fail into one that must not.
func refused(op func() error) func() error {
	return func() error {
		if op() == nil {
			return errAccepted
		}
		return nil
	}
}

// holds wants no more allocations than limit, on the average. With the race
// detector only the outcome of the operation counts.
func holds(t *testing.T, limit float64, op func() error) {
	t.Helper()
	if err := op(); err != nil {
		t.Fatal(err)
	}
	got := testing.AllocsPerRun(300, func() {
		if err := op(); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%v allocations", got)
	if !racing && got > limit {
		t.Errorf("%v allocations, want at most %v", got, limit)
	}
}
