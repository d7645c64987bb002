package fetch_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bearerguard/bearerguard/internal/fetch"
)

// The configuration is used, but it cannot bring back versions of TLS that RFC 8996
// has deprecated, and it is not changed.
func TestNewTLS(t *testing.T) {
	server := func(version uint16) *httptest.Server {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: version}
		s.StartTLS()
		t.Cleanup(s.Close)
		return s
	}
	for version, works := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		s := server(version)
		config := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS10}
		config.RootCAs.AddCert(s.Certificate())
		client := fetch.NewTLS(config, 4, nil)
		_, err := client.Get(t.Context(), parse(t, s.URL), nil)
		if (err == nil) != works {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		client.Close()
		if config.MinVersion != tls.VersionTLS10 {
			t.Error("the caller's configuration was changed")
		}
	}
	client := fetch.NewTLS(nil, 4, nil)
	defer client.Close()
	if _, err := client.Get(t.Context(), parse(t, server(tls.VersionTLS13).URL), nil); err == nil {
		t.Error("a certificate of nobody was accepted")
	}
}
