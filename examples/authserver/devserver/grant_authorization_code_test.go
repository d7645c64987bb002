package devserver_test

import (
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// The happy path, with the client library that most Go programs use.
func TestAuthorizationCode(t *testing.T) {
	for _, test := range []struct{ client, secret, redirect string }{
		{"web", secretText, webRedirect}, {"cli", "", cliRedirect},
	} {
		t.Run(test.client, func(t *testing.T) {
			server, clock := serve(t, devserver.Config{})
			config := oauth2.Config{
				ClientID: test.client, ClientSecret: test.secret, RedirectURL: test.redirect, Scopes: []string{"orders:write", "orders:read"},
				Endpoint: oauth2.Endpoint{AuthURL: server.AuthorizeURL(), TokenURL: server.TokenURL()},
			}
			verifier := oauth2.GenerateVerifier()
			link, err := url.Parse(config.AuthCodeURL("the state", oauth2.S256ChallengeOption(verifier)))
			if err != nil {
				t.Fatal(err)
			}
			to := decide(t, server, link.Query(), "allow", "alice")
			if to.Query().Get("state") != "the state" || to.Query().Get("iss") != server.Issuer() {
				t.Errorf("the answer is %v", to)
			}
			clock.advance(10 * time.Second)
			token, err := config.Exchange(t.Context(), to.Query().Get("code"), oauth2.VerifierOption(verifier))
			if err != nil {
				t.Fatal(err)
			}
			header, claims := verified(t, server, token.AccessToken)
			jti, _ := claims["jti"].(string)
			want := map[string]any{ // RFC 9068 §2.2
				"iss": server.Issuer(), "sub": "alice", "client_id": test.client, "aud": audience, "scope": "orders:write orders:read",
				"iat": float64(start.Unix() + 10), "exp": float64(start.Unix() + 310), "auth_time": float64(start.Unix()), "jti": jti,
			}
			if header["typ"] != "at+jwt" || len(jti) < 22 || !reflect.DeepEqual(claims, want) {
				t.Errorf("claims %v, want %v", claims, want)
			}
			// And the library refreshes it by itself.
			token.Expiry = time.Now().Add(-time.Minute)
			again, err := config.TokenSource(t.Context(), token).Token()
			if err != nil || again.RefreshToken == token.RefreshToken || again.RefreshToken == "" {
				t.Fatalf("refreshed: %v, %v", again, err)
			}
			if _, refreshed := verified(t, server, again.AccessToken); refreshed["jti"] == jti || refreshed["auth_time"] != claims["auth_time"] {
				t.Errorf("refreshed claims %v", refreshed)
			}
		})
	}
}

// One change at a time to a redemption that is good without it.
func TestRedemption(t *testing.T) {
	other := codeClient()
	other.ID = "other"
	jwt := codeClient()
	jwt.ID, jwt.Profile, jwt.GrantTypes = "jwt", devserver.ProfileJWT, []string{"authorization_code"}
	server, clock := serve(t, devserver.Config{Clients: []devserver.Client{codeClient(), publicClient(), other, jwt, secretClient()}})
	for _, test := range []struct {
		name    string
		client  string
		request []string // changes to the authorization request
		redeem  []string // changes to the token request
		error   string
	}{
		{"good", "web", nil, nil, ""},
		{"public", "cli", []string{"scope", "orders:read"}, nil, ""},
		{"without redirect_uri twice", "cli", []string{"scope", "orders:read", "redirect_uri", ""}, []string{"redirect_uri", ""}, ""},
		{"its resource", "web", []string{"resource", audience2}, []string{"resource", audience2}, ""},
		{"client_id beside Basic", "web", nil, []string{"client_id", "web"}, ""},

		{"no code", "web", nil, []string{"code", ""}, "invalid_request"},
		{"no verifier", "web", nil, []string{"code_verifier", ""}, "invalid_request"},
		{"a wrong verifier", "web", nil, []string{"code_verifier", verifier[1:] + "x"}, "invalid_grant"},
		{"the challenge", "web", nil, []string{"code_verifier", challenge}, "invalid_grant"},
		{"a short verifier", "web", []string{"code_challenge", s256("short")}, []string{"code_verifier", "short"}, "invalid_grant"},
		{"a long verifier", "web", []string{"code_challenge", s256(strings.Repeat("x", 129))}, []string{"code_verifier", strings.Repeat("x", 129)}, "invalid_grant"},
		{"a verifier with a space", "web", []string{"code_challenge", s256(strings.Repeat(" ", 43))}, []string{"code_verifier", strings.Repeat(" ", 43)}, "invalid_grant"},
		{"another redirect_uri", "web", nil, []string{"redirect_uri", "https://web.example.com/other?a=b"}, "invalid_grant"},
		{"another port", "cli", []string{"scope", "orders:read"}, []string{"redirect_uri", "http://127.0.0.1:50124/callback"}, "invalid_grant"},
		{"no redirect_uri", "web", nil, []string{"redirect_uri", ""}, "invalid_grant"},
		{"redirect_uri only here", "cli", []string{"scope", "orders:read", "redirect_uri", ""}, nil, "invalid_grant"},
		{"no code at all", "web", nil, []string{"code", "abc"}, "invalid_grant"},
		{"another resource", "web", nil, []string{"resource", audience2}, "invalid_target"},
		{"the client of another", "web", nil, []string{"client_id", "other"}, "invalid_client"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := as(t, server, test.client, redemption(test.client, code(t, server, test.client, test.request...), test.redeem...))
			switch test.error {
			case "":
				r.wantToken(t, server)
			case "invalid_client":
				r.wantError(t, 401, test.error)
			default:
				r.wantError(t, 400, test.error)
			}
		})
	}
	t.Run("another client", func(t *testing.T) {
		theirs := code(t, server, "web")
		as(t, server, "other", redemption("web", theirs)).wantError(t, 400, "invalid_grant")
		as(t, server, "web", redemption("web", theirs)).wantToken(t, server) // who could not end it
	})
	t.Run("a client without this grant", func(t *testing.T) {
		as(t, server, "billing:app+1", redemption("web", code(t, server, "web"))).wantError(t, 400, "unauthorized_client")
	})
	t.Run("without the refresh grant, and as plain JWT", func(t *testing.T) {
		r := as(t, server, "jwt", redemption("web", code(t, server, "jwt")))
		if header, _ := r.wantToken(t, server); header["typ"] != "JWT" || r.answer(t).Refresh != "" {
			t.Errorf("typ %v, answer %s", header["typ"], r.body)
		}
	})
	t.Run("a refresh token", func(t *testing.T) { // is no code, and the reverse
		mine := tokens(t, server, "web").Refresh
		as(t, server, "web", redemption("web", mine)).wantError(t, 400, "invalid_grant")
		refresh(t, server, "web", code(t, server, "web")).wantError(t, 400, "invalid_grant")
	})
	t.Run("after a wrong verifier", func(t *testing.T) { // there is no second guess
		guessed := code(t, server, "web")
		as(t, server, "web", redemption("web", guessed, "code_verifier", strings.Repeat("x", 43))).wantError(t, 400, "invalid_grant")
		as(t, server, "web", redemption("web", guessed)).wantError(t, 400, "invalid_grant")
	})
	t.Run("after another resource", func(t *testing.T) { // which is a mistake, and no attack
		mistaken := code(t, server, "web")
		as(t, server, "web", redemption("web", mistaken, "resource", audience2)).wantError(t, 400, "invalid_target")
		as(t, server, "web", redemption("web", mistaken)).wantToken(t, server)
	})
	t.Run("just in time", func(t *testing.T) {
		late := code(t, server, "web")
		clock.advance(time.Minute - time.Second)
		as(t, server, "web", redemption("web", late)).wantToken(t, server)
	})
	t.Run("too late", func(t *testing.T) {
		late := code(t, server, "web")
		clock.advance(time.Minute)
		as(t, server, "web", redemption("web", late)).wantError(t, 400, "invalid_grant")
	})
	t.Run("of another server", func(t *testing.T) {
		another, _ := serve(t, devserver.Config{})
		as(t, server, "web", redemption("web", code(t, another, "web"))).wantError(t, 400, "invalid_grant")
	})
}

// A code that is used again revokes what was issued for it (RFC 6749 §4.1.2),
// also after it has expired.
func TestCodeReuse(t *testing.T) {
	for name, wait := range map[string]time.Duration{"at once": 0, "later": 2 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			server, clock := serve(t, devserver.Config{})
			once := code(t, server, "web")
			first := as(t, server, "web", redemption("web", once))
			first.wantToken(t, server)
			other := tokens(t, server, "web")
			clock.advance(wait)
			if !introspect(t, server, first.answer(t).AccessToken).Active {
				t.Error("not active before")
			}
			as(t, server, "cli", redemption("web", once)).wantError(t, 400, "invalid_grant") // another client changes nothing
			if !introspect(t, server, first.answer(t).AccessToken).Active {
				t.Error("another client has revoked it")
			}
			as(t, server, "web", redemption("web", once)).wantError(t, 400, "invalid_grant")
			if introspect(t, server, first.answer(t).AccessToken).Active {
				t.Error("the access token is active")
			}
			refresh(t, server, "web", first.answer(t).Refresh).wantError(t, 400, "invalid_grant")
			refresh(t, server, "web", other.Refresh).wantToken(t, server) // of another authorization
		})
	}
}

// Of requests at the same time, one gets the tokens; the others revoke them.
func TestCodeIsUsedOnce(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	once := code(t, server, "web")
	results := make(chan response)
	var ready sync.WaitGroup
	ready.Add(8)
	for range 8 {
		go func() {
			ready.Done()
			ready.Wait()
			results <- as(t, server, "web", redemption("web", once))
		}()
	}
	won := []response{}
	for range 8 {
		if r := <-results; r.StatusCode == 200 {
			won = append(won, r)
		}
	}
	if len(won) != 1 {
		t.Fatalf("%d got tokens", len(won))
	}
	refresh(t, server, "web", won[0].answer(t).Refresh).wantError(t, 400, "invalid_grant")
}
