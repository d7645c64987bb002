package devserver_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// FuzzAuthorize sends a query to the authorization endpoint and, if the user is
// asked, allows it. Whether that is so, and where an error goes, is decided by
// the reference; nobody is ever sent to what is not registered.
func FuzzAuthorize(f *testing.F) {
	const issuer = "https://as.example.com"
	for _, changes := range [][]string{
		{"web"}, {"cli", "scope", "orders:read"}, {"cli"}, {"nobody"}, {"billing:app+1"},
		{"web", "redirect_uri", ""}, {"cli", "redirect_uri", "", "scope", "orders:write"},
		{"web", "redirect_uri", "https://web.example.com/other?a=b"}, {"web", "redirect_uri", "https://evil.example.com"},
		{"cli", "redirect_uri", "http://127.0.0.1:1@evil.example.com/callback", "scope", "orders:read"},
		{"web", "response_type", "token"}, {"web", "response_mode", "fragment"}, {"web", "code_challenge_method", "plain"},
		{"web", "code_challenge", challenge[:42] + "N"}, {"web", "scope", "orders:admin"}, {"web", "resource", audience2},
		{"web", "resource", "https://other.example.com"}, {"web", "state", "a=b&c#d\n"},
	} {
		f.Add(request(changes[0], changes[1:]...).Encode())
	}
	f.Add(request("web").Encode() + "&state=x")
	f.Add(request("web").Encode() + "&resource=https://orders.example.com&resource=urn:example:billing")
	f.Add("client_id=%ff")
	config := devserver.Config{
		Issuer: issuer, Algorithm: "EdDSA", Clock: &testClock{now: start},
		Clients: []devserver.Client{secretClient(), codeClient(), publicClient()},
	}
	f.Fuzz(func(t *testing.T, query string) {
		server, err := devserver.New(config)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/oauth2/authorize", nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)

		want := referenceAuthorize(query)
		to, err := url.Parse(w.Header().Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case want.redirect == "":
			if w.Code != 400 || to.String() != "" {
				t.Fatalf("got %d %v, the reference has a page", w.Code, to)
			}
			return
		case want.error == "":
			if w.Code != 200 || to.String() != "" {
				t.Fatalf("got %d %v, the reference asks the user", w.Code, to)
			}
			if to = answerPage(t, server, w, "alice"); to == nil || to.Query().Get("code") == "" {
				t.Fatalf("allowed, it leads to %v", to)
			}
		case w.Code != 303 || to.Query().Get("error") != want.error || to.Query().Has("code"):
			t.Fatalf("got %d %v, the reference has %s", w.Code, to, want.error)
		}
		rest, registered := strings.CutPrefix(to.String(), want.redirect)
		if !registered || rest[0] != '?' && rest[0] != '&' || to.Query().Get("state") != want.state || to.Query().Get("iss") != issuer {
			t.Fatalf("it leads to %v, the reference has %+v", to, want)
		}
	})
}

type authorizeVerdict struct {
	redirect     string // empty: an error page
	error, state string
}

// referenceAuthorize is a second, slow authorization endpoint, written from RFC
// 6749 §4.1.1, RFC 7636 §4.3, RFC 8252 §7.3 and RFC 8707 §2.
func referenceAuthorize(query string) authorizeVerdict {
	params, ok := referenceForm(query)
	one := func(name string) string {
		for _, p := range params {
			if p[0] == name && p[1] != "" {
				return p[1]
			}
		}
		return ""
	}
	redirect := one("redirect_uri")
	switch {
	case !ok || len(query) > 8<<10:
		return authorizeVerdict{}
	case one("client_id") == "web":
		if redirect != webRedirect && redirect != "https://web.example.com/other?a=b" {
			return authorizeVerdict{}
		}
	case one("client_id") == "cli":
		if redirect == "" {
			redirect = "http://127.0.0.1/callback"
		}
		port := strings.TrimSuffix(strings.TrimPrefix(redirect, "http://127.0.0.1:"), "/callback")
		number := 0
		for _, digit := range port {
			if digit < '0' || digit > '9' || number > 65535 {
				number = 70000
				break
			}
			number = 10*number + int(digit-'0')
		}
		onPort := redirect == "http://127.0.0.1:"+port+"/callback" && number >= 1 && number <= 65535 && port[0] != '0'
		if redirect != "http://127.0.0.1/callback" && !onPort {
			return authorizeVerdict{}
		}
	default: // billing:app+1 has no redirect_uri
		return authorizeVerdict{}
	}
	refused := func(code string) authorizeVerdict { return authorizeVerdict{redirect, code, one("state")} }
	challenge := one("code_challenge")
	inAlphabet := strings.Trim(challenge, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
	switch mode := one("response_mode"); {
	case one("response_type") == "":
		return refused("invalid_request")
	case one("response_type") != "code":
		return refused("unsupported_response_type")
	case mode != "" && mode != "query":
		return refused("invalid_request")
	// The last of 43 characters has four bits of a SHA-256 and two that are zero.
	case len(challenge) != 43 || !inAlphabet || !strings.Contains("AEIMQUYcgkosw048", challenge[42:]) || one("code_challenge_method") != "S256":
		return refused("invalid_request")
	case one("scope") == "" && one("client_id") == "cli":
		return refused("invalid_scope")
	}
	if scope := one("scope"); scope != "" {
		for _, token := range strings.Split(scope, " ") {
			if token != "orders:read" && token != "orders:write" {
				return refused("invalid_scope")
			}
		}
	}
	allowed := map[string][]string{"web": {audience, audience2}, "cli": {audience}}[one("client_id")]
	for _, p := range params {
		if p[0] == "resource" && p[1] != "" && !slices.Contains(allowed, p[1]) {
			return refused("invalid_target")
		}
	}
	return authorizeVerdict{redirect, "", one("state")}
}
