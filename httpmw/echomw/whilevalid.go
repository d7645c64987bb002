package echomw

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// WhileValid is [httpmw.Auth.WhileValid] for Echo: middleware, inside of
// [Auth.Require], for handlers of server-sent events and WebSockets.
func (a *Auth) WhileValid(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		outer := c.Response().Writer
		defer func() { c.Response().Writer = outer }()
		a.http.WhileValid(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c.SetRequest(r)
			c.Response().Writer = w
			err = next(c)
		})).ServeHTTP(outer, c.Request())
		return err
	}
}
