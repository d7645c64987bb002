package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// With this variable set, the test binary is the program.
const runAsProgram = "AUTHSERVER_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(runAsProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program returns the program, not yet started, with exactly this environment.
func program(t *testing.T, env ...string) (command *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	command = exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(env, runAsProgram+"=1")
	stderr = new(bytes.Buffer)
	command.Stderr = stderr
	return command, stderr
}

// ready starts the program and returns the address on its one line.
func ready(t *testing.T, command *exec.Cmd) (addr string, rest *bufio.Reader) {
	t.Helper()
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill() })
	rest = bufio.NewReader(out)
	line, err := rest.ReadString('\n')
	match := regexp.MustCompile(`^listening on (127\.0\.0\.1:[1-9][0-9]*)\n$`).FindStringSubmatch(line)
	if err != nil || match == nil {
		t.Fatalf("first line %q, %v", line, err)
	}
	return match[1], rest
}

// stop sends the signal and expects nothing more on stdout and status 0.
func stop(t *testing.T, command *exec.Cmd, rest *bufio.Reader, signal os.Signal) {
	t.Helper()
	if err := command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	if more, err := rest.ReadString('\n'); more != "" {
		t.Errorf("more on stdout: %q, %v", more, err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// The demo clients work with the secrets that were printed, which are not
// logged again.
func TestDemo(t *testing.T) {
	command, stderr := program(t, "ADDR=127.0.0.1:0", "AUTHSERVER_ALG=ES256")
	addr, rest := ready(t, command)
	// stderr was written before the line on stdout, but by another goroutine of
	// this process; it is read after the end. Until then a wrong secret has to do.
	wrong := clientcredentials.Config{ClientID: "demo-reader", ClientSecret: "hunter2", TokenURL: "http://" + addr + "/oauth2/token"}
	if _, err := wrong.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("a wrong secret: %v", err)
	}
	stop(t, command, rest, os.Interrupt)
	text := stderr.String()
	for _, want := range []string{"DEVELOPMENT ONLY", "issuer: http://" + addr + "\n", "demo client demo-reader", "demo client demo-admin", "demo client demo-login",
		`"msg":"token refused","error":"invalid_client"`} {
		if !strings.Contains(text, want) {
			t.Errorf("stderr lacks %q: %s", want, text)
		}
	}
	if strings.Contains(text, "hunter2") {
		t.Errorf("stderr has the secret that was sent: %s", text)
	}
}

func TestDemoClientsDiffer(t *testing.T) {
	first, second := demoClients(), demoClients()
	seen := map[string]bool{}
	for _, c := range append(first, second...) {
		if c.Public {
			continue
		}
		if seen[c.Secret] || len(c.Secret) < 43 {
			t.Errorf("%s has a secret that is short or seen before", c.ID)
		}
		seen[c.Secret] = true
	}
}

func TestClientsFileAndIssuer(t *testing.T) {
	command, stderr := program(t, "ADDR=127.0.0.1:0", "AUTHSERVER_ALG=EdDSA", "AUTHSERVER_ISSUER=https://as.example.com/tenant",
		"AUTHSERVER_CLIENTS="+filepath.Join("devserver", "testdata", "clients.json"))
	addr, rest := ready(t, command)
	client := clientcredentials.Config{
		ClientID: "billing", ClientSecret: "only-an-example-secret-for-tests", TokenURL: "http://" + addr + "/tenant/oauth2/token",
	}
	token, err := client.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stop(t, command, rest, syscall.SIGTERM)
	text := stderr.String()
	if !strings.Contains(text, `"msg":"token issued","client_id":"billing"`) || strings.Contains(text, "demo client") {
		t.Errorf("stderr: %s", text)
	}
	if strings.Contains(text, token.AccessToken) || strings.Contains(text, client.ClientSecret) {
		t.Errorf("stderr has a secret or a token: %s", text)
	}
}

// certificate writes a fresh certificate for 127.0.0.1 and its key as PEM files.
func certificate(t *testing.T) (certFile, keyFile string, trust *http.Client) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	write := func(name, kind string, content []byte) string {
		path := filepath.Join(t.TempDir(), name)
		block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
		pool.AppendCertsFromPEM(block)
		if err := os.WriteFile(path, block, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certFile, keyFile = write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", private)
	return certFile, keyFile, &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

// Everything that the environment says arrives: TLS, the authorities of clients,
// the control token, the users, the profile, the lifetime and the acr values.
func TestEnvironment(t *testing.T) {
	certFile, keyFile, trust := certificate(t)
	command, stderr := program(t, "ADDR=127.0.0.1:0", "AUTHSERVER_ALG=EdDSA", "AUTHSERVER_TLS_CERT="+certFile, "AUTHSERVER_TLS_KEY="+keyFile,
		"AUTHSERVER_CLIENTS="+filepath.Join("devserver", "testdata", "clients.json"), "AUTHSERVER_USERS=alice,bob",
		"AUTHSERVER_TOKEN_LIFETIME=90s", "AUTHSERVER_CONTROL_TOKEN=only-a-control-token-for-tests", "AUTHSERVER_PROFILE=jwt",
		"AUTHSERVER_CLIENT_CAS="+certFile, "AUTHSERVER_ACR_VALUES=phr phrh", "AUTHSERVER_DPOP_NONCES=true")
	addr, rest := ready(t, command)
	client := clientcredentials.Config{
		ClientID: "billing", ClientSecret: "only-an-example-secret-for-tests", TokenURL: "https://" + addr + "/oauth2/token",
	}
	token, err := client.Token(context.WithValue(t.Context(), oauth2.HTTPClient, trust))
	if err != nil || token.Extra("expires_in") != 90.0 {
		t.Fatalf("%v, %v", token, err)
	}
	get := func(method, path, body string) string {
		r, err := http.NewRequestWithContext(t.Context(), method, "https://"+addr+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer only-a-control-token-for-tests")
		answer, err := trust.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != 200 {
			t.Fatalf("%s: %d %s, %v", path, answer.StatusCode, text, err)
		}
		return string(text)
	}
	page := get("GET", "/oauth2/authorize?response_type=code&client_id=orders-cli&scope=orders:read&code_challenge_method=S256&"+
		"code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "")
	if !strings.Contains(page, "<option>alice</option><option>bob</option>") {
		t.Errorf("the users are not on the page: %s", page)
	}
	about := get("GET", "/.well-known/oauth-authorization-server", "")
	if !strings.Contains(about, `"acr_values_supported":["phr","phrh"]`) || !strings.Contains(about, `"tls_client_auth"`) {
		t.Errorf("the metadata are %s", about)
	}
	if keys := get("POST", "/control/signing-key", `{"action":"publish"}`); strings.Count(keys, `"alg":"EdDSA"`) != 2 {
		t.Errorf("the keys are %s", keys)
	}
	stop(t, command, rest, syscall.SIGTERM)
	if text := stderr.String(); !strings.Contains(text, "issuer: https://"+addr+"\n") || strings.Contains(text, "only-a-control-token") {
		t.Errorf("stderr: %s", text)
	}
}

// Every problem is reported at once, by variable, with status 2.
func TestConfigurationErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clients.json")
	for _, test := range []struct {
		name, clients string
		want          []string
	}{
		{"no file", "", []string{"AUTHSERVER_CLIENTS: open"}},
		{"broken", `{"clients":[{"client_secret":hunter2}]}`, []string{"AUTHSERVER_CLIENTS: byte"}},
		{"unknown member", `{"clients":[{"x":1}]}`, []string{"AUTHSERVER_CLIENTS: /clients/0/x: unknown member"}},
		{"bad key", `{"clients":[{"jwks":{"keys":[{}]}}]}`, []string{"AUTHSERVER_CLIENTS (Clients[0].Keys[0]): is not a JWK"}},
		{"bad clients", `{"clients":[{"client_id":"a","client_secret":"hunter2","audiences":["urn:a"]},{}]}`,
			[]string{"AUTHSERVER_CLIENTS (Clients[0].Secret):", "AUTHSERVER_CLIENTS (Clients[1].ID):", "AUTHSERVER_CLIENTS (Clients[1]):"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := file
			if test.clients == "" {
				path += ".missing"
			} else if err := os.WriteFile(file, []byte(test.clients), 0o600); err != nil {
				t.Fatal(err)
			}
			command, stderr := program(t, "ADDR=0.0.0.0:0", "AUTHSERVER_ALG=none", "AUTHSERVER_ISSUER=http://as.example.com",
				"AUTHSERVER_PROFILE=x", "AUTHSERVER_TOKEN_LIFETIME=0s", "AUTHSERVER_USERS=a,b c", "AUTHSERVER_CONTROL_TOKEN=hunter2",
				"AUTHSERVER_TLS_CERT="+path, "AUTHSERVER_CLIENTS="+path, "AUTHSERVER_CLIENT_CAS="+path, "AUTHSERVER_DPOP_NONCES=yes",
				`AUTHSERVER_ACR_VALUES=phr "x"`)
			out, err := command.Output()
			if code := command.ProcessState.ExitCode(); err == nil || code != 2 || len(out) != 0 {
				t.Errorf("status %d, stdout %q, %v", code, out, err)
			}
			for _, want := range append(test.want, "development only", "ADDR: ", "AUTHSERVER_ALG: ", "AUTHSERVER_ISSUER: ",
				"AUTHSERVER_PROFILE: ", "AUTHSERVER_TOKEN_LIFETIME: ", "AUTHSERVER_USERS (Users[1]): ", "AUTHSERVER_CONTROL_TOKEN: ",
				"AUTHSERVER_TLS_CERT and AUTHSERVER_TLS_KEY: ", "AUTHSERVER_CLIENT_CAS: ", "AUTHSERVER_DPOP_NONCES: ",
				"AUTHSERVER_ACR_VALUES (ACRValues[1]): ") {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("stderr lacks %q: %s", want, stderr)
				}
			}
			if strings.Contains(stderr.String(), "hunter2") {
				t.Errorf("stderr has a secret: %s", stderr)
			}
		})
	}
	t.Run("only the file", func(t *testing.T) {
		command, stderr := program(t, "ADDR=127.0.0.1:0", "AUTHSERVER_ALG=EdDSA", "AUTHSERVER_CLIENTS="+file+".missing")
		if err := command.Run(); err == nil || command.ProcessState.ExitCode() != 2 {
			t.Errorf("%v, %s", err, stderr)
		}
	})
}
