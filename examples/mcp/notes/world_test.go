package notes_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/examples/mcp/notes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/auth/extauth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// A world is an authorization server and an MCP server, both on loopback, and what
// goes to them.
type world struct {
	auth   *devserver.Server
	base   string // of the MCP server
	secret string // of both clients
	client *http.Client

	mu       sync.Mutex
	requests []string // without the calls of the MCP endpoint
}

// newWorld starts the servers. What the API says of itself is about seenAt; empty:
// where it is.
func newWorld(t *testing.T, seenAt string) *world {
	t.Helper()
	w := &world{secret: devserver.NewSecret()}
	w.client = &http.Client{Transport: w, Timeout: 10 * time.Second}
	api := httptest.NewUnstartedServer(nil)
	w.base = "http://" + api.Listener.Addr().String()
	if seenAt == "" {
		seenAt = w.base
	}
	audiences := []string{seenAt + notes.Path}
	server, err := devserver.New(devserver.Config{Users: []string{"alice"}, Clients: []devserver.Client{
		{ID: "assistant", Secret: w.secret, Scopes: []string{notes.Read, notes.Write}, Audiences: audiences},
		{ID: "reader", Secret: w.secret, Scopes: []string{notes.Read}, Audiences: audiences},
		{ID: "desktop", Public: true, Scopes: []string{notes.Read, notes.Write}, Audiences: audiences, RedirectURIs: []string{"http://127.0.0.1/callback"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	w.auth = server
	v, err := validator.New(validator.Config{
		Issuer: server.Issuer(), Audiences: audiences, Profile: validator.ProfileRFC9068, InsecureLoopbackHTTP: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	if api.Config.Handler, err = notes.New(v, seenAt); err != nil {
		t.Fatal(err)
	}
	api.Start()
	t.Cleanup(api.Close)
	return w
}

// RoundTrip writes down what is asked for, in the order of asking.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	if url := r.URL.Scheme + "://" + r.URL.Host + r.URL.Path; url != w.base+notes.Path {
		url = strings.NewReplacer(w.base, "API", w.auth.Issuer(), "AS").Replace(url)
		w.mu.Lock()
		w.requests = append(w.requests, r.Method+" "+url)
		w.mu.Unlock()
	}
	return http.DefaultTransport.RoundTrip(r)
}

// asked returns the requests since it was last called.
func (w *world) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	requests := w.requests
	w.requests = nil
	return requests
}

// credentials is the SDK's handler for the client credentials grant.
func (w *world) credentials(t *testing.T, id string) auth.OAuthHandler {
	t.Helper()
	handler, err := extauth.NewClientCredentialsHandler(&extauth.ClientCredentialsHandlerConfig{
		Credentials: &oauthex.ClientCredentials{ClientID: id, ClientSecretAuth: &oauthex.ClientSecretAuth{ClientSecret: w.secret}, Issuer: w.auth.Issuer()},
		HTTPClient:  w.client,
	})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// connect has the SDK's client connect.
func (w *world) connect(t *testing.T, handler auth.OAuthHandler) (*mcp.ClientSession, error) {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: w.base + notes.Path, HTTPClient: w.client, OAuthHandler: handler, DisableStandaloneSSE: true, MaxRetries: -1,
	}, nil)
	if err == nil {
		t.Cleanup(func() { _ = session.Close() })
	}
	return session, err
}

// A witness keeps the refusals that the SDK's client asks its handler to mend.
type witness struct {
	auth.OAuthHandler
	seen []refusal
}

type refusal struct {
	status    int
	challenge string
}

func (w *witness) Authorize(ctx context.Context, request *http.Request, response *http.Response) error {
	w.seen = append(w.seen, refusal{response.StatusCode, strings.Join(response.Header.Values("WWW-Authenticate"), "; ")})
	return w.OAuthHandler.Authorize(ctx, request, response)
}

func (w *witness) want(t *testing.T, want ...refusal) {
	t.Helper()
	if !slices.Equal(w.seen, want) {
		t.Errorf("the client was refused with %+v\nwant %+v", w.seen, want)
	}
	w.seen = nil
}

// missing and insufficient are the refusals of this API.
func (w *world) missing() refusal {
	return refusal{401, `Bearer realm="notes", resource_metadata="` + w.base + `/.well-known/oauth-protected-resource/mcp"`}
}

func (w *world) insufficient(scope string) refusal {
	return refusal{403, w.missing().challenge + `, error="insufficient_scope", error_description="The access token lacks a scope that this operation needs.", scope="` + scope + `"`}
}
