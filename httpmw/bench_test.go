package httpmw_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
)

// discard is a response writer that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkRequest is one request through a guard: accepted (the token is
// verified each time), accepted in a nested guard, and refused at each stage.
func BenchmarkRequest(b *testing.B) {
	auth := newAuth(b, adaptertest.NewValidator(nil), httpmw.Config{})
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	require := auth.Require(scopes.All("orders:read"))(ok)
	mux := auth.NewMux()
	mux.Handle("GET /orders/{id}", scopes.All("orders:read"), ok)
	good := []string{adaptertest.Bearer("orders:read")}
	tests := []struct {
		name          string
		handler       http.Handler
		authorization []string
	}{
		{"accepted/require", require, good},
		{"accepted/mux", mux, good},
		{"accepted/nested", auth.Require(scopes.Authenticated())(require), good},
		{"refused/missing", require, nil},
		{"refused/malformed", require, []string{"Bearer"}},
		{"refused/opaque", require, []string{"Bearer x"}},
		{"refused/scope", require, []string{adaptertest.Bearer("orders:write")}},
	}
	for _, test := range tests {
		b.Run(test.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/orders/7", nil)
			r.Header["Authorization"] = test.authorization
			if test.authorization == nil {
				r.Header.Del("Authorization")
			}
			w := discard{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				test.handler.ServeHTTP(w, r)
			}
		})
	}
}
