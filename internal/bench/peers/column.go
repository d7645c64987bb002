package peers

import (
	"context"
	"net/http"
	"net/http/httptest"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
)

// A Column is anything that is measured, as something that accepts a token or
// does not.
type Column struct {
	Name string
	New  func(ctx context.Context, i *fixture.Issuer) (Verify, error)
}

// Columns returns all that is measured, over RS256: libraries as such, then
// middlewares by means of requests.
func Columns() []Column {
	var columns []Column
	for _, l := range Libraries() {
		columns = append(columns, Column{l.Name, func(ctx context.Context, i *fixture.Issuer) (Verify, error) {
			return l.New(ctx, i, "RS256")
		}})
	}
	for _, g := range Guards() {
		columns = append(columns, Column{"net/http: " + g.Name, func(ctx context.Context, i *fixture.Issuer) (Verify, error) {
			guard, err := g.New(ctx, i)
			if err != nil {
				return nil, err
			}
			return byRequest(guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))), nil
		}})
	}
	for _, g := range EchoGuards() {
		columns = append(columns, Column{"Echo: " + g.Name, func(ctx context.Context, i *fixture.Issuer) (Verify, error) {
			guard, err := g.New(ctx, i)
			if err != nil {
				return nil, err
			}
			return byRequest(EchoHandler(guard)), nil
		}})
	}
	for _, g := range GRPCGuards() {
		columns = append(columns, Column{"gRPC: " + g.Name, func(ctx context.Context, i *fixture.Issuer) (Verify, error) {
			options, err := g.New(ctx, i)
			if err != nil {
				return nil, err
			}
			server, err := NewGRPCServer(options...)
			if err != nil {
				return nil, err
			}
			context.AfterFunc(ctx, server.Close)
			return func(ctx context.Context, raw string) error {
				unary := server.Unary(WithToken(ctx, raw))
				stream := server.Stream(WithToken(ctx, raw))
				if unary == nil { // what either of them accepts is accepted
					return nil
				}
				return stream
			}, nil
		}})
	}
	return columns
}

// statusError is an answer other than 200.
type statusError int

func (e statusError) Error() string { return http.StatusText(int(e)) }

// byRequest sends a token through a handler.
func byRequest(handler http.Handler) Verify {
	return func(ctx context.Context, raw string) error {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, EchoRoute, nil)
		r.Header.Set("Authorization", "Bearer "+raw)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			return statusError(w.Code)
		}
		return nil
	}
}
