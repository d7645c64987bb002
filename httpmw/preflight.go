package httpmw

import "net/http"

// Preflight has CORS preflight requests answered by handler: OPTIONS with one
// Origin and one Access-Control-Request-Method (Fetch standard, "CORS-preflight
// request"), whatever the path, also if a route for OPTIONS matches. They carry no
// credentials, and no route of the Mux gets them. Without it, which is the
// default, they are guarded like every other request. It panics if handler is nil, and is
// called before serving.
//
// It is for CORS handlers that stand by themselves; CORS middleware goes around
// the Mux, because refusals need its headers too. Either way, an API says on
// purpose who may ask.
func (m *Mux) Preflight(handler http.Handler) {
	if isNil(handler) {
		panic("httpmw: Preflight: nil handler")
	}
	m.preflight = handler
}

// isPreflight reports whether r is a CORS preflight request for one resource.
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.RequestURI != "*" &&
		present(r.Header["Origin"]) && present(r.Header["Access-Control-Request-Method"])
}

func present(values []string) bool { return len(values) == 1 && values[0] != "" }
