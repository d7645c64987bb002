package devserver_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// With a certificate the server speaks TLS, and only that; the issuer is https.
func TestTLS(t *testing.T) {
	peer := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate, and a client that trusts it
	defer peer.Close()
	server, _ := serve(t, devserver.Config{TLSCertificate: &peer.TLS.Certificates[0]})
	if server.Issuer() != "https://"+server.Addr() || server.TokenURL() != server.Issuer()+"/oauth2/token" {
		t.Errorf("issuer %q, token %q", server.Issuer(), server.TokenURL())
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", server.AuthorizeURL()+"?"+request("web").Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	page := doWith(t, peer.Client(), r)
	if page.StatusCode != 200 || page.TLS == nil || page.TLS.Version < tls.VersionTLS12 || !page.Cookies()[0].Secure {
		t.Errorf("%d %v, cookies %v", page.StatusCode, page.TLS, page.Cookies())
	}
	if plain := get(t, "GET", strings.Replace(server.JWKSURL(), "https:", "http:", 1)); plain.StatusCode != 400 {
		t.Errorf("plain http: %d %s", plain.StatusCode, plain.body)
	}
	old, err := tls.Dial("tcp", server.Addr(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS11, MaxVersion: tls.VersionTLS11}) //nolint:gosec // it has to fail
	if err == nil {
		old.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

func TestTLSConfiguration(t *testing.T) {
	peer := httptest.NewTLSServer(http.NotFoundHandler())
	defer peer.Close()
	good := &peer.TLS.Certificates[0]
	for name, test := range map[string]struct {
		config devserver.Config
		want   []string
	}{
		"https issuer":   {devserver.Config{Issuer: "https://as.example.com", Addr: "127.0.0.1:0", TLSCertificate: good}, nil},
		"http issuer":    {devserver.Config{Issuer: "http://127.0.0.1:9000", Addr: "127.0.0.1:0", TLSCertificate: good}, []string{"Issuer"}},
		"empty":          {devserver.Config{TLSCertificate: &tls.Certificate{}}, []string{"TLSCertificate"}},
		"no private key": {devserver.Config{TLSCertificate: &tls.Certificate{Certificate: good.Certificate}}, []string{"TLSCertificate"}},
		"not loopback":   {devserver.Config{Addr: "0.0.0.0:0", TLSCertificate: good}, []string{"Addr"}},
	} {
		test.config.Algorithm = "EdDSA"
		server, err := devserver.New(test.config)
		if got := fields(err); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if server != nil {
			server.Close()
		}
	}
}
