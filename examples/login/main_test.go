package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func runWith(t *testing.T, environment map[string]string) (status int, stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	status = run(t.Context(), false, func(name string) string { return environment[name] }, &out, &log)
	return status, out.String(), log.String()
}

// Every problem at once, by variable, with status 2 and without any value.
func TestConfigurationErrors(t *testing.T) {
	name := regexp.MustCompile(`(?m)^([A-Z0-9_]+): `)
	for title, test := range map[string]struct {
		environment map[string]string
		want        string
	}{
		"nothing": {nil, "OAUTH2_CLIENT_ID OAUTH2_ISSUER ORDERS_HTTP_URL"},
		"everything": {map[string]string{
			"OAUTH2_ISSUER": "http://hush.example.com", "OAUTH2_CLIENT_ID": "cli", "ORDERS_HTTP_URL": "hush", "ORDERS_GRPC_URL": "hush", "LOGIN_TIMEOUT": "hush",
		}, "LOGIN_TIMEOUT OAUTH2_ISSUER ORDERS_GRPC_URL ORDERS_HTTP_URL"},
		"a timeout of nothing": {map[string]string{
			"OAUTH2_ISSUER": "https://auth.example.com", "OAUTH2_CLIENT_ID": "cli", "ORDERS_HTTP_URL": "https://orders.example.com", "LOGIN_TIMEOUT": "0s",
		}, "LOGIN_TIMEOUT"},
	} {
		status, stdout, stderr := runWith(t, test.environment)
		var named []string
		for _, match := range name.FindAllStringSubmatch(stderr, -1) {
			named = append(named, match[1])
		}
		slices.Sort(named)
		if got := strings.Join(named, " "); status != 2 || got != test.want || stdout != "" || strings.Contains(stderr, "hush") {
			t.Errorf("%s: status %d, %s; want %s", title, status, stderr, test.want)
		}
	}
}

// An authorization server that this flow is not safe with, or not possible.
func TestServersThatAreNotGoodEnough(t *testing.T) {
	for name, test := range map[string]struct{ more, want string }{
		"no PKCE":                   {`"authorization_endpoint":"ISSUER/authorize"`, "PKCE"},
		"PKCE without a hash":       {`"authorization_endpoint":"ISSUER/authorize","code_challenge_methods_supported":["plain"]`, "PKCE"},
		"no authorization endpoint": {`"code_challenge_methods_supported":["S256"]`, "no authorization endpoint"},
		"another's metadata":        {`"issuer":"https://evil.example"`, "cannot be asked"},
		"an answer that is late": {`"authorization_endpoint":"ISSUER/authorize","code_challenge_methods_supported":["S256"]`,
			"nobody has answered in time"},
	} {
		site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			document := `{"issuer":"ISSUER","token_endpoint":"ISSUER/token",` + test.more + `}`
			fmt.Fprint(w, strings.ReplaceAll(document, "ISSUER", "http://"+r.Host))
		}))
		status, stdout, stderr := runWith(t, map[string]string{
			"OAUTH2_ISSUER": site.URL, "OAUTH2_CLIENT_ID": "cli", "ORDERS_HTTP_URL": "https://orders.example.com", "LOGIN_TIMEOUT": "300ms",
		})
		if status != 1 || !strings.Contains(stderr, test.want) || strings.Contains(stdout, "Open") != (name == "an answer that is late") {
			t.Errorf("%s: status %d, %s%s", name, status, stdout, stderr)
		}
		site.Close()
	}
}
