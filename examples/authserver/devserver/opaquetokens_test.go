package devserver_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// opaqueClient gets tokens that say nothing by themselves, for itself and for
// users.
func opaqueClient() devserver.Client {
	c := codeClient()
	c.ID, c.AccessTokenFormat = "opaque", devserver.FormatOpaque
	c.GrantTypes = append(c.GrantTypes, "client_credentials")
	return c
}

// What an opaque token means is told by introspection, in the words of a JWT with
// the same claims; nothing of it is in the token.
func TestOpaqueTokens(t *testing.T) {
	server, clock := serve(t, devserver.Config{Clients: []devserver.Client{opaqueClient(), resourceServer(), secretClient()}})
	machine := as(t, server, "opaque", url.Values{"grant_type": {"client_credentials"}})
	machine.wantNoStore(t)
	token := machine.answer(t)
	if token.TokenType != "Bearer" || token.ExpiresIn != 300 || strings.Contains(token.AccessToken, ".") || len(token.AccessToken) < 22 {
		t.Fatalf("got %s", machine.body)
	}
	told := introspect(t, server, token.AccessToken).All
	if id, _ := told["jti"].(string); id == "" || strings.Contains(token.AccessToken, id) {
		t.Errorf("the jti is %q", id)
	}
	delete(told, "jti")
	want := map[string]any{
		"active": true, "token_type": "Bearer", "iss": server.Issuer(), "sub": "opaque", "client_id": "opaque", "aud": audience,
		"scope": "orders:read", "iat": float64(start.Unix()), "exp": float64(start.Add(5 * time.Minute).Unix()),
	}
	if !reflect.DeepEqual(told, want) {
		t.Errorf("got %v, want %v", told, want)
	}
	for client, active := range map[string]bool{"opaque": true, "billing:app+1": false} {
		if introspectAs(t, server, client, token.AccessToken).Active != active {
			t.Errorf("to %s it is not active %v", client, active)
		}
	}
	for _, other := range []string{token.AccessToken + "A", token.AccessToken[1:], strings.ToLower(token.AccessToken)} {
		if introspect(t, server, other).Active {
			t.Errorf("%q is active", other)
		}
	}

	user := as(t, server, "opaque", redemption("opaque", code(t, server, "opaque"))).answer(t)
	refreshed := refresh(t, server, "opaque", user.Refresh).answer(t)
	for _, token := range []string{user.AccessToken, refreshed.AccessToken} {
		if told := introspect(t, server, token).All; told["sub"] != "alice" || told["auth_time"] != float64(start.Unix()) || strings.Contains(token, ".") {
			t.Errorf("%q: %v", token, told)
		}
	}
	refresh(t, server, "opaque", user.Refresh).wantError(t, 400, "invalid_grant") // twice, which revokes
	if introspect(t, server, refreshed.AccessToken).Active {
		t.Error("the token of a revoked authorization is active")
	}
	clock.advance(5*time.Minute - 1)
	if !introspect(t, server, token.AccessToken).Active {
		t.Error("the token has expired too early")
	}
	clock.advance(1)
	if introspect(t, server, token.AccessToken).Active {
		t.Error("the token has not expired")
	}
}

// The store of opaque tokens is bounded: when it is full the answer is 503, and
// neither a code nor a refresh token is used up.
func TestOpaqueTokensAreBounded(t *testing.T) {
	server, clock := serve(t, devserver.Config{MaxTokens: 2, Clients: []devserver.Client{opaqueClient(), resourceServer(), secretClient()}})
	params := redemption("opaque", code(t, server, "opaque"))
	issued := as(t, server, "opaque", redemption("opaque", code(t, server, "opaque"))).answer(t)
	clock.advance(30 * time.Second)
	last := as(t, server, "opaque", url.Values{"grant_type": {"client_credentials"}}).answer(t)
	for _, params := range []url.Values{params, {"grant_type": {"refresh_token"}, "refresh_token": {issued.Refresh}}} {
		r := as(t, server, "opaque", params)
		r.wantError(t, 503, "")
		if r.Header.Get("Retry-After") != "270" {
			t.Errorf("Retry-After %q", r.Header.Get("Retry-After"))
		}
	}
	post(t, server.TokenURL(), machineGrant, "Authorization", basic("billing:app+1", secretText)).wantToken(t, server)
	clock.advance(270 * time.Second)
	refresh := as(t, server, "opaque", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {issued.Refresh}})
	if refresh.StatusCode != 200 || introspect(t, server, issued.AccessToken).Active || !introspect(t, server, last.AccessToken).Active {
		t.Errorf("when there is room again: %d %s", refresh.StatusCode, refresh.body)
	}
}
