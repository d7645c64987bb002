package jwks_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

// An issuer publishes keys over connections in memory, which unlike sockets
// stand still with the virtual time of a synctest bubble.
type issuer struct {
	transport *http.Transport

	mu       sync.Mutex
	down     bool
	handler  http.HandlerFunc
	requests []request
	conns    map[net.Conn]bool
}

type request struct {
	at     time.Time
	path   string
	header http.Header
}

const keysURL = "http://127.0.0.1/keys"

// newIssuer starts an issuer that serves the document at every path. It ends
// with the test.
func newIssuer(t testing.TB, document string) *issuer {
	t.Helper()
	is := &issuer{conns: make(map[net.Conn]bool)}
	is.serve(document)
	listener := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: http.HandlerFunc(is.handle)}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	is.transport = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			is.mu.Lock()
			down := is.down
			is.mu.Unlock()
			if down {
				return nil, errors.New("connection refused")
			}
			return listener.dial(ctx, is)
		},
	}
	t.Cleanup(func() {
		is.transport.CloseIdleConnections()
		_ = server.Close()
		serving.Wait()
	})
	return is
}

func (is *issuer) handle(w http.ResponseWriter, r *http.Request) {
	is.mu.Lock()
	is.requests = append(is.requests, request{time.Now(), r.URL.Path, r.Header})
	handler := is.handler
	is.mu.Unlock()
	handler(w, r)
}

// answer sets the handler.
func (is *issuer) answer(h http.HandlerFunc) {
	is.mu.Lock()
	defer is.mu.Unlock()
	is.handler, is.down = h, false
}

func (is *issuer) serve(document string) {
	is.answer(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, document) })
}

// refuse closes the door and all connections.
func (is *issuer) refuse() {
	is.mu.Lock()
	defer is.mu.Unlock()
	is.down = true
	for c := range is.conns {
		_ = c.Close()
		delete(is.conns, c)
	}
}

// hang takes requests and answers none.
func (is *issuer) hang() {
	is.answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

func (is *issuer) count() int {
	is.mu.Lock()
	defer is.mu.Unlock()
	return len(is.requests)
}

func (is *issuer) last() request {
	is.mu.Lock()
	defer is.mu.Unlock()
	return is.requests[len(is.requests)-1]
}

func (is *issuer) paths() []string {
	is.mu.Lock()
	defer is.mu.Unlock()
	var paths []string
	for _, r := range is.requests {
		paths = append(paths, r.path)
	}
	return paths
}

type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) dial(ctx context.Context, is *issuer) (net.Conn, error) {
	ours, theirs := net.Pipe()
	is.mu.Lock()
	is.conns[theirs] = true
	is.mu.Unlock()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// remote returns a Remote over the issuer, changed by the options.
func (is *issuer) remote(t testing.TB, options ...func(*jwks.Config)) *jwks.Remote {
	t.Helper()
	config := jwks.Config{URL: keysURL, InsecureLoopbackHTTP: true, Transport: is.transport}
	for _, option := range options {
		option(&config)
	}
	r, err := jwks.NewRemote(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// current returns the set in force and fails the test if there is none, or if
// time passed.
func current(t testing.TB, r *jwks.Remote) *jwks.Set {
	t.Helper()
	began := time.Now()
	set, err := r.Current(t.Context())
	if err != nil {
		t.Fatalf("Current: %v", err)
	}
	if waited := time.Since(began); waited > 0 {
		t.Errorf("a reader waited %v", waited)
	}
	return set
}

// unavailable fails the test unless err is an UnavailableError, and returns it.
func unavailable(t testing.TB, err error) *jwks.UnavailableError {
	t.Helper()
	u, ok := errors.AsType[*jwks.UnavailableError](err)
	if !ok {
		t.Fatalf("error %v, want an UnavailableError", err)
	}
	return u
}

func has(set *jwks.Set, kid string) bool {
	_, known := set.Find(kid, "ES256")
	return known
}

// Keys to publish. Making them takes time, so they are made once.
var (
	rsaKey = sync.OnceValue(func() *rsa.PublicKey {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		return &k.PublicKey
	})
	ecKeys  sync.Map
	curveOf = map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
)

// ecKey returns the key of that name.
func ecKey(curve, name string) *ecdsa.PublicKey {
	if k, ok := ecKeys.Load(curve + name); ok {
		return k.(*ecdsa.PublicKey)
	}
	k, err := ecdsa.GenerateKey(curveOf[curve], rand.Reader)
	if err != nil {
		panic(err)
	}
	actual, _ := ecKeys.LoadOrStore(curve+name, &k.PublicKey)
	return actual.(*ecdsa.PublicKey)
}

func edKey(seed byte) ed25519.PublicKey {
	b := make([]byte, ed25519.SeedSize)
	b[0] = seed
	return ed25519.NewKeyFromSeed(b).Public().(ed25519.PublicKey)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// A jwk is a JWK as its members.
type jwk map[string]any

func describe(kid string, public crypto.PublicKey) jwk {
	j := jwk{}
	if kid != "" {
		j["kid"] = kid
	}
	switch k := public.(type) {
	case *rsa.PublicKey:
		j["kty"], j["n"], j["e"] = "RSA", b64(k.N.Bytes()), b64(big.NewInt(int64(k.E)).Bytes())
	case *ecdsa.PublicKey:
		x, y := coordinates(k)
		j["kty"], j["crv"], j["x"], j["y"] = "EC", k.Curve.Params().Name, b64(x), b64(y)
	case ed25519.PublicKey:
		j["kty"], j["crv"], j["x"] = "OKP", "Ed25519", b64(k)
	}
	return j
}

// coordinates takes the uncompressed form apart: 4, x, y (SEC 1 §2.3.3).
func coordinates(k *ecdsa.PublicKey) (x, y []byte) {
	point, err := k.Bytes()
	if err != nil {
		panic(err)
	}
	size := len(point) / 2
	return point[1 : 1+size], point[1+size:]
}

// with returns a copy with members set, or removed where the value is absent.
func (j jwk) with(nameValue ...any) jwk {
	c := jwk{}
	for name, value := range j {
		c[name] = value
	}
	for i := 0; i < len(nameValue); i += 2 {
		if c[nameValue[i].(string)] = nameValue[i+1]; nameValue[i+1] == absent {
			delete(c, nameValue[i].(string))
		}
	}
	return c
}

const absent = "\x00"

func (j jwk) String() string {
	b, err := json.Marshal(j)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// document returns the key set of the elements, each a jwk or text.
func document(elements ...any) string {
	s := ""
	for i, e := range elements {
		if i > 0 {
			s += ","
		}
		s += fmt.Sprint(e)
	}
	return `{"keys":[` + s + `]}`
}

// published returns the document with one P-256 key for each id.
func published(kids ...string) string {
	var elements []any
	for _, kid := range kids {
		elements = append(elements, describe(kid, ecKey("P-256", kid)))
	}
	return document(elements...)
}
