package devserver_test

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// about is an introspection answer (RFC 7662 §2.2).
type about struct {
	Active bool
	All    map[string]any
}

// introspect asks as the resource server.
func introspect(t *testing.T, server *devserver.Server, token string) about {
	t.Helper()
	return introspectAs(t, server, "orders-api", token)
}

func introspectAs(t *testing.T, server *devserver.Server, client, token string) about {
	t.Helper()
	r := post(t, server.IntrospectionURL(), url.Values{"token": {token}}.Encode(), "Authorization", basic(client, secretText))
	var a about
	if err := json.Unmarshal([]byte(r.body), &a.All); err != nil || r.StatusCode != 200 {
		t.Fatalf("%d %s, %v", r.StatusCode, r.body, err)
	}
	r.wantNoStore(t)
	active, isBool := a.All["active"].(bool)
	if !isBool || !active && len(a.All) != 1 {
		t.Fatalf("an inactive token has members, or active is none: %s", r.body)
	}
	a.Active = active
	return a
}

// An active token's answer has its claims.
func TestIntrospection(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	machine := post(t, server.TokenURL(), "grant_type=client_credentials", "Authorization", basic("billing:app+1", secretText)).answer(t)
	user := tokens(t, server, "web")
	for _, token := range []string{machine.AccessToken, user.AccessToken} {
		_, want := verified(t, server, token)
		want["active"], want["token_type"] = true, "Bearer"
		if got := introspect(t, server, token).All; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	want := map[string]any{
		"active": true, "iss": server.Issuer(), "client_id": "web", "sub": "alice", "scope": "orders:read",
		"exp": float64(start.Add(24 * time.Hour).Unix()),
	}
	if got := introspectAs(t, server, "web", user.Refresh).All; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Who may learn what: a resource server about every access token, others about
// their own.
func TestWhoMayIntrospect(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	user := tokens(t, server, "web")
	for _, test := range []struct {
		client, token string
		active        bool
	}{
		{"orders-api", user.AccessToken, true},
		{"web", user.AccessToken, true},
		{"billing:app+1", user.AccessToken, false},
		{"web", user.Refresh, true},
		{"orders-api", user.Refresh, false}, // to an API it is no token
		{"billing:app+1", user.Refresh, false},
	} {
		if got := introspectAs(t, server, test.client, test.token).Active; got != test.active {
			t.Errorf("%s: active %v", test.client, got)
		}
	}
	form := url.Values{"token": {user.AccessToken}}.Encode()
	post(t, server.IntrospectionURL(), form).wantError(t, 401, "invalid_client")
	post(t, server.IntrospectionURL(), form, "Authorization", basic("orders-api", "wrong")).wantError(t, 401, "invalid_client")
	post(t, server.IntrospectionURL(), form+"&client_id=cli").wantError(t, 401, "invalid_client") // public
	post(t, server.IntrospectionURL(), "", "Authorization", basic("orders-api", secretText)).wantError(t, 400, "invalid_request")
	post(t, server.IntrospectionURL()+"?"+form, form, "Authorization", basic("orders-api", secretText)).wantError(t, 400, "invalid_request")
	post(t, server.IntrospectionURL(), form+"&"+form, "Authorization", basic("orders-api", secretText)).wantError(t, 400, "invalid_request")
	if r := get(t, "GET", server.IntrospectionURL()+"?"+form); r.StatusCode != 405 || r.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", r.StatusCode, r.Header)
	}
	post(t, server.IntrospectionURL(), form+"&token_type_hint=refresh_token", "Authorization", basic("orders-api", secretText))
	assertion := assertionForm(signRaw(clientKey, goodHeader, assertionClaims(server, nil)))
	if r := post(t, server.IntrospectionURL(), assertion+"&"+form); r.StatusCode != 200 {
		t.Errorf("private_key_jwt: %d %s", r.StatusCode, r.body)
	}
}

// Tokens that are not good, one change at a time.
func TestInactive(t *testing.T) {
	server, clock := serve(t, devserver.Config{})
	type m = map[string]any
	for name, test := range map[string]struct {
		claims, header m
		unpublished    bool
		active         bool
	}{
		"good":                    {nil, nil, false, true},
		"plain JWT":               {nil, m{"typ": "JWT"}, false, true},
		"an own jti":              {m{"jti": "AAAAAAAAAAAAAAAAAAAAAA"}, nil, false, true},
		"expiring":                {m{"exp": start.Add(time.Second)}, nil, false, true},
		"expired":                 {m{"exp": start}, nil, false, false},
		"never expiring":          {m{"exp": nil}, nil, false, false},
		"exp a string":            {m{"exp": "9999999999"}, nil, false, false},
		"not yet":                 {m{"nbf": start.Add(time.Second)}, nil, false, false},
		"now":                     {m{"nbf": start}, nil, false, true},
		"another issuer":          {m{"iss": "https://other.example.com"}, nil, false, false},
		"no issuer":               {m{"iss": nil}, nil, false, false},
		"forged":                  {nil, nil, true, false},
		"another alg":             {nil, m{"alg": "RS256"}, false, false},
		"none":                    {nil, m{"alg": "none"}, false, false},
		"unknown kid":             {nil, m{"kid": "x"}, false, false},
		"no kid":                  {nil, m{"kid": nil}, false, false},
		"an ID token":             {nil, m{"typ": "id+jwt"}, false, false},
		"no typ":                  {nil, m{"typ": nil}, false, false},
		"authorization of nobody": {m{"jti": "AAAAAAAAAAAAAAAAAAAAAA.x"}, nil, false, false},
	} {
		token, err := server.Mint(devserver.TokenSpec{Claims: test.claims, Header: test.header, Unpublished: test.unpublished})
		if err != nil {
			t.Fatal(err)
		}
		if got := introspect(t, server, token).Active; got != test.active {
			t.Errorf("%s: active %v", name, got)
		}
	}
	good, err := server.Mint(devserver.TokenSpec{})
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"no token": "abc", "two segments": "a.b", "cut": good[:len(good)-2], "longer": good + "A", "four segments": good + ".x",
		"a code": code(t, server, "web"), "no JSON": strings.Replace(good, ".", ".AA", 1),
	} {
		if introspect(t, server, token).Active {
			t.Errorf("%s is active", name)
		}
	}
	used := tokens(t, server, "web")
	refresh(t, server, "web", used.Refresh).wantToken(t, server)
	if introspectAs(t, server, "web", used.Refresh).Active {
		t.Error("a refresh token that was replaced is active")
	}
	if !introspect(t, server, used.AccessToken).Active {
		t.Error("the access token before a refresh is not active")
	}
	last := tokens(t, server, "web")
	clock.advance(24 * time.Hour)
	if introspectAs(t, server, "web", last.Refresh).Active {
		t.Error("a refresh token that has expired is active")
	}
}

// Tokens of a retired key are not good any more.
func TestIntrospectionAfterRotation(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	old := tokens(t, server, "web").AccessToken
	rotate := func(step error) {
		t.Helper()
		if step != nil {
			t.Fatal(step)
		}
	}
	_, err := server.PublishSigningKey("ES256")
	rotate(err)
	rotate(server.SwitchSigningKey(""))
	recent := tokens(t, server, "web").AccessToken
	if !introspect(t, server, old).Active || !introspect(t, server, recent).Active {
		t.Error("not active while both keys are published")
	}
	rotate(server.RetireSigningKey(""))
	if introspect(t, server, old).Active || !introspect(t, server, recent).Active {
		t.Error("after the old key was retired")
	}
}
