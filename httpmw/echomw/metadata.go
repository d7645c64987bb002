package echomw

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// Metadata registers the route of the API's metadata (RFC 9728 §3), which are public
// (see [httpmw.Auth.Metadata]). It panics without a [Config.Resource].
func (a *Auth) Metadata(e *echo.Echo) {
	pattern, handler := a.http.Metadata()
	path := strings.TrimSuffix(pattern, "{$}")
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		e.Add(method, path, echo.WrapHandler(handler))
	}
}
