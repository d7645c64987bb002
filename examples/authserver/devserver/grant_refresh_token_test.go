package devserver_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// What a refresh may ask for: no more than the user has allowed, and less of it
// only for this one token (RFC 6749 §6, RFC 8707 §2.2).
func TestRefresh(t *testing.T) {
	server, clock := serve(t, devserver.Config{})
	for _, client := range []string{"web", "cli"} {
		current := tokens(t, server, client, "scope", "orders:write orders:read").Refresh
		for _, test := range []struct {
			name, scope, resource string
			error                 string
			want                  string
		}{
			{"all", "", "", "", "orders:write orders:read"},
			{"less", "orders:read", "", "", "orders:read"},
			{"all again", "", audience, "", "orders:write orders:read"},
			{"more", "orders:read orders:admin", "", "invalid_scope", ""},
			{"two spaces", "orders:read  orders:write", "", "invalid_scope", ""},
			{"another resource", "", audience2, "invalid_target", ""},
			{"after the refusals", "", "", "", "orders:write orders:read"},
		} {
			clock.advance(time.Second)
			r := refresh(t, server, client, current, "scope", test.scope, "resource", test.resource)
			if test.error != "" {
				r.wantError(t, 400, test.error)
				continue
			}
			_, claims := r.wantToken(t, server)
			if claims["scope"] != test.want || r.answer(t).Scope != test.want || claims["sub"] != "alice" || claims["client_id"] != client ||
				!reflect.DeepEqual(claims["aud"], any(audience)) {
				t.Errorf("%s %s: claims %v", client, test.name, claims)
			}
			if next := r.answer(t).Refresh; next == current || next == "" {
				t.Errorf("%s %s: the refresh token was not replaced", client, test.name)
			} else {
				current = next
			}
		}
		refresh(t, server, client, "").wantError(t, 400, "invalid_request")
		refresh(t, server, client, current+"x").wantError(t, 400, "invalid_grant")
		other := map[bool]string{true: "C", false: "B"}[current[0] == 'B'] // random, and it must differ
		refresh(t, server, client, other+current[1:]).wantError(t, 400, "invalid_grant")
		refresh(t, server, client, current).wantToken(t, server) // what was never issued has changed nothing
	}
}

// A refresh token that is used again ends all that came from its authorization
// (RFC 9700 §4.14.2).
func TestRefreshReuse(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	for _, client := range []string{"web", "cli"} {
		first := tokens(t, server, client, "scope", "orders:read")
		second := refresh(t, server, client, first.Refresh).answer(t)
		third := refresh(t, server, client, second.Refresh).answer(t)
		other := tokens(t, server, client, "scope", "orders:read")

		thief := map[string]string{"web": "cli", "cli": "web"}[client]
		refresh(t, server, thief, first.Refresh).wantError(t, 400, "invalid_grant")
		if !introspect(t, server, third.AccessToken).Active {
			t.Errorf("%s: another client has revoked it", client)
		}
		refresh(t, server, client, first.Refresh).wantError(t, 400, "invalid_grant")
		for i, token := range []string{first.AccessToken, second.AccessToken, third.AccessToken} {
			if introspect(t, server, token).Active {
				t.Errorf("%s: access token %d is active", client, i+1)
			}
		}
		if client == "web" && introspectAs(t, server, client, third.Refresh).Active {
			t.Error("the refresh token is active")
		}
		refresh(t, server, client, third.Refresh).wantError(t, 400, "invalid_grant")
		refresh(t, server, client, other.Refresh).wantToken(t, server)
	}
}

// The lifetime counts from the redemption, however often it is refreshed.
func TestRefreshLifetime(t *testing.T) {
	server, clock := serve(t, devserver.Config{RefreshLifetime: 10 * time.Minute})
	current := tokens(t, server, "web").Refresh
	clock.advance(9 * time.Minute)
	r := refresh(t, server, "web", current)
	r.wantToken(t, server)
	clock.advance(time.Minute - time.Second)
	current = refresh(t, server, "web", r.answer(t).Refresh).answer(t).Refresh
	clock.advance(time.Second)
	refresh(t, server, "web", current).wantError(t, 400, "invalid_grant")
}
