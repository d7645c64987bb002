package devserver_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// revoke asks as the client, public or with its secret.
func revoke(t *testing.T, server *devserver.Server, client, token string) response {
	t.Helper()
	form := url.Values{"token": {token}}
	if client == "cli" {
		form.Set("client_id", client)
		return post(t, server.RevocationURL(), form.Encode())
	}
	return post(t, server.RevocationURL(), form.Encode(), "Authorization", basic(client, secretText))
}

// wantRevoked checks the answer, which is the same whatever the token was.
func wantRevoked(t *testing.T, r response) {
	t.Helper()
	if r.StatusCode != 200 || r.body != "" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %q %v, want an empty 200 (RFC 7009 §2.2)", r.StatusCode, r.body, r.Header)
	}
}

// Access tokens of both formats end, and nothing else with them.
func TestRevokeAccessToken(t *testing.T) {
	server, _ := serve(t, devserver.Config{Clients: []devserver.Client{codeClient(), publicClient(), opaqueClient(), resourceServer()}})
	for _, client := range []string{"web", "cli", "opaque"} {
		issued := as(t, server, client, redemption(client, code(t, server, client, "scope", "orders:read"))).answer(t)
		next := refresh(t, server, client, issued.Refresh).answer(t)
		wantRevoked(t, revoke(t, server, client, issued.AccessToken))
		if introspect(t, server, issued.AccessToken).Active || !introspect(t, server, next.AccessToken).Active {
			t.Errorf("%s: the token is active, or another is not", client)
		}
		wantRevoked(t, revoke(t, server, client, issued.AccessToken)) // again
		if refresh(t, server, client, next.Refresh).StatusCode != 200 {
			t.Errorf("%s: the refresh token has gone, too", client)
		}
	}
}

// A refresh token ends with all that was issued for its authorization (RFC 7009
// §2.1), also one that has been replaced.
func TestRevokeRefreshToken(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	for _, client := range []string{"web", "cli"} {
		for _, former := range []bool{false, true} {
			issued := tokens(t, server, client, "scope", "orders:read")
			next := refresh(t, server, client, issued.Refresh).answer(t)
			other := tokens(t, server, client, "scope", "orders:read")
			wantRevoked(t, revoke(t, server, client, map[bool]string{true: issued.Refresh, false: next.Refresh}[former]))
			for _, token := range []string{issued.AccessToken, next.AccessToken} {
				if introspect(t, server, token).Active {
					t.Errorf("%s: an access token is active", client)
				}
			}
			refresh(t, server, client, next.Refresh).wantError(t, 400, "invalid_grant")
			if !introspect(t, server, other.AccessToken).Active {
				t.Errorf("%s: another authorization has ended", client)
			}
		}
	}
}

// Minted tokens without a jti are revoked one by one, too.
func TestRevokeMintedToken(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	var minted [2]string
	for i := range minted {
		var err error
		minted[i], err = server.Mint(devserver.TokenSpec{Claims: map[string]any{"jti": nil, "client_id": "web", "n": i}})
		if err != nil {
			t.Fatal(err)
		}
	}
	wantRevoked(t, revoke(t, server, "web", minted[0]))
	if introspect(t, server, minted[0]).Active || !introspect(t, server, minted[1]).Active {
		t.Error("not the one that was revoked")
	}
}

// Who may revoke what (RFC 7009 §2.1), and what is refused (§2.2.1).
func TestRevocationRefused(t *testing.T) {
	server, clock := serve(t, devserver.Config{})
	issued := tokens(t, server, "web")
	for _, token := range []string{issued.AccessToken, issued.Refresh} {
		for _, thief := range []string{"billing:app+1", "cli", "orders-api"} { // not even the API
			revoke(t, server, thief, token).wantError(t, 400, "invalid_grant")
		}
	}
	if !introspect(t, server, issued.AccessToken).Active || !introspectAs(t, server, "web", issued.Refresh).Active {
		t.Error("another client has revoked a token")
	}
	form := url.Values{"token": {issued.AccessToken}}.Encode()
	post(t, server.RevocationURL(), form).wantError(t, 401, "invalid_client")
	post(t, server.RevocationURL(), form+"&client_id=web").wantError(t, 401, "invalid_client")
	post(t, server.RevocationURL(), form, "Authorization", basic("web", "wrong")).wantError(t, 401, "invalid_client")
	post(t, server.RevocationURL(), "", "Authorization", basic("web", secretText)).wantError(t, 400, "invalid_request")
	post(t, server.RevocationURL()+"?"+form, form, "Authorization", basic("web", secretText)).wantError(t, 400, "invalid_request")
	if r := get(t, "GET", server.RevocationURL()); r.StatusCode != 405 || r.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", r.StatusCode, r.Header)
	}
	// What is no token, or none any more, is as good as revoked (§2.2).
	wantRevoked(t, revoke(t, server, "web", "x"))
	wantRevoked(t, revoke(t, server, "web", code(t, server, "web")))
	wantRevoked(t, post(t, server.RevocationURL(), form+"&token_type_hint=refresh_token", "Authorization", basic("web", secretText)))
	clock.advance(24 * time.Hour)
	for _, token := range []string{issued.AccessToken, issued.Refresh} {
		wantRevoked(t, revoke(t, server, "cli", token))
	}
}

// What is remembered of revoked tokens is bounded, and never forgotten too early.
func TestRevocationsAreBounded(t *testing.T) {
	server, clock := serve(t, devserver.Config{MaxTokens: 1})
	first, second := tokens(t, server, "web"), tokens(t, server, "web")
	wantRevoked(t, revoke(t, server, "web", first.AccessToken))
	full := revoke(t, server, "web", second.AccessToken)
	full.wantError(t, 503, "")
	if full.Header.Get("Retry-After") != "300" {
		t.Errorf("Retry-After %q", full.Header.Get("Retry-After"))
	}
	clock.advance(5*time.Minute - 1)
	if introspect(t, server, first.AccessToken).Active {
		t.Error("the revocation was forgotten before the token had expired")
	}
	clock.advance(1)
	third := tokens(t, server, "web")
	wantRevoked(t, revoke(t, server, "web", third.AccessToken))
	if introspect(t, server, third.AccessToken).Active {
		t.Error("not revoked when there is room again")
	}
}
