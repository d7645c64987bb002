package tokens_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/examples/client/tokens"
)

func TestDiscover(t *testing.T) {
	a := newAuthority(t, devserver.Client{Secret: devserver.NewSecret()})
	m, err := tokens.Discover(t.Context(), a.url)
	if err != nil {
		t.Fatal(err)
	}
	if m.Issuer != a.url || m.TokenEndpoint != a.TokenURL() || m.AuthorizationEndpoint != a.AuthorizeURL() ||
		!m.ResponseIssuer || !slices.Equal(m.ChallengeMethods, []string{"S256"}) {
		t.Errorf("%+v", m)
	}
}

// What documents are believed, and where they are looked for.
func TestDiscoverJudges(t *testing.T) {
	const good = `{"issuer":"ISSUER","token_endpoint":"https://auth.example.com/token"}`
	const rfc, openid = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
	for name, test := range map[string]struct {
		path, at string // of the issuer, of the document
		document string
		want     string // part of the error
	}{
		"RFC 8414":              {"", rfc, good, ""},
		"RFC 8414, with a path": {"/a%2Fb", rfc + "/a%2Fb", good, ""},
		"with a slash":          {"/a/", rfc + "/a", good, ""},
		"OpenID":                {"/a", "/a" + openid, good, ""},
		"elsewhere":             {"/a", "/a" + rfc, good, "there is none"},
		"another issuer":        {"", rfc, `{"issuer":"ISSUER/","token_endpoint":"https://auth.example.com/token"}`, "another issuer"},
		"no issuer":             {"", rfc, `{"token_endpoint":"https://auth.example.com/token"}`, "another issuer"},
		"two issuers":           {"", rfc, `{"issuer":"https://evil.example","issuer":"ISSUER","token_endpoint":"https://auth.example.com/token"}`, "not JSON"},
		"other case":            {"", rfc, `{"Issuer":"ISSUER","token_endpoint":"https://auth.example.com/token"}`, "another issuer"},
		"no token endpoint":     {"", rfc, `{"issuer":"ISSUER"}`, "token endpoint"},
		"plain token endpoint":  {"", rfc, `{"issuer":"ISSUER","token_endpoint":"http://auth.example.com/token"}`, "token endpoint"},
		"plain authorization": {"", rfc, `{"issuer":"ISSUER","token_endpoint":"https://auth.example.com/token",
			"authorization_endpoint":"http://auth.example.com/"}`, "nor on loopback"},
		"no JSON": {"", rfc, `secret words`, "not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			var issuer string
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.EscapedPath() != test.at {
					http.NotFound(w, r)
					return
				}
				fmt.Fprint(w, strings.ReplaceAll(test.document, "ISSUER", issuer))
			}))
			defer site.Close()
			issuer = site.URL + test.path
			_, err := tokens.Discover(t.Context(), issuer)
			if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret")) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// An authorization server that was down is asked again, and then no more.
func TestDiscoveryIsRepeatedUntilItWorks(t *testing.T) {
	secret := devserver.NewSecret()
	a := newAuthority(t, devserver.Client{Secret: secret})
	down, documents := true, 0
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		documents++
		fmt.Fprintf(w, `{"issuer":"http://%s","token_endpoint":"%s"}`, r.Host, a.TokenURL())
	}))
	defer site.Close()
	source := newSource(t, tokens.Config{Issuer: site.URL, ClientID: "billing", Credential: tokens.Secret(secret)})
	if _, err := source.Token(); err == nil {
		t.Error("a token from nowhere")
	}
	down = false
	for range 3 {
		if _, err := source.Token(); err != nil {
			t.Error(err)
		}
	}
	if documents != 1 {
		t.Errorf("%d discoveries", documents)
	}
}
