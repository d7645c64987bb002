package devserver_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// The address is bound by New, serves from Start on, and is free after Close.
func TestLifecycle(t *testing.T) {
	server, err := devserver.New(devserver.Config{Algorithm: "EdDSA"})
	if err != nil {
		t.Fatal(err)
	}
	addr := server.Addr()
	if server.Issuer() != "http://"+addr || !strings.HasPrefix(addr, "127.0.0.1:") {
		t.Errorf("issuer %q, address %q", server.Issuer(), addr)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err == nil {
		t.Error("started twice")
	}
	get(t, "GET", server.JWKSURL())
	for range 2 {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown after Close: %v", err)
	}
	select {
	case err, open := <-server.Done():
		if open {
			t.Errorf("serving ended with %v", err)
		}
	default:
		t.Error("Done is open after Close")
	}
	if err := server.Start(); err == nil {
		t.Error("started after Close")
	}
	again, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("the address is still taken: %v", err)
	}
	again.Close()
}

func TestCloseWithoutStart(t *testing.T) {
	for name, stop := range map[string]func(*devserver.Server) error{
		"Close":    (*devserver.Server).Close,
		"Shutdown": func(s *devserver.Server) error { return s.Shutdown(context.Background()) },
	} {
		server, err := devserver.New(devserver.Config{Algorithm: "EdDSA"})
		if err != nil {
			t.Fatal(err)
		}
		if err := stop(server); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		again, err := net.Listen("tcp", server.Addr())
		if err != nil {
			t.Fatalf("%s: the address is still taken: %v", name, err)
		}
		again.Close()
	}
}

func TestHandlerOnly(t *testing.T) {
	server, err := devserver.New(devserver.Config{Issuer: "https://as.example.com", Algorithm: "EdDSA"})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err == nil || server.Addr() != "" {
		t.Errorf("a handler without address started: %q", server.Addr())
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// Shutdown lets a request finish that has begun.
func TestShutdownDrains(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	conn, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := "grant_type=client_credentials"
	// The answer to Expect shows that the request is under way.
	head := "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 29\r\nExpect: 100-continue\r\n" +
		"Content-Type: application/x-www-form-urlencoded\r\nAuthorization: " + basic("billing:app+1", secretText) + "\r\n\r\n"
	if _, err := conn.Write([]byte(head)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := conn.Read(buffer); err != nil || !strings.Contains(string(buffer[:n]), "100 Continue") {
		t.Fatalf("%q, %v", buffer[:n], err)
	}
	ended := make(chan error)
	go func() { ended <- server.Shutdown(context.Background()) }()
	for { // until it no longer listens
		probe, err := net.Dial("tcp", server.Addr())
		if err != nil {
			break
		}
		probe.Close()
	}
	if _, err := conn.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(buffer); err != nil || !strings.HasPrefix(string(buffer[:n]), "HTTP/1.1 200 OK") {
		t.Errorf("%q, %v", buffer[:n], err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// As a handler, it serves plain http on loopback connections only.
func TestPlainHTTPIsForLoopback(t *testing.T) {
	server, err := devserver.New(devserver.Config{Issuer: "https://as.example.com", Algorithm: "EdDSA"})
	if err != nil {
		t.Fatal(err)
	}
	tcp := func(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 80} }
	for _, test := range []struct {
		local  net.Addr
		tls    bool
		status int
	}{
		{tcp("127.0.0.1"), false, 200},
		{tcp("::1"), false, 200},
		{tcp("192.0.2.1"), true, 200},
		{&net.UnixAddr{Name: "/socket", Net: "unix"}, false, 200},
		{tcp("192.0.2.1"), false, 403},
		{tcp("2001:db8::1"), false, 403},
	} {
		ctx := context.WithValue(t.Context(), http.LocalAddrContextKey, test.local)
		r := httptest.NewRequest("GET", "/jwks.json", nil).WithContext(ctx)
		if test.tls {
			r.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%v, TLS %v: %d, want %d", test.local, test.tls, w.Code, test.status)
		}
	}
}
