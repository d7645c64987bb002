package validatortest_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// secret has what must be escaped in both ways of sending it.
const secret = "s:e%c+r e&t"

func startWithClients(t *testing.T) (*validatortest.Issuer, *validatortest.Clock) {
	clock := validatortest.NewClock(epoch)
	return validatortest.Start(t, validatortest.Config{Clients: map[string]string{"billing": secret}, Clock: clock}), clock
}

func TestTokenEndpoint(t *testing.T) {
	is, _ := startWithClients(t)
	v := is.Validator()
	for name, style := range map[string]oauth2.AuthStyle{"basic": oauth2.AuthStyleInHeader, "post": oauth2.AuthStyleInParams} {
		config := clientcredentials.Config{ClientID: "billing", ClientSecret: secret, TokenURL: is.TokenURL(), Scopes: []string{"orders:read", "orders:write"}, AuthStyle: style}
		ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: is.Transport()})
		got, err := config.Token(ctx)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		token, err := v.Validate(t.Context(), validator.Credential{Scheme: got.Type(), Token: got.AccessToken})
		if err != nil || token.ClientID() != "billing" || !token.IsClient() || token.Scopes().String() != "orders:read orders:write" {
			t.Errorf("%s: %v, %v", name, token, err)
		}
		config.ClientSecret = "wrong"
		_, err = config.Token(ctx)
		if refused, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || refused.ErrorCode != "invalid_client" || refused.Response.StatusCode != 401 {
			t.Errorf("%s with a wrong secret: %v", name, err)
		}
	}
}

// post sends a form and returns the status and the JSON object of the answer.
func post(t *testing.T, is *validatortest.Issuer, at string, form url.Values) (int, map[string]any) {
	t.Helper()
	client := &http.Client{Transport: is.Transport()}
	response, err := client.Post(at, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var object map[string]any
	if err := json.NewDecoder(response.Body).Decode(&object); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, object
}

func credentials(more ...string) url.Values {
	form := url.Values{"client_id": {"billing"}, "client_secret": {secret}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

func TestTokenEndpointErrors(t *testing.T) {
	is, _ := startWithClients(t)
	for _, tt := range []struct {
		form   url.Values
		status int
		code   string
	}{
		{url.Values{}, 401, "invalid_client"},
		{url.Values{"client_id": {"nobody"}, "client_secret": {""}}, 401, "invalid_client"},
		{credentials("client_secret", ""), 401, "invalid_client"},
		{credentials(), 400, "invalid_request"},
		{credentials("grant_type", "password"), 400, "unsupported_grant_type"},
		{credentials("grant_type", strings.Repeat("x", 65<<10)), 400, "invalid_request"},
	} {
		if status, body := post(t, is, is.TokenURL(), tt.form); status != tt.status || body["error"] != tt.code {
			t.Errorf("%d %v, want %d %s", status, body, tt.status, tt.code)
		}
	}
	if status, _, err := get(t, is, is.TokenURL()); status != 400 || err != nil {
		t.Errorf("GET: %d, %v", status, err)
	}
}

func TestIntrospection(t *testing.T) {
	is, clock := startWithClients(t)
	introspect := func(token string) map[string]any {
		t.Helper()
		status, body := post(t, is, is.IntrospectionURL(), credentials("token", token))
		if status != 200 {
			t.Fatalf("status %d", status)
		}
		return body
	}
	claims := validatortest.User("alice", "webapp").Scope("orders:read")
	for name, token := range map[string]string{"JWT": is.Mint(claims), "opaque": is.MintOpaque(claims)} {
		body := introspect(token)
		if body["active"] != true || body["sub"] != "alice" || body["scope"] != "orders:read" || body["iss"] != is.URL() {
			t.Errorf("%s: %v", name, body)
		}
		is.Revoke(token)
		if body := introspect(token); len(body) != 1 || body["active"] != false {
			t.Errorf("%s, revoked: %v", name, body)
		}
	}
	is.Revoke("unknown")
	later := is.MintOpaque(claims.NotBeforeIn(time.Minute).ExpiresIn(2 * time.Minute))
	for step, active := range []bool{false, true, false} {
		if body := introspect(later); body["active"] != active {
			t.Errorf("minute %d: %v", step, body)
		}
		clock.Advance(time.Minute)
	}
	for _, token := range []string{"", "unknown", is.MintOpaque(claims.With("exp", nil))} {
		if body := introspect(token); len(body) != 1 || body["active"] != false {
			t.Errorf("%v", body)
		}
	}
	if status, body := post(t, is, is.IntrospectionURL(), url.Values{"token": {later}}); status != 401 || body["error"] != "invalid_client" {
		t.Errorf("without credentials: %d %v", status, body)
	}
}
