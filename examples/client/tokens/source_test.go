package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/examples/client/tokens"
	"github.com/bearerguard/bearerguard/internal/configerr"
)

const audience = "https://orders.example.com"

// authority is a development authorization server with the client "billing",
// which remembers the requests that came to its token endpoint.
type authority struct {
	*devserver.Server
	url string

	mu       sync.Mutex
	requests []tokenRequest
	before   func() // called for each token request, if not nil
}

type tokenRequest struct {
	form   url.Values
	header http.Header
}

func newAuthority(t *testing.T, client devserver.Client) *authority {
	t.Helper()
	a := &authority{}
	site := httptest.NewServer(a)
	t.Cleanup(site.Close)
	client.ID, client.Scopes, client.Audiences = "billing", []string{"orders:read", "orders:write"}, []string{audience, "https://billing.example.com"}
	client.DefaultScopes = client.Scopes
	server, err := devserver.New(devserver.Config{Issuer: site.URL, Clients: []devserver.Client{client}, Algorithm: "ES256"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	a.Server, a.url = server, site.URL
	return a
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		var body strings.Builder
		form, header := url.Values{}, r.Header.Clone()
		if err := r.ParseForm(); err == nil {
			form = r.PostForm
			body.WriteString(form.Encode())
		}
		r.Body = http.NoBody
		again, _ := http.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), strings.NewReader(body.String()))
		again.Header, again.Host, again.RemoteAddr = r.Header, r.Host, r.RemoteAddr
		r = again
		a.mu.Lock()
		a.requests = append(a.requests, tokenRequest{form, header})
		before := a.before
		a.mu.Unlock()
		if before != nil {
			before()
		}
	}
	a.Server.ServeHTTP(w, r)
}

func (a *authority) seen() []tokenRequest {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]tokenRequest(nil), a.requests...)
}

func newSource(t *testing.T, config tokens.Config) *tokens.Source {
	t.Helper()
	source, err := tokens.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// write puts content into a file the way a rotation should: all at once.
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// The client asks for what it was configured to, and for nothing else.
func TestTokenRequest(t *testing.T) {
	secret := devserver.NewSecret()
	a := newAuthority(t, devserver.Client{Secret: secret})
	source := newSource(t, tokens.Config{
		Issuer: a.url, ClientID: "billing", Credential: tokens.Secret(secret), Scopes: []string{"orders:read"}, Resource: "https://billing.example.com",
	})
	token, err := source.Token()
	if err != nil {
		t.Fatal(err)
	}
	if scope := token.Extra("scope"); scope != nil && scope != "orders:read" || token.Expiry.IsZero() {
		t.Errorf("scope %v, expiry %v", scope, token.Expiry)
	}
	want := url.Values{"grant_type": {"client_credentials"}, "scope": {"orders:read"}, "resource": {"https://billing.example.com"}}
	seen := a.seen()
	if len(seen) != 1 || seen[0].form.Encode() != want.Encode() {
		t.Errorf("%d requests, the first with %v; want %v", len(seen), seen[0].form, want)
	}
	if scheme, _, _ := strings.Cut(seen[0].header.Get("Authorization"), " "); scheme != "Basic" {
		t.Errorf("authenticated by %q", scheme)
	}
	// Without scopes and resource there are no parameters for them.
	source = newSource(t, tokens.Config{TokenURL: a.TokenURL(), ClientID: "billing", Credential: tokens.Secret(secret)})
	if _, err := source.Token(); err != nil {
		t.Fatal(err)
	}
	if got := a.seen()[1].form.Encode(); got != "grant_type=client_credentials" {
		t.Errorf("form %s", got)
	}
}

// A secret that was put into the file counts from the next request on.
func TestSecretFileIsReadAgain(t *testing.T) {
	first, second := devserver.NewSecret(), devserver.NewSecret()
	a := newAuthority(t, devserver.Client{Secret: first})
	file := filepath.Join(t.TempDir(), "secret")
	write(t, file, first+"\n")
	source := newSource(t, tokens.Config{TokenURL: a.TokenURL(), ClientID: "billing", Credential: tokens.SecretFile(file)})
	get := func(step string) {
		t.Helper()
		if _, err := source.Token(); err != nil {
			t.Errorf("%s: %v", step, err)
		}
	}
	get("at first")
	if err := a.AddClientSecret("billing", second); err != nil {
		t.Fatal(err)
	}
	write(t, file, second+"\r\n")
	get("with two secrets")
	if err := a.RemoveClientSecret("billing", first); err != nil {
		t.Fatal(err)
	}
	get("with the new secret only")
	for _, broken := range []string{"", "\n", "two\nlines", strings.Repeat("x", 65<<10)} {
		write(t, file, broken)
		get("with a file that is being written")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	get("without a file")
	if n := len(a.seen()); n != 8 {
		t.Errorf("%d requests", n)
	}
}

// The secret changes while a request that was made with the old one is on its way.
func TestRotationDuringARequest(t *testing.T) {
	first, second := devserver.NewSecret(), devserver.NewSecret()
	a := newAuthority(t, devserver.Client{Secret: first})
	file := filepath.Join(t.TempDir(), "secret")
	write(t, file, first)
	var once sync.Once
	a.before = func() {
		once.Do(func() {
			write(t, file, second)
			if err := errors.Join(a.AddClientSecret("billing", second), a.RemoveClientSecret("billing", first)); err != nil {
				t.Error(err)
			}
		})
	}
	source := newSource(t, tokens.Config{TokenURL: a.TokenURL(), ClientID: "billing", Credential: tokens.SecretFile(file)})
	if _, err := source.Token(); err != nil {
		t.Error(err)
	}
	if n := len(a.seen()); n != 2 {
		t.Errorf("%d requests", n)
	}
	// A secret that is wrong and stays so is tried once.
	write(t, file, devserver.NewSecret())
	_, err := source.Token()
	if refusal, ok := errors.AsType[*tokens.Refusal](err); !ok || refusal.Status != 401 || refusal.Code != "invalid_client" {
		t.Errorf("wrong secret: %v", err)
	}
	if n := len(a.seen()); n != 3 {
		t.Errorf("%d requests", n)
	}
}

// Whatever a token endpoint answers, the error says what happened and nothing of
// what was received or sent.
func TestRefusals(t *testing.T) {
	const leak = "eyJhbGciOiJub25lIn0"
	for name, test := range map[string]struct {
		status       int
		header, body string
		want         string
	}{
		"an error":            {400, "application/json", `{"error":"invalid_scope","error_description":"` + leak + `"}`, "the token endpoint has refused: 400 invalid_scope"},
		"an error with 200":   {200, "application/json", `{"error":"invalid_scope","access_token":"` + leak + `"}`, "the token endpoint has refused: 200 invalid_scope"},
		"no error code":       {500, "text/html", leak, "the token endpoint has refused: 500"},
		"a code that is none": {400, "application/json", `{"error":"\"` + leak + `\n"}`, "the token endpoint has refused: 400"},
		"a long code":         {400, "application/json", `{"error":"` + strings.Repeat("x", 65) + `"}`, "the token endpoint has refused: 400"},
		"another type":        {200, "application/json", `{"access_token":"` + leak + `","token_type":"mac"}`, "the token is not a bearer token"},
		"no type":             {200, "application/json", `{"access_token":"` + leak + `"}`, "the token is not a bearer token"},
		"no token":            {200, "application/json", `{"token_type":"Bearer"}`, "the token endpoint has not sent a token response"},
		"no JSON":             {200, "application/json", leak, "the token endpoint has not sent a token response"},
		"a query string":      {200, "text/plain", "access_token=%zz" + leak, "the token endpoint has not sent a token response"},
		"a redirect":          {307, "text/html", "", "the token endpoint has refused: 307"},
	} {
		t.Run(name, func(t *testing.T) {
			elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the secret went elsewhere") }))
			defer elsewhere.Close()
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", test.header)
				w.Header().Set("Location", elsewhere.URL)
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			}))
			defer site.Close()
			source := newSource(t, tokens.Config{TokenURL: site.URL, ClientID: "billing", Credential: tokens.Secret("a secret " + leak)})
			if _, err := source.Token(); err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		site := httptest.NewServer(http.NotFoundHandler())
		site.Close()
		source := newSource(t, tokens.Config{TokenURL: site.URL + "/?x=" + leak, ClientID: "billing", Credential: tokens.Secret("secret")})
		if _, err := source.Token(); err == nil || !strings.Contains(err.Error(), "cannot be reached") || strings.Contains(err.Error(), leak) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("an authority that is not trusted", func(t *testing.T) {
		site := httptest.NewUnstartedServer(http.NotFoundHandler())
		site.Config.ErrorLog = quiet
		site.StartTLS()
		defer site.Close()
		source := newSource(t, tokens.Config{TokenURL: site.URL, ClientID: "billing", Credential: tokens.Secret("secret")})
		if _, err := source.Token(); err == nil || !strings.Contains(err.Error(), "cannot be reached: tls: failed to verify certificate") {
			t.Errorf("error %v", err)
		}
	})
}

// All problems at once, by field.
func TestConfigErrors(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	good := tokens.Config{TokenURL: "https://auth.example.com/token", ClientID: "billing", Credential: tokens.Secret("secret")}
	for name, test := range map[string]struct {
		change func(*tokens.Config)
		want   string
	}{
		"good":             {func(*tokens.Config) {}, ""},
		"loopback":         {func(c *tokens.Config) { c.TokenURL = "http://127.0.0.1:9000/token" }, ""},
		"issuer only":      {func(c *tokens.Config) { c.TokenURL, c.Issuer = "", "https://auth.example.com" }, ""},
		"nothing":          {func(c *tokens.Config) { *c = tokens.Config{} }, "TokenURL ClientID Credential"},
		"plain http":       {func(c *tokens.Config) { c.TokenURL = "http://auth.example.com/token" }, "TokenURL"},
		"plain issuer":     {func(c *tokens.Config) { c.Issuer = "http://auth.example.com" }, "Issuer"},
		"issuer and query": {func(c *tokens.Config) { c.Issuer = "https://auth.example.com?" }, "Issuer"},
		"empty secret":     {func(c *tokens.Config) { c.Credential = tokens.Secret("") }, "Credential"},
		"no file":          {func(c *tokens.Config) { c.Credential = tokens.SecretFile(missing) }, "Credential"},
		"no key":           {func(c *tokens.Config) { c.Credential = tokens.KeyFile(missing) }, "Credential"},
		"scope":            {func(c *tokens.Config) { c.Scopes = []string{"orders:read", "a b", `"`} }, "Scopes Scopes"},
		"resource":         {func(c *tokens.Config) { c.Resource = "orders" }, "Resource"},
		"fragment":         {func(c *tokens.Config) { c.Resource = audience + "#" }, "Resource"},
	} {
		config := good
		test.change(&config)
		_, err := tokens.New(context.Background(), config)
		var fields []string
		for _, problem := range configerr.All(err) {
			fields = append(fields, problem.Field)
		}
		if got := strings.Join(fields, " "); got != test.want {
			t.Errorf("%s: %v, want problems with %q", name, err, test.want)
		}
	}
}

// What holds a secret does not print it.
func TestCredentialsAreRedacted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	write(t, file, "hush-hush")
	for _, credential := range []tokens.Credential{tokens.Secret("hush-hush"), tokens.SecretFile(file), tokens.KeyFile(file)} {
		_, _ = tokens.New(context.Background(), tokens.Config{TokenURL: "https://auth.example.com", ClientID: "billing", Credential: credential})
		for _, verb := range []string{"%v", "%+v", "%s", "%q"} {
			if text := fmt.Sprintf(verb, credential); strings.Contains(text, "hush") || !strings.Contains(text, "a client") {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	}
	if text := fmt.Sprintf("%#v", tokens.Secret("hush-hush")); strings.Contains(text, "hush") {
		t.Errorf("%%#v prints %s", text)
	}
}
