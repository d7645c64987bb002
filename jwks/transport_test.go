package jwks_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

// A privatePKI is a CA that no system knows, with a certificate for the server
// and one for a client.
type privatePKI struct {
	roots          *x509.CertPool
	server, client tls.Certificate
}

func newPrivatePKI(t *testing.T) privatePKI {
	t.Helper()
	caKey, caCert := certify(t, &x509.Certificate{
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	issue := func(usage x509.ExtKeyUsage) tls.Certificate {
		key, cert := certify(t, &x509.Certificate{
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			ExtKeyUsage: []x509.ExtKeyUsage{usage},
		}, caCert, caKey)
		return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
	}
	pki := privatePKI{roots: x509.NewCertPool()}
	pki.roots.AddCert(caCert)
	pki.server, pki.client = issue(x509.ExtKeyUsageServerAuth), issue(x509.ExtKeyUsageClientAuth)
	return pki
}

// certify signs a certificate, with its own key if there is no parent.
func certify(t *testing.T, template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(1)
	template.Subject = pkix.Name{CommonName: "test"}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

// serve starts a server that wants a client certificate of the same CA.
func (pki privatePKI) serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	server.TLS = &tls.Config{
		Certificates: []tls.Certificate{pki.server},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pki.roots,
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// transport returns one that trusts the CA and has the client certificate.
func (pki privatePKI) transport(t *testing.T) *http.Transport {
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: pki.roots, Certificates: []tls.Certificate{pki.client}},
		ForceAttemptHTTP2: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// fetchOnce returns what a Remote gets from the URL through the transport.
func fetchOnce(t *testing.T, url string, transport http.RoundTripper) (*jwks.Set, error) {
	t.Helper()
	r, err := jwks.NewRemote(jwks.Config{URL: url, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	return r.Current(t.Context())
}

func TestPrivateCAAndClientCertificate(t *testing.T) {
	pki := newPrivatePKI(t)
	var name atomic.Value
	server := pki.serve(t, func(w http.ResponseWriter, r *http.Request) {
		name.Store(r.TLS.PeerCertificates[0].Subject.CommonName)
		fmt.Fprint(w, published("a"))
	})
	set, err := fetchOnce(t, server.URL, pki.transport(t))
	if err != nil || !has(set, "a") || name.Load() != "test" {
		t.Errorf("%v, %v; the client is %v", set, err, name.Load())
	}

	// Without the one or the other there are no keys.
	noCert := pki.transport(t)
	noCert.TLSClientConfig.Certificates = nil
	_, err = fetchOnce(t, server.URL, noCert)
	if unavailable(t, err); !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("without a client certificate: %v", err)
	}
	_, err = fetchOnce(t, server.URL, nil)
	if unavailable(t, err); !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("without the CA: %v", err)
	}
}

// TestCustomTransportKeepsTheLimits is about a transport that has none of its own.
func TestCustomTransportKeepsTheLimits(t *testing.T) {
	pki := newPrivatePKI(t)
	var elsewhere atomic.Int64
	server := pki.serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		switch r.URL.Path {
		case "/huge":
			fmt.Fprint(w, strings.Repeat(" ", 1<<20), published("a"))
		case "/header":
			w.Header().Set("X-Huge", strings.Repeat("x", 80<<10))
			fmt.Fprint(w, published("a"))
		case "/redirect":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case "/elsewhere":
			elsewhere.Add(1)
			fmt.Fprint(w, published("a"))
		}
	})
	transport := pki.transport(t)
	for path, want := range map[string]string{
		"/huge":     "response too large",
		"/header":   "response too large",
		"/redirect": "HTTP status 302",
	} {
		_, err := fetchOnce(t, server.URL+path, transport)
		if unavailable(t, err); !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// TestForwardProxy: the proxy sees a tunnel, the issuer is still who TLS says.
func TestForwardProxy(t *testing.T) {
	pki := newPrivatePKI(t)
	server := pki.serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, published("a")) })
	var tunnels atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			t.Errorf("the proxy was asked to %s", r.Method)
			return
		}
		tunnels.Add(1)
		tunnel(t, w, r.Host)
	}))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := pki.transport(t)
	transport.Proxy = http.ProxyURL(at)
	if set, err := fetchOnce(t, server.URL, transport); err != nil || !has(set, "a") || tunnels.Load() != 1 {
		t.Errorf("%v, %v through %d tunnels", set, err, tunnels.Load())
	}
}

// tunnel answers CONNECT (RFC 9110 §9.3.6).
func tunnel(t *testing.T, w http.ResponseWriter, host string) {
	there, err := net.Dial("tcp", host)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = there.Close() }()
	here, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = here.Close() }()
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
	_, _ = io.Copy(here, there)
}

// TestPublicAddressesOnly: neither a URL nor an issuer on this machine is connected
// to. What is public and what is not is tested where it is decided.
func TestPublicAddressesOnly(t *testing.T) {
	var visited atomic.Bool
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(net.Conn, http.ConnState) { visited.Store(true) }
	server.StartTLS()
	defer server.Close()
	for _, config := range []jwks.Config{{URL: server.URL}, {Issuer: server.URL}} {
		config.PublicAddressesOnly = true
		r, err := jwks.NewRemote(config)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Current(t.Context())
		if unavailable(t, err); !strings.Contains(err.Error(), "not a public address") {
			t.Errorf("%v", err)
		}
		_ = r.Close()
	}
	if visited.Load() {
		t.Error("it was connected to")
	}
}

// A deaf transport takes no notice of the context.
type deaf struct {
	let     chan struct{}
	started atomic.Int64
	next    http.RoundTripper
}

func (d *deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	d.started.Add(1)
	<-d.let
	return d.next.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
}

// TestDeafTransport: a transport that does not come back holds up neither callers
// nor Close, and costs one goroutine however long it takes.
func TestDeafTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newIssuer(t, published("a"))
		transport := &deaf{let: make(chan struct{}), next: is.transport}
		r := is.remote(t, func(c *jwks.Config) { c.Transport = transport })
		began := time.Now()
		_, err := r.Current(t.Context())
		if unavailable(t, err); time.Since(began) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		time.Sleep(time.Hour)
		if n := transport.started.Load(); n != 1 {
			t.Errorf("%d requests are stuck", n)
		}
		// When it comes back, so do the keys.
		close(transport.let)
		time.Sleep(5 * time.Second)
		current(t, r)

		// Close does not wait for ever.
		transport.let = make(chan struct{})
		go func() { _, _ = r.Newer(t.Context(), current(t, r)) }()
		synctest.Wait()
		began = time.Now()
		_ = r.Close()
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("Close took %v", waited)
		}
		close(transport.let)
	})
}
