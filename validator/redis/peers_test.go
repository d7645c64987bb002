package redis_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/redis"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	goredis "github.com/redis/go-redis/v9"
)

var (
	ctx   = context.Background()
	epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

const issuerURL = "https://auth.example.com"

// serverBinary names a redis-server. Where it is set, as in CI, every test of
// eachServer is also run with a real one.
const serverBinary = "BEARERGUARD_REDIS_SERVER"

// eachServer runs a test with miniredis, and with a real server if there is one.
// The options lead to it.
func eachServer(t *testing.T, test func(t *testing.T, options goredis.Options)) {
	t.Run("miniredis", func(t *testing.T) {
		test(t, goredis.Options{Addr: miniredis.RunT(t).Addr()})
	})
	if binary := os.Getenv(serverBinary); binary != "" {
		t.Run("redis-server", func(t *testing.T) { test(t, startServer(t, binary)) })
	}
}

// startServer starts a redis-server on a Unix socket, so that no port has to be
// found.
func startServer(t *testing.T, binary string, arguments ...string) goredis.Options {
	t.Helper()
	directory, err := os.MkdirTemp("", "redis") // the name of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(directory, "s")
	arguments = append([]string{"--port", "0", "--unixsocket", socket, "--dir", directory, "--save", "", "--appendonly", "no"}, arguments...)
	command := exec.Command(binary, arguments...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		_ = os.RemoveAll(directory)
	})
	options := goredis.Options{Network: "unix", Addr: socket}
	client := newClient(t, options)
	for deadline := time.Now().Add(enough); client.Ping(ctx).Err() != nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("redis-server does not start")
		}
	}
	return options
}

func newClient(t testing.TB, options goredis.Options) *goredis.Client {
	options.ContextTimeoutEnabled = true
	options.MaxRetries = -1
	client := goredis.NewClient(&options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// newStore returns the store of one replica, which has a client of its own.
func newStore(t testing.TB, options goredis.Options, config redis.Config) *redis.Store {
	t.Helper()
	if config.Client == nil {
		config.Client = newClient(t, options)
	}
	if config.Timeout == 0 {
		config.Timeout = redis.MaxTimeout
	}
	s, err := redis.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// token returns a token that was really validated, issued at the epoch.
func token(t testing.TB, edits ...func(validatortest.Claims) validatortest.Claims) *validator.Token {
	t.Helper()
	c := validatortest.User("alice", "billing").With("jti", "t1").With("sid", "s1").
		With("iat", epoch.Unix()).With("exp", time.Now().Add(time.Hour).Unix())
	for _, edit := range edits {
		c = edit(c)
	}
	token, ok := validator.TokenFrom(validatortest.WithToken(ctx, c))
	if !ok {
		t.Fatal("no token")
	}
	return token
}

func codeOf(err error) validator.Code {
	if e, ok := errors.AsType[*validator.Error](err); ok {
		return e.Code()
	}
	return 0
}

// A relay stands between a store and Redis and can be broken.
type relay struct {
	listener net.Listener
	upstream goredis.Options
	fault    atomic.Value // a string; empty: none
	mu       sync.Mutex
	open     map[net.Conn]bool
}

func newRelay(t *testing.T, upstream goredis.Options) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: listener, upstream: upstream, open: map[net.Conn]bool{}}
	r.fault.Store("")
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.open[c] = true
			r.mu.Unlock()
			connections.Go(func() { r.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		r.cut()
		connections.Wait()
	})
	return r
}

func (r *relay) options() goredis.Options { return goredis.Options{Addr: r.listener.Addr().String()} }

// cut ends all connections.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.open {
		_ = c.Close()
	}
}

// set makes it fail from now on, also on connections that there are.
func (r *relay) set(fault string) {
	r.fault.Store(fault)
	r.cut()
}

// The faults. Answers are those of a server that is none, is starting, is full or
// has become a replica.
var faults = map[string]string{
	"hang":     "",
	"refuse":   "",
	"slow":     "",
	"garbage":  "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
	"binary":   "\x00\xff\x00\xff\r\n",
	"truncate": "$5\r\nab",
	"loading":  "-LOADING Redis is loading the dataset in memory\r\n",
	"full":     "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
	"readonly": "-READONLY You can't write against a read only replica.\r\n",
	"password": "-NOAUTH Authentication required.\r\n",
}

func (r *relay) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	fault := r.fault.Load().(string)
	if fault == "" {
		r.forward(c)
		return
	}
	buffer := make([]byte, 4096)
	for fault != "refuse" {
		if _, err := c.Read(buffer); err != nil {
			return
		}
		if fault == "slow" { // an answer, a byte at a time
			for _, b := range []byte("+OK\r\n") {
				time.Sleep(100 * time.Millisecond)
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
			}
			continue
		}
		if _, err := io.WriteString(c, faults[fault]); err != nil {
			return
		}
		if fault == "truncate" {
			return
		}
	}
}

func (r *relay) forward(c net.Conn) {
	network := r.upstream.Network
	if network == "" {
		network = "tcp"
	}
	server, err := net.Dial(network, r.upstream.Addr)
	if err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(server, c); _ = server.Close() })
	both.Go(func() { _, _ = io.Copy(c, server); _ = c.Close() })
	both.Wait()
}
