package devserver_test

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// The verifier and challenge of RFC 7636 appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

	webRedirect = "https://web.example.com/callback"
	cliRedirect = "http://127.0.0.1:50123/callback"
)

// request returns the parameters of a good authorization request with changes
// laid over; an empty value removes one.
func request(client string, changes ...string) url.Values {
	params := url.Values{
		"response_type": {"code"}, "client_id": {client}, "redirect_uri": {webRedirect}, "state": {"af0 &ifj="},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	if client == "cli" {
		params.Set("redirect_uri", cliRedirect)
	}
	for i := 0; i < len(changes); i += 2 {
		params.Set(changes[i], changes[i+1])
	}
	maps.DeleteFunc(params, func(_ string, values []string) bool { return values[0] == "" })
	return params
}

// s256 returns the challenge of a verifier (RFC 7636 §4.2).
func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// browser keeps cookies and does not follow redirects, which lead to clients.
type browser struct{ http.Client }

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// send sends a form if there is one, otherwise it gets the URL.
func (b *browser) send(t *testing.T, target string, form url.Values, header ...string) response {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return doWith(t, &b.Client, r)
}

var (
	hidden = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)
	action = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
)

// open gets the consent page and returns its form: where to, and the hidden
// fields.
func (b *browser) open(t *testing.T, server *devserver.Server, params url.Values) (target string, form url.Values) {
	t.Helper()
	page := b.send(t, server.AuthorizeURL()+"?"+params.Encode(), nil)
	to := action.FindStringSubmatch(page.body)
	if page.StatusCode != 200 || to == nil {
		t.Fatalf("no consent page: %d %v %s", page.StatusCode, page.Header, page.body)
	}
	form = url.Values{}
	for _, field := range hidden.FindAllStringSubmatch(page.body, -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	base, _ := url.Parse(server.AuthorizeURL())
	return base.ResolveReference(&url.URL{Path: to[1]}).String(), form
}

// decide opens the page, answers it and returns where that leads.
func decide(t *testing.T, server *devserver.Server, params url.Values, decision, user string) *url.URL {
	t.Helper()
	b := newBrowser(t)
	target, form := b.open(t, server, params)
	form.Set("decision", decision)
	form.Set("user", user)
	return b.send(t, target, form).location(t)
}

// location is where an answer redirects to.
func (r response) location(t *testing.T) *url.URL {
	t.Helper()
	to, err := url.Parse(r.Header.Get("Location"))
	if r.StatusCode != http.StatusSeeOther || err != nil || to.String() == "" {
		t.Fatalf("no redirect: %d %v %s, %v", r.StatusCode, r.Header, r.body, err)
	}
	return to
}

// code returns a fresh code that the user alice has given to the client.
func code(t *testing.T, server *devserver.Server, client string, changes ...string) string {
	t.Helper()
	to := decide(t, server, request(client, changes...), "allow", "alice")
	code := to.Query().Get("code")
	if code == "" {
		t.Fatalf("no code: %v", to)
	}
	return code
}

// redemption returns the token request for a code.
func redemption(client, code string, changes ...string) url.Values {
	params := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier}, "redirect_uri": {webRedirect}}
	if client == "cli" {
		params.Set("redirect_uri", cliRedirect)
	}
	for i := 0; i < len(changes); i += 2 {
		params.Set(changes[i], changes[i+1])
	}
	return params
}

// as sends a token request as the client, public or with its secret.
func as(t *testing.T, server *devserver.Server, client string, params url.Values) response {
	t.Helper()
	if client == "cli" {
		params.Set("client_id", client)
		return post(t, server.TokenURL(), params.Encode())
	}
	return post(t, server.TokenURL(), params.Encode(), "Authorization", basic(client, secretText))
}

// tokens goes through the whole grant.
func tokens(t *testing.T, server *devserver.Server, client string, changes ...string) answer {
	t.Helper()
	r := as(t, server, client, redemption(client, code(t, server, client, changes...)))
	r.wantToken(t, server)
	return r.answer(t)
}

func refresh(t *testing.T, server *devserver.Server, client, token string, changes ...string) response {
	t.Helper()
	params := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	for i := 0; i < len(changes); i += 2 {
		params.Set(changes[i], changes[i+1])
	}
	return as(t, server, client, params)
}
