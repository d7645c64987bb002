package echomw_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/labstack/echo/v4"
)

// What an error handler is given.
func TestRefusalIsAnHTTPError(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{})
	e := echo.New()
	var got error
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		got = err
		e.DefaultHTTPErrorHandler(err, c)
	}
	e.GET("/", tell, auth.Require(scopes.All("a")))
	do(e, "GET", "/", adaptertest.Bearer("b"))

	refusal, ok := errors.AsType[*echo.HTTPError](got)
	if !ok {
		t.Fatalf("a %T", got)
	}
	body := httpmw.ErrorBody{Error: "insufficient_scope", Description: "The access token lacks a scope that this operation needs."}
	if refusal.Code != 403 || refusal.Message != body {
		t.Errorf("%d %v", refusal.Code, refusal.Message)
	}
	if cause, ok := errors.AsType[*validator.Error](got); !ok || cause.Code() != validator.CodeInsufficientScope {
		t.Errorf("the cause is %v", refusal.Internal)
	}
}

// However the body comes about, status and challenge are the table's.
func TestErrorHandlerOwnsBodyOnly(t *testing.T) {
	const challenge = `Bearer realm="api", error="insufficient_scope", error_description="The access token lacks a scope that this operation needs.", scope="a"`
	tamper := func(c echo.Context) {
		h := c.Response().Header()
		for name := range h {
			h.Del(name)
		}
		h.Add("WWW-Authenticate", "Basic")
		h.Add("WWW-Authenticate", "Digest")
		h.Set("Retry-After", "1")
		h.Set("Cache-Control", "public")
		h.Set("X-Mine", "yes")
	}
	writers := map[string]func(echo.Context) error{
		"JSON":   func(c echo.Context) error { return c.JSON(200, "mine") },
		"String": func(c echo.Context) error { return c.String(200, `"mine"`) },
		"Blob":   func(c echo.Context) error { return c.Blob(500, "text/plain", []byte(`"mine"`)) },
		"WriteHeader": func(c echo.Context) error {
			c.Response().WriteHeader(302)
			_, err := io.WriteString(c.Response(), `"mine"`)
			return err
		},
		"Write":      func(c echo.Context) error { _, err := io.WriteString(c.Response(), `"mine"`); return err },
		"http.Error": func(c echo.Context) error { http.Error(c.Response(), `"mine"`, 404); return nil },
		"twice": func(c echo.Context) error {
			_ = c.NoContent(200)
			_, err := io.WriteString(c.Response(), `"mine"`)
			return err
		},
	}
	for name, write := range writers {
		t.Run(name, func(t *testing.T) {
			auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{})
			e := echo.New()
			e.Logger.SetOutput(io.Discard)
			e.HTTPErrorHandler = func(_ error, c echo.Context) {
				tamper(c)
				if err := write(c); err != nil {
					t.Error(err)
				}
			}
			var logged int
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c echo.Context) error {
					err := next(c)
					c.Error(err)
					logged = c.Response().Status
					return nil
				}
			})
			e.GET("/", tell, auth.Require(scopes.All("a")))
			server := httptest.NewServer(e)
			t.Cleanup(server.Close)
			r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", adaptertest.Bearer("b"))
			response, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			h := response.Header
			if response.StatusCode != 403 || len(h.Values("WWW-Authenticate")) != 1 || h.Get("WWW-Authenticate") != challenge ||
				h.Get("Retry-After") != "" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("%d %v", response.StatusCode, h)
			}
			if h.Get("X-Mine") != "yes" || string(body) != `"mine"` && string(body) != `"mine"`+"\n" {
				t.Errorf("the body is not the handler's: %q %v", body, h)
			}
			if logged != 403 {
				t.Errorf("Response.Status is %d for those who log it", logged)
			}
		})
	}
}

// Middleware that makes an answer of its own out of the error does not turn a
// refusal into a success.
func TestSwallowedErrorStaysRefused(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{})
	e := echo.New()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if next(c) != nil {
				return c.String(http.StatusOK, "all is well")
			}
			return nil
		}
	})
	e.GET("/", tell, auth.Require(scopes.All("a")))
	w := do(e, "GET", "/")
	want(t, w, 401, "all is well")
	if w.Header().Get("WWW-Authenticate") != `Bearer realm="api"` {
		t.Errorf("challenge %q", w.Header().Values("WWW-Authenticate"))
	}
}

// A context is used again for the next request; what a refusal has left in it
// must not be.
func TestNextRequestIsNotAffected(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{})
	e := echo.New()
	e.GET("/", tell, auth.Require(scopes.All("a")))
	e.GET("/public", tell)
	for range 50 {
		want(t, do(e, "GET", "/"), 401, "required")
		w := do(e, "GET", "/public")
		want(t, w, 200, "nobody")
		if len(w.Header().Values("WWW-Authenticate")) > 0 {
			t.Fatal("a challenge from an earlier request")
		}
		want(t, do(e, "GET", "/", adaptertest.Bearer("a")), 200, "worker")
		want(t, do(e, "GET", "/public"), 200, "nobody")
	}
}

// Headers of CORS middleware outside survive.
func TestHeadersSetBefore(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{})
	e := echo.New()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Response().Header().Set("Access-Control-Allow-Origin", "https://app.example.com")
			c.Response().Header().Set("ETag", `"1"`)
			return next(c)
		}
	})
	e.GET("/", tell, auth.Require(scopes.All("a")))
	h := do(e, "GET", "/").Header()
	if h.Get("Access-Control-Allow-Origin") != "https://app.example.com" || h.Get("ETag") != "" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("header %v", h)
	}
}
