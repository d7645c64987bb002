//go:build interop

package interop_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long anything may take that should happen at once.
const patience = 30 * time.Second

// The names of the APIs. Each test has those that it configures.
const (
	jwtAPI    = "https://orders.example.com/jwt"
	opaqueAPI = "https://orders.example.com/opaque"
)

// settings are those of provider.mjs.
type settings struct {
	Port      int                 `json:"port"`
	TLS       *tlsSettings        `json:"tls,omitempty"`
	Keys      []json.RawMessage   `json:"keys"`
	Clients   []map[string]any    `json:"clients"`
	Resources map[string]resource `json:"resources"`
	Nonces    bool                `json:"nonces"`
	// RefreshTokens has APIs told about refresh tokens, which is the default of
	// oidc-provider but not of provider.mjs.
	RefreshTokens bool `json:"refresh_tokens"`
}

type tlsSettings struct {
	Certificate string `json:"cert"`
	Key         string `json:"key"`
	CA          string `json:"ca"`
}

// A resource says which access tokens an API gets.
type resource struct {
	Format    string `json:"format"` // "jwt" or "opaque"
	Algorithm string `json:"alg,omitempty"`
}

// bothFormats are an API with JWTs and one with opaque tokens.
var bothFormats = map[string]resource{
	jwtAPI:    {Format: "jwt", Algorithm: "ES256"},
	opaqueAPI: {Format: "opaque"},
}

// A provider is an oidc-provider that is running.
type provider struct {
	issuer    string
	authority *authority // nil: plain http

	command *exec.Cmd
	stdin   io.Closer
}

// start starts oidc-provider, which ends with the test at the latest.
func start(t *testing.T, s settings) *provider {
	t.Helper()
	return launch(t, s, nil)
}

// startTLS is start with TLS, and with client certificates of an authority.
func startTLS(t *testing.T, s settings, a *authority) *provider {
	t.Helper()
	certificate, key := pems(t, a.server(t))
	ca, _ := pems(t, tls.Certificate{Certificate: [][]byte{a.certificate.Raw}, PrivateKey: a.key})
	s.TLS = &tlsSettings{certificate, key, ca}
	return launch(t, s, a)
}

func launch(t *testing.T, s settings, a *authority) *provider {
	t.Helper()
	line, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	node := os.Getenv("INTEROP_NODE")
	if node == "" {
		t.Fatal("no INTEROP_NODE: the script run starts these tests")
	}
	command := exec.Command(node, "provider.mjs")
	var log bytes.Buffer
	command.Stderr = &log
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &provider{authority: a, command: command, stdin: stdin}
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("oidc-provider logged\n%s", &log)
		}
	})
	if _, err := stdin.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(stdout).ReadString('\n')
		ready <- strings.TrimSpace(line)
	}()
	select {
	case line := <-ready:
		var ok bool
		if p.issuer, ok = strings.CutPrefix(line, "listening on "); !ok {
			t.Fatal("oidc-provider did not start")
		}
	case <-time.After(patience):
		t.Fatal("oidc-provider does not get ready")
	}
	return p
}

// stop ends the provider and waits until it has. Stopping twice does no harm.
func (p *provider) stop() {
	if p.command == nil {
		return
	}
	_ = p.stdin.Close() // it lives until then
	killer := time.AfterFunc(patience, func() { _ = p.command.Process.Kill() })
	_ = p.command.Wait()
	killer.Stop()
	p.command = nil
}

// restart starts the provider again with other settings, for the same issuer.
func (p *provider) restart(t *testing.T, s settings) *provider {
	t.Helper()
	p.stop()
	at, err := url.Parse(p.issuer)
	if err != nil {
		t.Fatal(err)
	}
	if s.Port, err = strconv.Atoi(at.Port()); err != nil {
		t.Fatal(err)
	}
	again := launch(t, s, p.authority)
	if again.issuer != p.issuer {
		t.Fatalf("issuer %s after %s", again.issuer, p.issuer)
	}
	return again
}
