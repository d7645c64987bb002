package devserver_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// The page tells what is asked for, runs nothing, and its form may go nowhere
// but here and, by the redirect that answers it, to the client.
func TestConsentPage(t *testing.T) {
	native := publicClient()
	native.ID, native.RedirectURIs = "native", []string{"com.example.app:/callback"}
	hostile := publicClient()
	hostile.ID = `<script>alert(1)</script>"'&`
	six := publicClient()
	six.ID, six.RedirectURIs = "six", []string{"http://[::1]/callback"}
	server, _ := serve(t, devserver.Config{Clients: []devserver.Client{codeClient(), publicClient(), native, hostile, six}})
	for _, test := range []struct{ client, redirect, source string }{
		{"web", webRedirect, "https://web.example.com"},
		{"cli", "http://127.0.0.1:50123/callback", "http://127.0.0.1:50123"},
		{"native", "com.example.app:/callback", "com.example.app:"},
		{"six", "http://[::1]:50123/callback", "http:"}, // the grammar has no IPv6 address
		{hostile.ID, "http://127.0.0.1:50123/callback", "http://127.0.0.1:50123"},
	} {
		r := newBrowser(t).send(t, server.AuthorizeURL()+"?"+request(test.client, "scope", "orders:write", "redirect_uri", test.redirect).Encode(), nil)
		want := "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' " + test.source
		if got := r.Header.Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: policy %q, want %q", test.client, got, want)
		}
		wantPageHeaders(t, r)
		for _, want := range []string{"development only", "<code>orders:write</code>", "<code>" + audience + "</code>",
			"<code>" + test.redirect + "</code>", `<input name="user"`, `value="allow"`, `value="deny"`} {
			if !strings.Contains(r.body, want) {
				t.Errorf("%s: the page lacks %q: %s", test.client, want, r.body)
			}
		}
		if strings.Contains(r.body, "<script") || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %v %s", test.client, r.Header, r.body)
		}
		cookies := r.Cookies()
		if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || cookies[0].Path != "/oauth2/" ||
			len(cookies[0].Value) < 22 {
			t.Errorf("cookies %v", cookies)
		}
	}
}

// Who may be chosen, and who typed.
func TestUsers(t *testing.T) {
	for _, test := range []struct {
		users      []string
		good, bad  []string
		namesField string
	}{
		{nil, []string{"alice", "Bob.b+1@example-x.com", strings.Repeat("x", 64)},
			[]string{"", "a b", "a:b", "é", "<b>", strings.Repeat("x", 65), "web", "cli"}, `<input name="user"`},
		{[]string{"alice", "bob"}, []string{"alice", "bob"}, []string{"", "carol", "Alice", "web"},
			`<select name="user"><option>alice</option><option>bob</option></select>`},
	} {
		server, _ := serve(t, devserver.Config{Users: test.users})
		b := newBrowser(t)
		target, form := b.open(t, server, request("web"))
		form.Set("decision", "allow")
		for _, user := range test.good {
			form.Set("user", user)
			code := b.send(t, target, form).location(t).Query().Get("code")
			if _, claims := as(t, server, "web", redemption("web", code)).wantToken(t, server); claims["sub"] != user {
				t.Errorf("user %q, sub %v", user, claims["sub"])
			}
		}
		for _, user := range test.bad {
			form.Set("user", user)
			r := b.send(t, target, form)
			if r.StatusCode != 400 || r.Header.Get("Location") != "" || !strings.Contains(r.body, "There is no such user.") || !strings.Contains(r.body, test.namesField) {
				t.Errorf("user %q: %d %s", user, r.StatusCode, r.body)
			}
		}
	}
}

func TestDeny(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	params := request("web")
	wantErrorAt(t, decide(t, server, params, "deny", "alice"), server, params, "access_denied")
	wantErrorAt(t, decide(t, server, params, "deny", ""), server, params, "access_denied") // nobody has to be chosen for that
}

// Only the user who was asked decides, about what was shown.
func TestConsentForm(t *testing.T) {
	type attack struct {
		form   url.Values
		header []string
		b      *browser
		clock  *testClock
		server *devserver.Server
	}
	for name, test := range map[string]struct {
		change func(*attack)
		ok     bool
	}{
		"good":                    {func(*attack) {}, true},
		"twice":                   {func(a *attack) { a.b.send(t, a.server.Issuer()+"/oauth2/consent", a.form) }, true},
		"from this origin":        {func(a *attack) { a.header = []string{"Origin", a.server.Issuer(), "Sec-Fetch-Site", "same-origin"} }, true},
		"another page opened":     {func(a *attack) { a.b.open(t, a.server, request("cli", "scope", "orders:read")) }, true},
		"just before the end":     {func(a *attack) { a.clock.advance(10*time.Minute - time.Second) }, true},
		"from another site":       {func(a *attack) { a.header = []string{"Sec-Fetch-Site", "cross-site"} }, false},
		"from another port":       {func(a *attack) { a.header = []string{"Sec-Fetch-Site", "same-site"} }, false},
		"from another origin":     {func(a *attack) { a.header = []string{"Origin", "http://evil.example.com"} }, false},
		"without the cookie":      {func(a *attack) { a.b.Jar = nil }, false},
		"with another's cookie":   {func(a *attack) { a.b = newBrowser(t); a.b.open(t, a.server, request("web")) }, false},
		"without a ticket":        {func(a *attack) { a.form.Del("ticket") }, false},
		"with a ticket cut short": {func(a *attack) { a.form.Set("ticket", a.form.Get("ticket")[:20]) }, false},
		"with the ticket changed": {func(a *attack) { a.form.Set("ticket", "B"+a.form.Get("ticket")[1:]) }, false},
		"for another request":     {func(a *attack) { a.form.Set("request", a.form.Get("request")+"&scope=orders:write") }, false},
		"for no request":          {func(a *attack) { a.form.Del("request") }, false},
		"too late":                {func(a *attack) { a.clock.advance(10 * time.Minute) }, false},
		"no decision":             {func(a *attack) { a.form.Del("decision") }, false},
		"another decision":        {func(a *attack) { a.form.Set("decision", "maybe") }, false},
		"two decisions":           {func(a *attack) { a.form.Add("decision", "deny") }, false},
		"as JSON":                 {func(a *attack) { a.header = []string{"Content-Type", "application/json"} }, false},
		"with a ticket of another server": {func(a *attack) {
			other, _ := serve(t, devserver.Config{Issuer: a.server.Issuer(), Addr: "127.0.0.1:0"})
			r := a.b.send(t, "http://"+other.Addr()+"/oauth2/authorize?"+request("web").Encode(), nil)
			a.form.Set("ticket", hidden.FindAllStringSubmatch(r.body, -1)[1][2])
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			server, clock := serve(t, devserver.Config{})
			a := &attack{b: newBrowser(t), clock: clock, server: server}
			var target string
			target, a.form = a.b.open(t, server, request("web"))
			a.form.Set("decision", "allow")
			a.form.Set("user", "alice")
			test.change(a)
			r := a.b.send(t, target, a.form, a.header...)
			wantPageHeaders(t, r)
			if test.ok {
				if to := r.location(t); to.Query().Get("code") == "" {
					t.Errorf("no code: %v", to)
				}
				return
			}
			if r.StatusCode != 400 || r.Header.Get("Location") != "" {
				t.Errorf("got %d %v", r.StatusCode, r.Header)
			}
		})
	}
	server, _ := serve(t, devserver.Config{})
	if r := get(t, "GET", server.Issuer()+"/oauth2/consent"); r.StatusCode != 405 || r.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", r.StatusCode, r.Header)
	}
}

// The form is one that a person without a browser can send: two hidden fields.
func TestConsentFormIsScriptable(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	target, form := newBrowser(t).open(t, server, request("web"))
	if target != server.Issuer()+"/oauth2/consent" || len(form) != 2 || form.Get("request") != request("web").Encode() ||
		!regexp.MustCompile(`^[A-Za-z0-9_-]{54}$`).MatchString(form.Get("ticket")) {
		t.Errorf("target %q, form %v", target, form)
	}
}

// Full means that no more is taken, not that something is forgotten.
func TestAuthorizationsAreBounded(t *testing.T) {
	server, clock := serve(t, devserver.Config{MaxAuthorizations: 2, CodeLifetime: time.Minute})
	first, _ := code(t, server, "web"), code(t, server, "web")
	params := request("web")
	wantErrorAt(t, decide(t, server, params, "allow", "alice"), server, params, "temporarily_unavailable")
	as(t, server, "web", redemption("web", first)).wantToken(t, server)
	wantErrorAt(t, decide(t, server, params, "allow", "alice"), server, params, "temporarily_unavailable")
	clock.advance(time.Minute) // the second code has ended, the first authorization goes on
	code(t, server, "web")
	wantErrorAt(t, decide(t, server, params, "allow", "alice"), server, params, "temporarily_unavailable")
}
