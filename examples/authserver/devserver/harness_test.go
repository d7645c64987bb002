package devserver_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

const (
	audience  = "https://orders.example.com"
	audience2 = "urn:example:billing"

	// secretText has everything in it that form-encoding and Basic change.
	secretText = `p%:+ /&=?"\~ of 22 and more`
	assertType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

var start = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// testClock is moved by hand.
type testClock struct {
	mu     sync.Mutex
	now    time.Time
	timers map[*testTimer]bool
}

type testTimer struct {
	at time.Time
	f  func()
}

func (c *testClock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for timer := range c.timers {
		if !c.now.Before(timer.at) {
			delete(c.timers, timer)
			go timer.f()
		}
	}
}
func (c *testClock) AfterFunc(d time.Duration, f func()) func() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timers == nil {
		c.timers = map[*testTimer]bool{}
	}
	timer := &testTimer{c.now.Add(d), f}
	c.timers[timer] = true
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		running := c.timers[timer]
		delete(c.timers, timer)
		return running
	}
}

// The client keys are made from fixed seeds, so that fuzz seeds stay valid.
var (
	clientKey = ed25519.NewKeyFromSeed([]byte(strings.Repeat("a", 32)))
	otherKey  = ed25519.NewKeyFromSeed([]byte(strings.Repeat("b", 32)))
)

func secretClient() devserver.Client {
	return devserver.Client{
		ID: "billing:app+1", Secret: secretText,
		Scopes:        []string{"orders:read", "orders:write"},
		DefaultScopes: []string{"orders:read"},
		Audiences:     []string{audience, audience2},
	}
}

func keyClient() devserver.Client {
	return devserver.Client{
		ID:        "reports",
		Keys:      []devserver.ClientKey{{ID: "k1", Public: clientKey.Public()}},
		Scopes:    []string{"orders:read"},
		Audiences: []string{audience},
	}
}

// codeClient is confidential and acts for users only.
func codeClient() devserver.Client {
	return devserver.Client{
		ID: "web", Secret: secretText, GrantTypes: []string{"authorization_code", "refresh_token"},
		RedirectURIs:  []string{webRedirect, "https://web.example.com/other?a=b"},
		Scopes:        []string{"orders:read", "orders:write"},
		DefaultScopes: []string{"orders:read"},
		Audiences:     []string{audience, audience2},
	}
}

// publicClient is a command-line program.
func publicClient() devserver.Client {
	return devserver.Client{
		ID: "cli", Public: true,
		RedirectURIs: []string{"http://127.0.0.1/callback"},
		Scopes:       []string{"orders:read", "orders:write"},
		Audiences:    []string{audience},
	}
}

// resourceServer may introspect every token.
func resourceServer() devserver.Client {
	return devserver.Client{ID: "orders-api", Secret: secretText, Audiences: []string{audience}, Introspection: true}
}

// serve starts a server on loopback. Without an algorithm it is EdDSA, whose
// keys are made in no time.
func serve(t *testing.T, config devserver.Config) (*devserver.Server, *testClock) {
	t.Helper()
	now := &testClock{now: start}
	config.Clock = now
	if config.Algorithm == "" {
		config.Algorithm = "EdDSA"
	}
	if config.Clients == nil {
		config.Clients = []devserver.Client{secretClient(), keyClient(), codeClient(), publicClient(), resourceServer()}
	}
	if config.MaxFailures == 0 {
		config.MaxFailures = 1000 // tables of failures are no attack
	}
	server, err := devserver.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	return server, now
}

// response is an answer with its body read.
type response struct {
	*http.Response
	body string
}

func do(t *testing.T, request *http.Request) response {
	t.Helper()
	return doWith(t, http.DefaultClient, request)
}

func doWith(t *testing.T, client *http.Client, request *http.Request) response {
	t.Helper()
	r, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{r, string(body)}
}

// post sends a form; header holds names and values in turn, which replace or add
// to the form's Content-Type.
func post(t *testing.T, url, body string, header ...string) response {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Content-Type" {
			request.Header.Del("Content-Type")
		}
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	return do(t, request)
}

// basic returns an Authorization value (RFC 6749 §2.3.1).
func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}

// answer is the token endpoint's JSON, whichever it is.
type answer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
	Refresh     string `json:"refresh_token"`
	Scope       string `json:"scope"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func (r response) answer(t *testing.T) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal([]byte(r.body), &a); err != nil {
		t.Fatalf("status %d, body %q: %v", r.StatusCode, r.body, err)
	}
	return a
}

// wantError checks everything that RFC 6749 §5.2 says about an error answer.
func (r response) wantError(t *testing.T, status int, code string) {
	t.Helper()
	a := r.answer(t)
	if r.StatusCode != status || a.Error != code || a.AccessToken != "" || a.Description == "" {
		t.Errorf("got %d %s, want %d %s", r.StatusCode, r.body, status, code)
	}
	if strings.ContainsFunc(a.Description, func(c rune) bool { return c < 0x20 || c > 0x7E || c == '"' || c == '\\' }) {
		t.Errorf("description %q is outside the grammar of RFC 6749 §5.2", a.Description)
	}
	if challenge := r.Header.Get("WWW-Authenticate"); strings.HasPrefix(challenge, "Basic ") != (status == 401) {
		t.Errorf("status %d with challenge %q", status, challenge)
	}
	r.wantNoStore(t)
}

func (r response) wantNoStore(t *testing.T) {
	t.Helper()
	if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Pragma") != "no-cache" ||
		r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("wrong headers (RFC 6749 §5.1): %v", r.Header)
	}
}

// wantToken checks a successful answer and returns what the token says.
func (r response) wantToken(t *testing.T, server *devserver.Server) (header, claims map[string]any) {
	t.Helper()
	a := r.answer(t)
	if r.StatusCode != 200 || a.TokenType != "Bearer" || a.Error != "" {
		t.Fatalf("got %d %s, want a token", r.StatusCode, r.body)
	}
	r.wantNoStore(t)
	return verified(t, server, a.AccessToken)
}

// verified verifies a token with jwx and the published keys.
func verified(t *testing.T, server *devserver.Server, token string) (header, claims map[string]any) {
	t.Helper()
	set, err := jwk.Fetch(t.Context(), server.JWKSURL())
	if err != nil {
		t.Fatal(err)
	}
	payload, err := jws.Verify([]byte(token), jws.WithKeySet(set))
	if err != nil {
		t.Fatalf("the token does not verify: %v", err)
	}
	encoded, _, _ := strings.Cut(token, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(decoded, &header); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return header, claims
}
