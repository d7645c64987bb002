package tokens_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/credentials/local"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/bearerguard/bearerguard/examples/client/tokens"
)

// guarded is a gRPC server with the health service only, which accepts some tokens.
type guarded struct {
	addr    string
	trust   *tls.Config // nil: plain text
	accepts string      // this one and later ones

	mu   sync.Mutex
	sent []string
}

func (g *guarded) decide(ctx context.Context) error {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent = append(g.sent, strings.Join(values, "|"))
	if len(values) != 1 || values[0] < "Bearer "+g.accepts {
		return status.Error(codes.Unauthenticated, "no")
	}
	return nil
}

func newGuarded(t *testing.T, secure bool, accepts string) *guarded {
	t.Helper()
	g := &guarded{accepts: accepts}
	transport := insecure.NewCredentials()
	if secure {
		site := httptest.NewUnstartedServer(http.NotFoundHandler())
		site.StartTLS() // for its certificate
		t.Cleanup(site.Close)
		transport = credentials.NewServerTLSFromCert(&site.TLS.Certificates[0])
		pool := x509.NewCertPool()
		pool.AddCert(site.Certificate())
		g.trust = &tls.Config{RootCAs: pool}
	}
	server := grpc.NewServer(grpc.Creds(transport),
		grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if err := g.decide(ctx); err != nil {
				return nil, err
			}
			return next(ctx, request)
		}),
		grpc.StreamInterceptor(func(service any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			if err := g.decide(stream.Context()); err != nil {
				return err
			}
			return next(service, stream)
		}))
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.addr = listener.Addr().String()
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return g
}

func dial(t *testing.T, addr string, options ...grpc.DialOption) grpc_health_v1.HealthClient {
	t.Helper()
	conn, err := grpc.NewClient(addr, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return grpc_health_v1.NewHealthClient(conn)
}

func check(t *testing.T, client grpc_health_v1.HealthClient) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	return err
}

// A unary call that is refused is made once more, on both kinds of connection.
func TestGRPC(t *testing.T) {
	for name, test := range map[string]struct {
		accepts string
		code    codes.Code
		sent    []string
	}{
		"accepted":               {"A", codes.OK, []string{"Bearer A"}},
		"accepted the next time": {"B", codes.OK, []string{"Bearer A", "Bearer B"}},
		"never accepted":         {"C", codes.Unauthenticated, []string{"Bearer A", "Bearer B"}},
	} {
		for _, secure := range []bool{true, false} {
			g := newGuarded(t, secure, test.accepts)
			retries := 0
			security := tokens.GRPC{Cache: tokens.NewCache(&issuing{lifetime: time.Hour}), TLS: g.trust, OnRetry: func() { retries++ }}
			err := check(t, dial(t, g.addr, security.DialOptions()...))
			if status.Code(err) != test.code || !slices.Equal(g.sent, test.sent) || retries != len(test.sent)-1 {
				t.Errorf("%s, TLS %v: %v, sent %q, %d retries", name, secure, err, g.sent, retries)
			}
		}
	}
}

// A stream is not opened again by itself, because some of it may have happened.
func TestStreamsAreNotRetried(t *testing.T) {
	g := newGuarded(t, false, "B")
	client := dial(t, g.addr, tokens.GRPC{Cache: tokens.NewCache(&issuing{lifetime: time.Hour})}.DialOptions()...)
	stream, err := client.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.Unauthenticated || !slices.Equal(g.sent, []string{"Bearer A"}) {
		t.Errorf("%v, sent %q", err, g.sent)
	}
}

// Without a token nothing is sent, and the API has not refused anything.
func TestGRPCWithoutToken(t *testing.T) {
	g := newGuarded(t, false, "A")
	down := &issuing{err: errors.New("down")}
	client := dial(t, g.addr, tokens.GRPC{Cache: tokens.NewCache(down)}.DialOptions()...)
	if err := check(t, client); status.Code(err) != codes.Unavailable || status.Convert(err).Message() != "down" {
		t.Error(err)
	}
	stream, err := client.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.Unavailable || len(g.sent) != 0 {
		t.Errorf("%v, sent %q", err, g.sent)
	}
}

// far is a connection whose other end says that it is elsewhere.
type far struct{ net.Conn }

func (far) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443} }

// The token does not leave the machine without TLS, whatever the name of the
// other end resolves to.
func TestPlainTextStaysOnThisMachine(t *testing.T) {
	g := newGuarded(t, false, "A")
	options := tokens.GRPC{Cache: tokens.NewCache(&issuing{lifetime: time.Hour})}.DialOptions()
	options = append(options, grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", g.addr)
		return far{conn}, err
	}))
	if err := check(t, dial(t, "passthrough:///localhost:443", options...)); status.Code(err) != codes.Unavailable || len(g.sent) != 0 {
		t.Errorf("%v, sent %q", err, g.sent)
	}
}

// With TLS, no mistake elsewhere sends the token without.
func TestTLSIsRequired(t *testing.T) {
	options := append(tokens.GRPC{Cache: tokens.NewCache(&issuing{}), TLS: &tls.Config{}}.DialOptions(),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if conn, err := grpc.NewClient("127.0.0.1:1", options...); err == nil {
		_ = conn.Close()
		t.Error("a connection without TLS")
	}
	plain := newGuarded(t, false, "A")
	options = append(tokens.GRPC{Cache: tokens.NewCache(&issuing{}), TLS: &tls.Config{}}.DialOptions(),
		grpc.WithTransportCredentials(local.NewCredentials()))
	if err := check(t, dial(t, plain.addr, options...)); status.Code(err) != codes.Unavailable || len(plain.sent) != 0 {
		t.Errorf("%v, sent %q", err, plain.sent)
	}
	// The other end has a certificate of somebody else's.
	g := newGuarded(t, true, "A")
	options = tokens.GRPC{Cache: tokens.NewCache(&issuing{}), TLS: &tls.Config{}}.DialOptions()
	if err := check(t, dial(t, g.addr, options...)); status.Code(err) != codes.Unavailable || len(g.sent) != 0 {
		t.Errorf("%v, sent %q", err, g.sent)
	}
}
