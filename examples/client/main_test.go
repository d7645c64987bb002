package main

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

const audience = "https://orders.example.com"

// environment returns that of the client "billing" for an authorization server and
// an API, of which list and whoami are enough here.
func environment(t *testing.T, list http.HandlerFunc) map[string]string {
	t.Helper()
	secret := devserver.NewSecret()
	auth, err := devserver.New(devserver.Config{Algorithm: "ES256", Clients: []devserver.Client{{
		ID: "billing", Secret: secret, Scopes: []string{"orders:read", "orders:write"}, DefaultScopes: []string{"orders:write"}, Audiences: []string{audience},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close() })
	if err := auth.Start(); err != nil {
		t.Fatal(err)
	}
	v, err := validator.New(validator.Config{Issuer: auth.Issuer(), Audiences: []string{audience}, InsecureLoopbackHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	guard, err := httpmw.New(v, httpmw.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mux := guard.NewMux()
	mux.HandleFunc("GET /orders", scopes.All("orders:read"), list)
	mux.HandleFunc("GET /whoami", scopes.Authenticated(), func(w http.ResponseWriter, r *http.Request) {
		token, _ := validator.TokenFrom(r.Context())
		_, _ = w.Write([]byte(`{"client_id":"` + token.ClientID() + `","scopes":["` + token.Scopes().String() + `"]}`))
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return map[string]string{
		"OAUTH2_ISSUER": auth.Issuer(), "OAUTH2_CLIENT_ID": "billing", "OAUTH2_CLIENT_SECRET": secret,
		"ORDERS_HTTP_URL": site.URL, "ORDERS_INTERVAL": "1ms", "ORDERS_ROUNDS": "2",
	}
}

func noOrders(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"orders":[]}`)) }

func runWith(t *testing.T, environment map[string]string) (status int, stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	status = run(t.Context(), func(name string) string { return environment[name] }, &out, &log)
	for _, text := range []string{out.String(), log.String()} {
		if secret := environment["OAUTH2_CLIENT_SECRET"]; strings.Contains(text, "eyJ") || secret != "" && strings.Contains(text, secret) {
			t.Error("a secret or a token was printed")
		}
	}
	return status, out.String(), log.String()
}

// What was printed, for each call and at the end.
func TestRun(t *testing.T) {
	for name, test := range map[string]struct {
		calls, scope string
		status       int
		want         []string // in the output
	}{
		"the scope that is needed": {"list", "", 0, []string{`msg=token lifetime=5m0s scope=orders:read`, `msg=list api=http`, `result="0 orders"`, `calls=2 failed=0 retried=0 tokens=1`}},
		"no scope that is needed":  {"whoami", "", 0, []string{`scope=orders:write`, `result="client billing with [orders:write]"`}},
		"more than is needed":      {"list", "orders:read orders:write", 0, []string{`scope="orders:read orders:write"`, `failed=0`}},
		"another scope":            {"list whoami", "orders:write", 1, []string{`level=ERROR msg=list`, `error="403 insufficient_scope"`, `calls=4 failed=2 retried=0 tokens=1`}},
		"a scope it may not have":  {"list", "orders:admin", 1, []string{`msg="no token" error="the token endpoint has refused: 400 invalid_scope"`, `calls=2 failed=2 retried=0 tokens=0`}},
	} {
		t.Run(name, func(t *testing.T) {
			env := environment(t, noOrders)
			env["ORDERS_CALLS"], env["OAUTH2_SCOPE"] = test.calls, test.scope
			status, stdout, stderr := runWith(t, env)
			if status != test.status || stderr != "" {
				t.Errorf("status %d, %s", status, stderr)
			}
			for _, want := range test.want {
				if !strings.Contains(stdout, want) {
					t.Errorf("no %s in %s", want, stdout)
				}
			}
		})
	}
}

// An API that refuses a good token is asked a second time, and no third.
func TestRetryIsCounted(t *testing.T) {
	n := 0
	env := environment(t, func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		noOrders(w, r)
	})
	status, stdout, _ := runWith(t, env)
	if status != 0 || !strings.Contains(stdout, "calls=2 failed=0 retried=1 tokens=2") || !strings.Contains(stdout, "level=WARN") {
		t.Errorf("status %d, %s", status, stdout)
	}
}

// A call under way is finished when the program is told to end.
func TestEndIsGraceful(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	env := environment(t, func(w http.ResponseWriter, r *http.Request) {
		stop()
		noOrders(w, r)
	})
	env["ORDERS_ROUNDS"], env["ORDERS_CALLS"], env["ORDERS_INTERVAL"] = "0", "list whoami", "1h"
	var stdout, stderr bytes.Buffer
	status := run(ctx, func(name string) string { return env[name] }, &stdout, &stderr)
	if status != 0 || !strings.Contains(stdout.String(), "calls=1 failed=0") {
		t.Errorf("status %d, %s%s", status, &stdout, &stderr)
	}
}

// Every problem at once, by variable, with status 2 and without any value.
func TestConfigurationErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("hush"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := map[string]string{
		"OAUTH2_TOKEN_URL": "https://auth.example.com/token", "OAUTH2_CLIENT_ID": "billing", "OAUTH2_CLIENT_SECRET_FILE": file,
		"ORDERS_HTTP_URL": "https://orders.example.com",
	}
	name := regexp.MustCompile(`(?m)^([A-Z0-9_]+): `)
	for title, test := range map[string]struct {
		change map[string]string
		want   string
	}{
		"nothing":            {map[string]string{"OAUTH2_TOKEN_URL": "", "OAUTH2_CLIENT_ID": "", "OAUTH2_CLIENT_SECRET_FILE": "", "ORDERS_HTTP_URL": ""}, "OAUTH2_CLIENT_ID OAUTH2_CLIENT_SECRET OAUTH2_TOKEN_URL ORDERS_HTTP_URL"},
		"plain http":         {map[string]string{"OAUTH2_TOKEN_URL": "http://hush.example.com", "OAUTH2_ISSUER": "http://hush.example.com", "ORDERS_GRPC_URL": "http://hush.example.com:1"}, "OAUTH2_ISSUER OAUTH2_TOKEN_URL ORDERS_GRPC_URL"},
		"two credentials":    {map[string]string{"OAUTH2_CLIENT_SECRET": "hush"}, "OAUTH2_CLIENT_SECRET"},
		"three credentials":  {map[string]string{"OAUTH2_CLIENT_SECRET": "hush", "OAUTH2_CLIENT_KEY_FILE": file}, "OAUTH2_CLIENT_SECRET"},
		"no such file":       {map[string]string{"OAUTH2_CLIENT_SECRET_FILE": file + "x"}, "OAUTH2_CLIENT_SECRET_FILE"},
		"no key in the file": {map[string]string{"OAUTH2_CLIENT_SECRET_FILE": "", "OAUTH2_CLIENT_KEY_FILE": file}, "OAUTH2_CLIENT_KEY_FILE"},
		"scope":              {map[string]string{"OAUTH2_SCOPE": "a\\hush"}, "OAUTH2_SCOPE"},
		"resource":           {map[string]string{"OAUTH2_RESOURCE": "hush"}, "OAUTH2_RESOURCE"},
		"unknown call":       {map[string]string{"ORDERS_CALLS": "list hush"}, "ORDERS_CALLS"},
		"delete first":       {map[string]string{"ORDERS_CALLS": "delete create"}, "ORDERS_CALLS"},
		"interval":           {map[string]string{"ORDERS_INTERVAL": "hush"}, "ORDERS_INTERVAL"},
		"no interval":        {map[string]string{"ORDERS_INTERVAL": "0"}, "ORDERS_INTERVAL"},
		"rounds":             {map[string]string{"ORDERS_ROUNDS": "-1"}, "ORDERS_ROUNDS"},
	} {
		env := maps.Clone(good)
		maps.Copy(env, test.change)
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), func(name string) string { return env[name] }, &stdout, &stderr)
		var named []string
		for _, match := range name.FindAllStringSubmatch(stderr.String(), -1) {
			named = append(named, match[1])
		}
		slices.Sort(named)
		if got := strings.Join(named, " "); status != 2 || got != test.want || stdout.Len() > 0 || strings.Contains(stderr.String(), "hush") {
			t.Errorf("%s: status %d, %s%s; want %s", title, status, &stdout, &stderr, test.want)
		}
	}
}

// The client asks for no scope that its calls do not need.
func TestNeeded(t *testing.T) {
	for calls, want := range map[string]string{
		"": "orders:read", "list": "orders:read", "whoami": "", "create delete list list": "orders:write orders:admin orders:read",
	} {
		var s settings
		s.readCalls(func(string) string { return calls }, new(configerr.List))
		if got := strings.Join(needed(s.calls), " "); got != want {
			t.Errorf("%q needs %q, want %q", calls, got, want)
		}
	}
}
