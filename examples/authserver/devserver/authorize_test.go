package devserver_test

import (
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// What an authorization request gets: the consent page, an error at the client
// that it names, or an error that goes nowhere.
func TestAuthorizationRequest(t *testing.T) {
	cc := secretClient() // of another grant, with an address all the same
	cc.GrantTypes = []string{"client_credentials", "authorization_code"}
	cc.RedirectURIs = []string{webRedirect}
	noCode := secretClient()
	noCode.ID, noCode.Public, noCode.Secret = "refresh-only", true, ""
	noCode.GrantTypes = []string{"refresh_token"}
	two := publicClient()
	two.ID, two.RedirectURIs = "two", []string{webRedirect, cliRedirect}
	bare := codeClient()
	bare.ID, bare.Scopes, bare.DefaultScopes, bare.RedirectURIs = "bare", nil, nil, []string{webRedirect}
	server, _ := serve(t, devserver.Config{Clients: []devserver.Client{cc, codeClient(), publicClient(), two, bare}})
	const page, shown = "page", ""
	for _, test := range []struct {
		name    string
		params  url.Values
		outcome string
	}{
		{"good", request("web"), shown},
		{"public", request("cli", "scope", "orders:read"), shown},
		{"another port (RFC 8252 §7.3)", request("cli", "scope", "orders:read", "redirect_uri", "http://127.0.0.1:1/callback"), shown},
		{"the second redirect_uri", request("web", "redirect_uri", "https://web.example.com/other?a=b"), shown},
		{"the only redirect_uri left out (RFC 6749 §3.1.2.3)", request("cli", "scope", "orders:read", "redirect_uri", ""), shown},
		{"without state", request("web", "state", ""), shown},
		{"response_mode", request("web", "response_mode", "query"), shown},
		{"scope and resource", request("web", "scope", "orders:write orders:read", "resource", audience2), shown},
		{"unknown parameters (RFC 6749 §3.1)", request("web", "prompt", "login", "nonce", "x"), shown},
		{"without scopes", request("bare"), shown},

		{"nothing", url.Values{}, page},
		{"unknown client", request("nobody"), page},
		{"no client", request("web", "client_id", ""), page},
		{"another's redirect_uri", request("web", "redirect_uri", "https://evil.example.com/callback"), page},
		{"a longer path", request("web", "redirect_uri", webRedirect+"/x"), page},
		{"a query more", request("web", "redirect_uri", webRedirect+"?x=y"), page},
		{"other case", request("web", "redirect_uri", "https://WEB.example.com/callback"), page},
		{"a port on https", request("web", "redirect_uri", "https://web.example.com:443/callback"), page},
		{"localhost for 127.0.0.1", request("cli", "redirect_uri", "http://localhost:50123/callback"), page},
		{"a host that begins like it", request("cli", "redirect_uri", "http://127.0.0.1.evil.example.com/callback"), page},
		{"the host as user", request("cli", "redirect_uri", "http://127.0.0.1:1@evil.example.com/callback"), page},
		{"https on loopback", request("cli", "redirect_uri", "https://127.0.0.1:1/callback"), page},
		{"no redirect_uri, and two registered", request("two", "scope", "orders:read", "redirect_uri", ""), page},
		{"no redirect_uri, and none registered", request("refresh-only", "redirect_uri", ""), page},
		{"a query that is too long", request("web", "x", strings.Repeat("x", 8<<10)), page},

		{"no response_type", request("web", "response_type", ""), "invalid_request"},
		{"the implicit grant (RFC 9700 §2.1.2)", request("web", "response_type", "token"), "unsupported_response_type"},
		{"hybrid", request("web", "response_type", "code id_token"), "unsupported_response_type"},
		{"response_mode fragment", request("web", "response_mode", "fragment"), "invalid_request"},
		{"no challenge (RFC 7636 §4.4.1)", request("web", "code_challenge", ""), "invalid_request"},
		{"neither", request("web", "code_challenge", "", "code_challenge_method", ""), "invalid_request"},
		{"no method, which is plain", request("web", "code_challenge_method", ""), "invalid_request"},
		{"plain", request("web", "code_challenge_method", "plain"), "invalid_request"},
		{"other case of the method", request("web", "code_challenge_method", "s256"), "invalid_request"},
		{"a short challenge", request("web", "code_challenge", challenge[1:]), "invalid_request"},
		{"a long challenge", request("web", "code_challenge", challenge+"A"), "invalid_request"},
		{"trailing bits in the challenge", request("web", "code_challenge", challenge[:42]+"N"), "invalid_request"},
		{"a padded challenge", request("web", "code_challenge", challenge+"="), "invalid_request"},
		{"a line break in the challenge", request("web", "code_challenge", challenge[:9]+"\n"+challenge[9:]), "invalid_request"},
		{"a scope of nobody", request("web", "scope", "orders:admin"), "invalid_scope"},
		{"openid", request("web", "scope", "openid orders:read"), "invalid_scope"},
		{"no scope and no default", request("cli"), "invalid_scope"},
		{"another's resource", request("cli", "scope", "orders:read", "resource", audience2), "invalid_target"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newBrowser(t).send(t, server.AuthorizeURL()+"?"+test.params.Encode(), nil)
			wantPageHeaders(t, r)
			switch test.outcome {
			case shown:
				if r.StatusCode != 200 || !strings.Contains(r.body, `<form method="post"`) {
					t.Errorf("got %d %s", r.StatusCode, r.body)
				}
			case page:
				if r.StatusCode != 400 || r.Header.Get("Location") != "" || strings.Contains(r.body, "evil") ||
					!strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
					t.Errorf("got %d %v %s", r.StatusCode, r.Header, r.body)
				}
			default:
				wantErrorAt(t, r.location(t), server, test.params, test.outcome)
			}
		})
	}
}

// wantErrorAt checks an error answer (RFC 6749 §4.1.2.1, RFC 9207 §2).
func wantErrorAt(t *testing.T, to *url.URL, server *devserver.Server, params url.Values, code string) {
	t.Helper()
	got := to.Query()
	want := url.Values{"error": {code}, "iss": {server.Issuer()}, "error_description": got["error_description"]}
	if state := params.Get("state"); state != "" {
		want.Set("state", state)
	}
	if got.Get("error_description") == "" || !maps.EqualFunc(got, want, func(a, b []string) bool { return strings.Join(a, "|") == strings.Join(b, "|") }) {
		t.Errorf("got %v, want %v", got, want)
	}
	if base, _, _ := strings.Cut(to.String(), "?"); base != params.Get("redirect_uri") {
		t.Errorf("the error went to %v", to)
	}
}

// What every answer of these endpoints has.
func wantPageHeaders(t *testing.T, r response) {
	t.Helper()
	csp := r.Header.Get("Content-Security-Policy")
	if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Referrer-Policy") != "same-origin" || r.Header.Get("X-Frame-Options") != "DENY" ||
		r.Header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.HasPrefix(csp, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action '") {
		t.Errorf("headers %v", r.Header)
	}
}

// A repeated parameter makes everything of the request doubtful.
func TestAuthorizationRequestMalformed(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	good := request("web").Encode()
	for name, query := range map[string]string{
		"client_id twice": good + "&client_id=web", "state twice": good + "&state=x", "unknown twice": good + "&x=1&x=2",
		"redirect_uri twice": good + "&redirect_uri=https://evil.example.com", "bad escape": good + "&x=%zz", "not UTF-8": good + "&x=%ff",
		"semicolon": good + ";x=1",
	} {
		r := newBrowser(t).send(t, server.AuthorizeURL()+"?"+query, nil)
		if r.StatusCode != 400 || r.Header.Get("Location") != "" {
			t.Errorf("%s: %d %v", name, r.StatusCode, r.Header)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if r := get(t, method, server.AuthorizeURL()+"?"+good); r.StatusCode != 405 || r.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d %v", method, r.StatusCode, r.Header)
		}
	}
}

// A query of the redirect_uri stays (RFC 6749 §3.1.2), and the answer of an
// issuer with a path has that issuer.
func TestAnswerKeepsQuery(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	to := decide(t, server, request("web", "redirect_uri", "https://web.example.com/other?a=b"), "allow", "alice")
	q := to.Query()
	if !strings.HasPrefix(to.String(), "https://web.example.com/other?a=b&") || q.Get("code") == "" || q.Get("state") != "af0 &ifj=" ||
		q.Get("iss") != server.Issuer() || len(q) != 4 {
		t.Errorf("got %v", to)
	}
}
