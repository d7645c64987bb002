package fetch_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bearerguard/bearerguard/internal/fetch"
)

// resolveTo makes every name resolve to the addresses, one after the other, by a
// DNS server on loopback that this process asks until the test ends.
func resolveTo(t *testing.T, addresses ...string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for turn := 0; ; {
			n, client, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			answer, isA := resolve(buf[:n], netip.MustParseAddr(addresses[turn%len(addresses)]))
			if isA {
				turn++
			}
			_, _ = conn.WriteTo(answer, client)
		}
	}()
	standard := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = standard })
	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
		},
	}
}

// resolve answers a query (RFC 1035 §4.1) for an A record with addr, which lives
// no second, and any other with nothing.
func resolve(query []byte, addr netip.Addr) (answer []byte, isA bool) {
	const header = 12
	end := header
	for query[end] != 0 {
		end += 1 + int(query[end])
	}
	end += 5 // the root, type and class
	isA = binary.BigEndian.Uint16(query[end-4:]) == 1
	answer = append(answer, query[:end]...)
	copy(answer[2:header], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
	if isA {
		answer[7] = 1
		four := addr.As4()
		answer = append(answer, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, four[:]...)
	}
	return answer, isA
}

// visitors counts the connections to a port of loopback.
func visitors(t *testing.T) (port string, count func() int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var n atomic.Int64
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			_ = conn.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, n.Load
}

// TestGuardSeesTheResolvedAddress: what counts is where the connection goes, by
// whatever name.
func TestGuardSeesTheResolvedAddress(t *testing.T) {
	resolveTo(t, "127.0.0.1")
	port, count := visitors(t)
	guarded := fetch.NewPublicOnly(nil)
	defer guarded.Close()
	hosts := []string{"auth.example.com", "localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0"}
	if l, err := net.Listen("tcp6", "[::1]:0"); err == nil { // this machine has IPv6
		_ = l.Close()
		hosts = append(hosts, "[::1]", "[::]")
	}
	for _, host := range hosts {
		_, err := guarded.Get(t.Context(), parse(t, "https://"+host+":"+port+"/keys"), nil)
		if !errors.Is(err, fetch.ErrNotPublic) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if n := count(); n != 0 {
		t.Errorf("%d connections", n)
	}
	// Without the guard the name leads there: it is the guard that was tested.
	open := fetch.New(nil, nil)
	defer open.Close()
	if _, err := open.Get(t.Context(), parse(t, "https://auth.example.com:"+port+"/keys"), nil); err == nil {
		t.Error("got an answer")
	}
	if n := count(); n == 0 {
		t.Error("no connection without the guard either")
	}
}

// TestGuardAgainstRebinding: a name that was public the last time is looked at
// again.
func TestGuardAgainstRebinding(t *testing.T) {
	resolveTo(t, "192.0.2.1", "127.0.0.1")
	port, count := visitors(t)
	guarded := fetch.NewPublicOnly(nil)
	defer guarded.Close()
	for range 4 {
		_, err := guarded.Get(t.Context(), parse(t, "https://auth.example.com:"+port+"/keys"), nil)
		if !errors.Is(err, fetch.ErrNotPublic) {
			t.Errorf("%v", err)
		}
	}
	if n := count(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// TestGuardUsesNoProxy runs in a process of its own, because the environment is
// read once.
func TestGuardUsesNoProxy(t *testing.T) {
	const variable = "FETCH_TEST_PROXIED"
	if os.Getenv(variable) == "" {
		port, count := visitors(t)
		again := exec.Command(os.Args[0], "-test.run=^TestGuardUsesNoProxy$")
		again.Env = append(os.Environ(), variable+"=1", "HTTPS_PROXY=http://127.0.0.1:"+port, "NO_PROXY=")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if n := count(); n != 1 {
			t.Errorf("%d connections to the proxy, want the one without the guard", n)
		}
		return
	}
	resolveTo(t, "192.168.1.1")
	for name, client := range map[string]*fetch.Client{"guarded": fetch.NewPublicOnly(nil), "open": fetch.New(nil, nil)} {
		_, err := client.Get(t.Context(), parse(t, "https://auth.example.com/keys"), nil)
		wentThere := err != nil && strings.Contains(err.Error(), "192.168.1.1:443") && errors.Is(err, fetch.ErrNotPublic)
		if wentThere != (name == "guarded") {
			t.Errorf("%s: %v", name, err)
		}
		client.Close()
	}
}
