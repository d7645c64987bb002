package notes_test

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/mcp/notes"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// call returns the notes that a tool answers with.
func call(t *testing.T, session *mcp.ClientSession, tool string, arguments any) (string, error) {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return "", err
	}
	return fmt.Sprint(result.StructuredContent), nil
}

func wantNotes(t *testing.T, session *mcp.ClientSession, tool string, arguments any, want string) {
	t.Helper()
	if got, err := call(t, session, tool, arguments); err != nil || got != want {
		t.Errorf("%s: %q, %v; want %q", tool, got, err, want)
	}
}

var milk = map[string]any{"text": "milk"}

// What a client has to find out to get a token: the metadata of the API that the
// challenge points at, then those of the authorization server, then a token.
var discovery = []string{
	"GET API/.well-known/oauth-protected-resource/mcp",
	"GET AS/.well-known/oauth-authorization-server",
	"POST AS/oauth2/token",
}

// A service is told nothing but the URL and its credentials. The tool that needs more
// than the metadata say gets it more, by one step up.
func TestClientCredentials(t *testing.T) {
	w := newWorld(t, "")
	service := &witness{OAuthHandler: w.credentials(t, "assistant")}
	session, err := w.connect(t, service)
	if err != nil {
		t.Fatal(err)
	}
	service.want(t, w.missing())
	if got := w.asked(); !slices.Equal(got, discovery) {
		t.Errorf("to connect, the client asked for %q, want %q", got, discovery)
	}
	tools, err := session.ListTools(t.Context(), nil)
	if err != nil || len(tools.Tools) != 2 {
		t.Errorf("%v, %v", tools, err)
	}
	wantNotes(t, session, "list", nil, "map[notes:[]]")
	service.want(t)

	wantNotes(t, session, "add", milk, "map[notes:[milk]]")
	service.want(t, w.insufficient(notes.Read+" "+notes.Write))
	if got := w.asked(); !slices.Equal(got, discovery) {
		t.Errorf("to step up, the client asked for %q, want %q", got, discovery)
	}
	wantNotes(t, session, "add", milk, "map[notes:[milk milk]]")
	wantNotes(t, session, "list", nil, "map[notes:[milk milk]]")
	service.want(t)
	if got := w.asked(); len(got) > 0 {
		t.Errorf("with a token that will do, the client asked for %q", got)
	}
}

// A client that was never given the scope learns why it is refused, and nothing
// happens.
func TestScopeThatTheClientCannotHave(t *testing.T) {
	w := newWorld(t, "")
	reader := &witness{OAuthHandler: w.credentials(t, "reader")}
	session, err := w.connect(t, reader)
	if err != nil {
		t.Fatal(err)
	}
	reader.want(t, w.missing())
	if _, err := call(t, session, "add", milk); err == nil || !strings.Contains(err.Error(), "invalid_scope") {
		t.Errorf("the authorization server says %v", err)
	}
	reader.want(t, w.insufficient(notes.Read+" "+notes.Write))

	session, err = w.connect(t, reader) // the SDK's handler has lost its token
	if err != nil {
		t.Fatal(err)
	}
	wantNotes(t, session, "list", nil, "map[notes:[]]")
}

// What one owner can make the server remember is bounded.
func TestNotesAreBounded(t *testing.T) {
	w := newWorld(t, "")
	session, err := w.connect(t, w.credentials(t, "assistant"))
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := call(t, session, "add", milk); err != nil {
			t.Fatal(err)
		}
	}
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "add", Arguments: milk})
	if err != nil || !result.IsError {
		t.Errorf("the 101st: %+v, %v", result, err)
	}
}

// The tools have the token of their own request: everybody has notes of their own.
func TestNotesAreTheOwners(t *testing.T) {
	w := newWorld(t, "")
	service, err := w.connect(t, w.credentials(t, "assistant"))
	if err != nil {
		t.Fatal(err)
	}
	reader, err := w.connect(t, w.credentials(t, "reader"))
	if err != nil {
		t.Fatal(err)
	}
	wantNotes(t, service, "add", milk, "map[notes:[milk]]")
	wantNotes(t, reader, "list", nil, "map[notes:[]]")
	wantNotes(t, service, "list", nil, "map[notes:[milk]]")
}

// A user signs in and steps up: the SDK's handler for the authorization code grant,
// with PKCE (RFC 7636), the resource (RFC 8707) and iss (RFC 9207).
func TestAuthorizationCode(t *testing.T) {
	w := newWorld(t, "")
	var asked []string // of the user
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		PreregisteredClient: &oauthex.ClientCredentials{ClientID: "desktop", Issuer: w.auth.Issuer()},
		RedirectURL:         "http://127.0.0.1:50123/callback",
		Client:              w.client,
		AuthorizationCodeFetcher: func(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			query, err := parsedQuery(args.URL)
			if err != nil {
				return nil, err
			}
			scope := strings.Fields(query.Get("scope"))
			slices.Sort(scope) // the SDK has them in any order
			asked = append(asked, strings.Join(scope, " ")+" for "+query.Get("resource"))
			answer, err := allow(ctx, args.URL, "alice")
			return &auth.AuthorizationResult{Code: answer.Get("code"), State: answer.Get("state"), Iss: answer.Get("iss")}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	user := &witness{OAuthHandler: handler}
	session, err := w.connect(t, user)
	if err != nil {
		t.Fatal(err)
	}
	wantNotes(t, session, "list", nil, "map[notes:[]]")
	user.want(t, w.missing())
	wantNotes(t, session, "add", milk, "map[notes:[milk]]")
	user.want(t, w.insufficient(notes.Read+" "+notes.Write))
	want := []string{notes.Read + " for " + w.base + notes.Path, notes.Read + " " + notes.Write + " for " + w.base + notes.Path}
	if !slices.Equal(asked, want) {
		t.Errorf("the user was asked for %q, want %q", asked, want)
	}
}

func parsedQuery(link string) (url.Values, error) {
	u, err := url.Parse(link)
	if err != nil {
		return nil, err
	}
	return u.Query(), nil
}

// allow is the browser: it gets the consent page, sends its form back and returns
// what the client is told.
func allow(ctx context.Context, link, user string) (url.Values, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	browser := http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	send := func(method, target string, form url.Values) (*http.Response, string, error) {
		r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
		if err != nil {
			return nil, "", err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := browser.Do(r)
		if err != nil {
			return nil, "", err
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		return response, string(text), err
	}
	page, text, err := send(http.MethodGet, link, nil)
	if err != nil {
		return nil, err
	}
	form := url.Values{"user": {user}, "decision": {"allow"}}
	for _, field := range regexp.MustCompile(`type="hidden" name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	target, err := page.Request.URL.Parse("consent")
	if err != nil {
		return nil, err
	}
	answer, _, err := send(http.MethodPost, target.String(), form)
	if err != nil {
		return nil, err
	}
	back, err := answer.Location()
	if err != nil {
		return nil, err
	}
	return back.Query(), nil
}

// Metadata of another resource than the one that the client wants to reach are none
// (RFC 9728 §3.3): the client gets no token, so that nobody can collect tokens that
// are for somebody else.
func TestMetadataOfAnotherResource(t *testing.T) {
	w := newWorld(t, "https://notes.example.com")
	if _, err := w.connect(t, w.credentials(t, "assistant")); err == nil {
		t.Error("connected")
	}
	for _, request := range w.asked() {
		if strings.Contains(request, "AS/") {
			t.Errorf("the client asked the authorization server: %s", request)
		}
	}
}
