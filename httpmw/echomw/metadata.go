package echomw

import (
	"strings"

	"github.com/labstack/echo/v4"
)

// Metadata has e answer requests for the API's metadata (RFC 9728 §3), which are
// public (see [httpmw.Auth.Metadata]). They are answered before routing, so that
// neither a guard that e uses for everything nor a [Router] refuses them; what
// [echo.Echo.Pre] was given before comes first. It panics without a
// [Config.Resource].
func (a *Auth) Metadata(e *echo.Echo) {
	pattern, handler := a.http.Metadata()
	path := strings.TrimSuffix(pattern, "{$}")
	e.Pre(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if c.Request().URL.EscapedPath() != path {
				return next(c)
			}
			handler.ServeHTTP(c.Response(), c.Request())
			return nil
		}
	})
}
