package echomw_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/labstack/echo/v4"
)

// before returns middleware that does something to the request.
func before(do func(echo.Context)) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			do(c)
			return next(c)
		}
	}
}

func overrideMethod(c echo.Context) {
	if method := c.Request().Header.Get("X-HTTP-Method-Override"); method != "" {
		c.Request().Method = method
	}
}

func rewrite(c echo.Context) {
	u := c.Request().URL
	if path := c.Request().Header.Get("X-Original-URL"); path != "" {
		u.Path, u.RawPath = path, ""
	} else if rest, ok := strings.CutPrefix(u.Path, "/public/files/"); ok {
		u.Path, u.RawPath = "/"+rest, ""
	}
}

// lie makes a request look like one for what is public, once Echo has chosen the
// handler.
func lie(c echo.Context) {
	c.SetPath("/public")
	r := c.Request()
	r.Method, r.URL.Path, r.URL.RawPath, r.RequestURI, r.Host = http.MethodGet, "/public", "", "/public", "x"
}

// Whatever is written on the wire, and whatever middleware makes of it before
// routing or after, no handler is reached without the rule that its own route has.
func TestBypass(t *testing.T) {
	for name, use := range map[string]func(*echo.Echo){
		"plain":                  func(*echo.Echo) {},
		"override":               func(e *echo.Echo) { e.Pre(before(overrideMethod)) },
		"override after routing": func(e *echo.Echo) { e.Use(before(overrideMethod)) },
		"slashes": func(e *echo.Echo) {
			e.Pre(before(func(c echo.Context) { c.Request().URL.Path = strings.TrimRight(c.Request().URL.Path, "/") }))
		},
		"rewrite": func(e *echo.Echo) { e.Pre(before(rewrite)) },
		"lies":    func(e *echo.Echo) { e.Use(before(lie)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var bypass adaptertest.Bypass
			auth := newAuth(t, adaptertest.NewValidator(nil), echomw.Config{Policy: bypass.Policy()})
			e := echo.New()
			use(e)
			router := auth.NewRouter(e)
			host := router.Host("admin.example.com")
			bypass.Routes(func(route string, reached func()) {
				method, path, _ := strings.Cut(route, " ")
				on := router
				if rest, ok := strings.CutPrefix(path, "admin.example.com"); ok {
					on, path = host, rest
				}
				on.Add(method, strings.NewReplacer("{id}", ":id", "{rest...}", "*").Replace(path), func(echo.Context) error {
					reached()
					return nil
				})
			})
			if err := router.Check(); err != nil {
				t.Fatal(err)
			}
			server := httptest.NewUnstartedServer(e)
			server.Config.DisableGeneralOptionsHandler = true
			server.Start()
			t.Cleanup(server.Close)
			step := 4
			if name == "plain" {
				step = 1
			}
			bypass.Run(t, server.Listener.Addr().String(), step)
		})
	}
}
