package contract_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/validator"
)

func expiredJustNow(from *issuer) devserver.TokenSpec {
	return devserver.TokenSpec{Claims: map[string]any{from.scopeClaim: "orders:read", "exp": time.Now().Add(3*time.Second - validator.DefaultLeeway)}}
}

// Every problem is reported at once, by variable, with status 2.
func TestConfigurationErrors(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for _, test := range []struct {
		name string
		env  []string
		want []string
	}{
		{"nothing", nil, []string{"OAUTH2_ISSUER: required", "OAUTH2_AUDIENCE: required"}},
		{"everything", []string{
			"OAUTH2_ISSUER=http://auth.example.com", "OAUTH2_JWKS_URL=ftp://auth.example.com", "OAUTH2_PROFILE=oidc",
			"OAUTH2_SCOPE_CLAIM=a..b", "OAUTH2_INSECURE_HTTP=yes", "ADDR=127.0.0.1", "TLS_CERT=" + missing, "TLS_KEY=" + missing,
		}, []string{
			"OAUTH2_AUDIENCE: required", "OAUTH2_JWKS_URL: ", "OAUTH2_PROFILE: ", "OAUTH2_SCOPE_CLAIM: ", "OAUTH2_INSECURE_HTTP: ",
			"ADDR: must be", "TLS_CERT: ",
		}},
		{"half a certificate", []string{"TLS_CERT=" + missing}, []string{"TLS_KEY: required"}},
		{"the other half", []string{"TLS_KEY=" + missing}, []string{"TLS_CERT: required"}},
	} {
		for _, program := range names {
			t.Run(test.name+"/"+program, func(t *testing.T) {
				c, stderr := command(program, test.env)
				out, _ := c.Output()
				if code := c.ProcessState.ExitCode(); code != 2 || len(out) > 0 {
					t.Errorf("status %d, stdout %q", code, out)
				}
				for _, want := range test.want {
					if !strings.Contains("\n"+stderr.String(), "\n"+want) {
						t.Errorf("stderr lacks %q: %s", want, stderr)
					}
				}
			})
		}
	}
}

// An address that cannot be had is not a mistake in the configuration.
func TestAddressInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	from := onLoopback(t)
	for _, program := range names {
		c, stderr := command(program, append(from.environment(), "ADDR="+taken.Addr().String()))
		out, _ := c.Output()
		if code := c.ProcessState.ExitCode(); code != 1 || len(out) > 0 {
			t.Errorf("%s: status %d, stdout %q, stderr %s", program, code, out, stderr)
		}
	}
}

// Whatever of the machine's addresses it listens on, it says how to reach it.
func TestAddresses(t *testing.T) {
	from := onLoopback(t)
	for _, addr := range []string{":0", "0.0.0.0:0", "localhost:0"} {
		p := start(t, names[0], from, "ADDR="+addr)
		newHTTP(t, p.addr, nil).public(t, "")
		warned := strings.Contains(p.stderr.String(), "TLS")
		if loopback := addr == "localhost:0"; warned == loopback {
			t.Errorf("%s: warned: %v", addr, warned)
		}
	}
}

// Both signals end open streams properly, and the program with status 0.
func TestSignalEndsStreams(t *testing.T) {
	eachProgram(t, func(t *testing.T, api api, from *issuer, p *running) {
		watching, _ := api.watch(t, from.token(t, "orders:read"))
		defer watching.close()
		var watchHealth func() error
		if a, ok := api.(*grpcAPI); ok {
			ctx, _ := with(t, "")
			stream, err := grpc_health_v1.NewHealthClient(a.conn).Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
			if err == nil {
				_, err = stream.Recv()
			}
			if err != nil {
				t.Fatal(err)
			}
			watchHealth = func() error { _, err := stream.Recv(); return err }
		}
		signal := map[bool]os.Signal{true: syscall.SIGTERM, false: os.Interrupt}[from.authority == nil]
		p.stop(t, signal)
		_, ok, ended := watching.next(t)
		if want := inWords(p, outcome{}, outcome{status: "Unavailable"}); ok || ended != want {
			t.Errorf("the stream ended with %+v, want %+v", ended, want)
		}
		if watchHealth != nil && statusOf(watchHealth()).status != "Unavailable" {
			t.Error("the watch of the health service goes on")
		}
	})
}

// beginCreate sends a request up to its body, and returns when the program wants
// that.
func beginCreate(t *testing.T, p *running, token string) (io.ReadWriter, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "POST /orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		token, len(tea))
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = reader.ReadString('\n')
	return conn, reader
}

const tea = `{"item":"tea"}`

// A request that is under way when the signal comes gets its answer.
func TestSignalFinishesRequests(t *testing.T) {
	from := onLoopback(t)
	for _, program := range names[:2] {
		t.Run(program, func(t *testing.T) {
			p := start(t, program, from)
			conn, reader := beginCreate(t, p, from.token(t, "orders:write"))
			p.signal(syscall.SIGTERM)
			p.stderr.await(t, "draining")
			_, _ = io.WriteString(conn, tea)
			response, err := http.ReadResponse(reader, nil)
			if err != nil || response.StatusCode != http.StatusCreated {
				t.Errorf("%v, %v", response, err)
			}
		})
	}
}

// Who does not want to wait for that sends the signal again.
func TestSecondSignal(t *testing.T) {
	from := onLoopback(t)
	p := start(t, names[0], from)
	beginCreate(t, p, from.token(t, "orders:write"))
	p.signal(syscall.SIGTERM)
	p.stderr.await(t, "draining")
	p.ended = true
	_ = p.command.Process.Signal(syscall.SIGTERM)
	_ = p.command.Wait()
	if status, ok := p.command.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("%v after a second signal", p.command.ProcessState)
	}
}

// Callers put tokens where they do not belong. What is logged of it, here and in
// every other test, is looked at when the program has ended.
func TestLog(t *testing.T) {
	from := onLoopback(t)
	for _, program := range names {
		t.Run(program, func(t *testing.T) {
			p := start(t, program, from)
			token := from.token(t, "orders:read")
			switch api := connect(t, p, from).(type) {
			case *httpAPI:
				api.send(t, "GET", "/orders?access_token="+token, "", "")
				api.send(t, "GET", "/orders/"+token, "", "Bearer "+token)
				api.send(t, "GET", "/"+token, "", "")
				api.send(t, "DELETE", "/orders/1", "", "Bearer "+token)
				api.send(t, "POST", "/orders", "access_token="+token, "Basic "+token)
				api.send(t, "GET", "/orders", "", "Bearer "+token+" "+token)
				api.send(t, "GET", "/orders", "", "Bearer "+token[1:])
			case *grpcAPI:
				api.call(t, "get", token, token)
				api.call(t, "delete", token, "1")
				api.call(t, "list", token+" "+token, "")
				api.call(t, "list", token[1:], "")
			}
			p.stop(t, syscall.SIGTERM)
			for _, code := range []string{"INSUFFICIENT_SCOPE", "MALFORMED_CREDENTIALS", "TOKEN_MALFORMED"} {
				if !strings.Contains(p.stderr.String(), code) {
					t.Errorf("the log lacks %s: %s", code, p.stderr)
				}
			}
		})
	}
}
