package echomw_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/labstack/echo/v4"
)

// everything is a revocation of every token, from a time on.
type everything struct {
	revoked atomic.Bool
	changed chan struct{}
}

func (e *everything) Revoked(context.Context, *validator.Token) (bool, error) {
	return e.revoked.Load(), nil
}
func (e *everything) Changed() <-chan struct{} { return e.changed }

func (e *everything) revoke() {
	e.revoked.Store(true)
	close(e.changed)
}

// A stream ends with its token: the handler can take leave by the code of the
// refusal, and one that stays is cut.
func TestStreamEndsWithItsToken(t *testing.T) {
	for name, tt := range map[string]struct {
		grace time.Duration
		leave func(c echo.Context) error
		want  string // empty: the body is cut
	}{
		"leaves": {time.Hour, func(c echo.Context) error {
			<-c.Request().Context().Done()
			refusal, _ := errors.AsType[*validator.Error](context.Cause(c.Request().Context()))
			_, err := io.WriteString(c.Response(), refusal.Code().String())
			return err
		}, "helloTOKEN_REVOKED"},
		"stays": {time.Millisecond, func(c echo.Context) error {
			for {
				if _, err := io.WriteString(c.Response(), "more"); err != nil {
					return nil
				}
				c.Response().Flush()
			}
		}, ""},
	} {
		revocation := &everything{changed: make(chan struct{})}
		v := adaptertest.NewValidator(func(c *validator.Config) { c.Revocation = revocation })
		auth := newAuth(t, v, echomw.Config{StreamGrace: tt.grace})
		e := echo.New()
		after := make(chan bool, 1)
		watch := func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				outer := c.Response().Writer
				err := next(c)
				after <- c.Response().Writer == outer
				return err
			}
		}
		e.GET("/events", func(c echo.Context) error {
			_, _ = io.WriteString(c.Response(), "hello")
			c.Response().Flush()
			return tt.leave(c)
		}, auth.Require(scopes.All("a")), watch, auth.WhileValid)
		server := httptest.NewServer(e)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", adaptertest.Bearer("a"))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		revocation.revoke()
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if (err == nil) != (tt.want != "") || tt.want != "" && string(body) != tt.want {
			t.Errorf("%s: %.50q, %v", name, body, err)
		}
		if !<-after {
			t.Errorf("%s: the response is left with another writer", name)
		}
		server.Close()
	}
}
