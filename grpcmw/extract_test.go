package grpcmw_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
)

func TestAuthorizationMetadata(t *testing.T) {
	s := newSigner(t)
	good := s.bearer(t, "", time.Hour)
	_, token, _ := strings.Cut(good, " ")
	conn := serve(t, newAuth(t, s.validator(t), grpcmw.Config{Rules: map[string]scopes.Requirement{
		service + "*": scopes.Authenticated(),
	}}))
	tests := map[string]struct {
		values []string
		want   string
	}{
		"none":               {nil, "CREDENTIALS_MISSING"},
		"one":                {[]string{good}, "OK"},
		"lower case":         {[]string{"bearer " + token}, "OK"},
		"upper case":         {[]string{"BEARER " + token}, "OK"},
		"more spaces":        {[]string{"Bearer    " + token}, "OK"},
		"twice the same":     {[]string{good, good}, "MALFORMED_CREDENTIALS"},
		"good, then bad":     {[]string{good, "Bearer x"}, "MALFORMED_CREDENTIALS"},
		"bad, then good":     {[]string{"Bearer x", good}, "MALFORMED_CREDENTIALS"},
		"two schemes":        {[]string{"Basic x", good}, "MALFORMED_CREDENTIALS"},
		"joined by a comma":  {[]string{good + ", " + good}, "MALFORMED_CREDENTIALS"},
		"empty":              {[]string{""}, "MALFORMED_CREDENTIALS"},
		"scheme only":        {[]string{"Bearer"}, "MALFORMED_CREDENTIALS"},
		"the token only":     {[]string{token}, "CREDENTIALS_MISSING"},
		"another scheme":     {[]string{"Basic d29ya2VyOg=="}, "CREDENTIALS_MISSING"},
		"quoted":             {[]string{`Bearer "` + token + `"`}, "MALFORMED_CREDENTIALS"},
		"two tokens":         {[]string{good + " " + token}, "MALFORMED_CREDENTIALS"},
		"a scheme like ours": {[]string{"Bearer: " + token}, "MALFORMED_CREDENTIALS"},
	}
	for name, tt := range tests {
		for _, kind := range kinds {
			_, err := kind.call(with(t, tt.values...), conn)
			if got := reason(t, err); got != tt.want {
				t.Errorf("%s, %s: got %s, want %s", name, kind.name, got, tt.want)
			}
		}
	}
}

// A token anywhere else is not looked for.
func TestOnlyAuthorizationMetadata(t *testing.T) {
	s := newSigner(t)
	good := s.bearer(t, "", time.Hour)
	_, token, _ := strings.Cut(good, " ")
	conn := serve(t, newAuth(t, s.validator(t), grpcmw.Config{Rules: map[string]scopes.Requirement{
		service + "*": scopes.Authenticated(),
	}}))
	for _, kind := range kinds {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "access_token", token, "proxy-authorization", good,
			"grpc-gateway-authorization", good, "grpcgateway-authorization", good, "authorization-bin", good, "x-authorization", good)
		if _, err := kind.call(ctx, conn); reason(t, err) != "CREDENTIALS_MISSING" {
			t.Errorf("%s: got %v", kind.name, err)
		}
	}
}

// recorder refuses every credential and remembers the last one.
type recorder struct{ last *validator.Credential }

func (r *recorder) Validate(_ context.Context, c validator.Credential) (*validator.Token, error) {
	r.last = &c
	return nil, validator.NewError(validator.CodeTokenRefused, nil)
}

func TestCredential(t *testing.T) {
	var r recorder
	conn := serve(t, newAuth(t, &r, grpcmw.Config{}))
	for _, kind := range kinds {
		ctx := metadata.AppendToOutgoingContext(with(t, "BeareR  abc=="), "dpop", "proof 1", "DPoP", "proof 2")
		_, err := kind.call(ctx, conn)
		if reason(t, err) != "TOKEN_REFUSED" {
			t.Fatalf("%s: got %v", kind.name, err)
		}
		want := url.URL{Scheme: "http", Host: "bufconn", Path: kind.fullMethod}
		if c := r.last; c.Scheme != "BeareR" || c.Token != "abc==" || c.Info.Method() != "POST" || *c.Info.URL() != want ||
			!slices.Equal(c.Info.Header("DPoP"), []string{"proof 1", "proof 2"}) || c.Info.PeerCertificate() != nil || c.Info.RemoteAddr() != "bufconn" {
			t.Errorf("%s: got %q %q %q %v %q %v %s", kind.name, c.Scheme, c.Token, c.Info.Method(), c.Info.URL(), c.Info.Header("dpop"), c.Info.PeerCertificate(), c.Info.RemoteAddr())
		}
	}
}

// selfSigned returns a certificate for the loopback address that nobody vouches
// for.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	must(t, err)
	leaf, err := x509.ParseCertificate(der)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private, Leaf: leaf}
}

// dialTLS connects to a server whose certificate is server; client may be nil.
func dialTLS(t *testing.T, address string, server *x509.Certificate, client *tls.Certificate) *grpc.ClientConn {
	t.Helper()
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	config.RootCAs.AddCert(server)
	if client != nil {
		config.Certificates = []tls.Certificate{*client}
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Over a real connection: the certificate that the client shows reaches the
// authenticator, although nobody has verified it; without one there is none.
func TestPeerCertificate(t *testing.T) {
	var r recorder
	server, client := selfSigned(t), selfSigned(t)
	auth := newAuth(t, &r, grpcmw.Config{})
	secure := credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequestClientCert})
	guarded := grpc.NewServer(append(auth.ServerOptions(), grpc.Creds(secure))...)
	testgrpc.RegisterTestServiceServer(guarded, &testService{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = guarded.Serve(listener) }()
	t.Cleanup(guarded.Stop)
	address := listener.Addr().String()

	checkPeer(t, &r, dialTLS(t, address, server.Leaf, &client), address, client.Leaf)
	checkPeer(t, &r, dialTLS(t, address, server.Leaf, nil), address, nil)
}

// The same behind net/http, which brings its own HTTP/2.
func TestServeHTTP(t *testing.T) {
	var r recorder
	client := selfSigned(t)
	guarded := grpc.NewServer(newAuth(t, &r, grpcmw.Config{}).ServerOptions()...)
	testgrpc.RegisterTestServiceServer(guarded, &testService{})
	server := httptest.NewUnstartedServer(guarded)
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	address := server.Listener.Addr().String()

	conn := dialTLS(t, address, server.Certificate(), &client)
	checkPeer(t, &r, conn, address, client.Leaf)
	for _, kind := range kinds {
		if _, err := kind.call(with(t, "Bearer x", "Bearer x"), conn); reason(t, err) != "MALFORMED_CREDENTIALS" {
			t.Errorf("%s, repeated: got %v", kind.name, err)
		}
	}
}

func checkPeer(t *testing.T, r *recorder, conn *grpc.ClientConn, address string, want *x509.Certificate) {
	t.Helper()
	for _, kind := range kinds {
		r.last = nil
		if _, err := kind.call(with(t, "Bearer x"), conn); reason(t, err) != "TOKEN_REFUSED" || r.last == nil {
			t.Fatalf("%s: got %v", kind.name, err)
		}
		if u := r.last.Info.URL(); r.last.Info.Method() != http.MethodPost || u.Scheme != "https" || u.Host != address || u.Path != kind.fullMethod {
			t.Errorf("%s: got %s %v", kind.name, r.last.Info.Method(), u)
		}
		if got := r.last.Info.PeerCertificate(); (got == nil) != (want == nil) || got != nil && !got.Equal(want) {
			t.Errorf("%s: got certificate %v, want %v", kind.name, got, want)
		}
	}
}

// What is handed to the authenticator, or why nothing is, compared with the
// grammar of RFC 6750 §2.1 written as regular expressions.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{
		"Bearer abc", "bearer  a.b-c_d~e+f/g==", "Bearer", "Bearer ", "", " Bearer x", "Bearer x ", "Bearer\tx", "Basic x",
		"Bearer x, Bearer y", "Bearer =", "Bearer a=b", "Bearer \u00e9", "Bearer: x", "Be(arer x",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	wellFormed := regexp.MustCompile(`^([Bb][Ee][Aa][Rr][Ee][Rr]) +([A-Za-z0-9\-._~+/]+=*)$`)
	otherScheme := regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+( |$)")
	ours := regexp.MustCompile(`^[Bb][Ee][Aa][Rr][Ee][Rr]( |$)`)
	var r recorder
	auth, err := grpcmw.New(&r, grpcmw.Config{})
	must(f, err)
	f.Fuzz(func(t *testing.T, value string, repeated bool) {
		values := []string{value}
		if repeated {
			values = append(values, value)
		}
		r.last = nil
		_, err := auth.Authorize(metadata.NewIncomingContext(t.Context(), metadata.MD{"authorization": values}), unaryMethod)
		refused, ok := errors.AsType[*validator.Error](err)
		if !ok {
			t.Fatalf("%q: got %v", value, err)
		}
		want := validator.CodeMalformedCredentials
		match := wellFormed.FindStringSubmatch(value)
		switch {
		case repeated:
		case match != nil:
			want = validator.CodeTokenRefused
		case otherScheme.MatchString(value) && !ours.MatchString(value):
			want = validator.CodeCredentialsMissing
		}
		if refused.Code() != want {
			t.Fatalf("%q: got %v, want %v", value, refused.Code(), want)
		}
		if handedOver := r.last != nil; handedOver != (want == validator.CodeTokenRefused) {
			t.Fatalf("%q: handed over: %v", value, handedOver)
		}
		if r.last != nil && (r.last.Scheme != match[1] || r.last.Token != match[2]) {
			t.Errorf("%q: got %q, %q", value, r.last.Scheme, r.last.Token)
		}
	})
}
