package httpmw_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
)

// Whatever is written on the wire, no handler is reached without the rule that its
// own pattern has.
func TestBypass(t *testing.T) {
	var bypass adaptertest.Bypass
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{Policy: bypass.Policy()})
	mux := auth.NewMux()
	bypass.Routes(func(route string, reached func()) {
		mux.BindFunc(route, func(http.ResponseWriter, *http.Request) { reached() })
	})
	if err := mux.Check(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(mux)
	server.Config.DisableGeneralOptionsHandler = true // "OPTIONS *" comes through, too
	server.Start()
	t.Cleanup(server.Close)
	bypass.Run(t, server.Listener.Addr().String(), 1)
}
