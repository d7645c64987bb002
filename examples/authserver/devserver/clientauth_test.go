package devserver_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// Every way to authenticate by secret that is wrong, beside those that are right.
func TestSecretAuthentication(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	raw := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	encoded := url.QueryEscape("billing:app+1") + ":" + url.QueryEscape(secretText)
	good := basic("billing:app+1", secretText)
	inBody := "&" + url.Values{"client_id": {"billing:app+1"}, "client_secret": {secretText}}.Encode()
	id := "&client_id=" + url.QueryEscape("billing:app+1")
	for _, test := range []struct {
		name, authorization, params string
		status                      int
		error                       string
	}{
		{"basic", good, "", 200, ""},
		{"lower-case scheme", "basic" + good[5:], "", 200, ""},
		{"two spaces", "Basic  " + good[6:], "", 200, ""},
		{"basic and its client_id", good, id, 200, ""},
		{"basic and an empty client_secret", good, "&client_secret=", 200, ""},
		{"post", "", inBody, 200, ""},

		{"none", "", "", 401, "invalid_client"},
		{"id only", "", id, 401, "invalid_client"},
		{"secret only", "", "&client_secret=" + url.QueryEscape(secretText), 401, "invalid_client"},
		{"wrong secret", basic("billing:app+1", "wrong"), "", 401, "invalid_client"},
		{"wrong secret in body", "", id + "&client_secret=wrong", 401, "invalid_client"},
		{"unknown client", basic("nobody", secretText), "", 401, "invalid_client"},
		{"a client without secret", basic("reports", secretText), "", 401, "invalid_client"},
		{"a client without secret, empty", basic("reports", ""), "", 401, "invalid_client"},
		{"empty id", basic("", secretText), "", 401, "invalid_client"},
		{"empty secret", basic("billing:app+1", ""), "", 401, "invalid_client"},
		{"not form-encoded", raw("billing:app+1:" + secretText), "", 401, "invalid_client"},
		{"bad escape", raw(encoded + "%zz"), "", 401, "invalid_client"},
		{"no colon", raw("billing"), "", 401, "invalid_client"},
		{"not base64", "Basic ***", "", 401, "invalid_client"},
		{"base64 without padding", "Basic YTpiYw", "", 401, "invalid_client"},
		{"trailing bits", basicTrailingBits(), "", 401, "invalid_client"},
		{"something after it", good + " x", "", 401, "invalid_client"},
		{"scheme only", "Basic", "", 401, "invalid_client"},
		{"another scheme", "Bearer" + good[5:], "", 401, "invalid_client"},
		{"Bearer", "Bearer abc", "", 401, "invalid_client"},
		{"another client_id", good, "&client_id=reports", 401, "invalid_client"},

		{"basic and post", good, inBody, 400, "invalid_request"},
		{"basic and a secret", good, "&client_secret=x", 400, "invalid_request"},
		{"basic and assertion", good, "&client_assertion_type=" + assertType + "&client_assertion=a.b.c", 400, "invalid_request"},
		{"basic and assertion type", good, "&client_assertion_type=x", 400, "invalid_request"},
		{"post and assertion", "", inBody + "&client_assertion=a.b.c", 400, "invalid_request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var header []string
			if test.authorization != "" {
				header = []string{"Authorization", test.authorization}
			}
			r := post(t, server.TokenURL(), "grant_type=client_credentials"+test.params, header...)
			if test.status == 200 {
				r.wantToken(t, server)
				return
			}
			r.wantError(t, test.status, test.error)
		})
	}
	t.Run("two Authorization headers", func(t *testing.T) {
		post(t, server.TokenURL(), "grant_type=client_credentials", "Authorization", good, "Authorization", good).
			wantError(t, 400, "invalid_request")
	})
}

// basicTrailingBits returns good credentials with an unused bit of their base64
// set: the same bytes for a lax decoder.
func basicTrailingBits() string {
	id := url.QueryEscape("billing:app+1")
	secret := url.QueryEscape(secretText)
	for (len(id)+1+len(secret))%3 != 1 { // until the last character has unused bits
		i := strings.LastIndexAny(secret, "abcdefghijklmnopqrstuvwxyz")
		secret = secret[:i] + fmt.Sprintf("%%%02X", secret[i]) + secret[i+1:]
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(id + ":" + secret))
	last := len(encoded) - len("==") - 1
	return "Basic " + encoded[:last] + string(encoded[last]+1) + "=="
}

func TestSecretGivenAsHash(t *testing.T) {
	secret := devserver.NewSecret()
	sum := sha256.Sum256([]byte(secret))
	server, _ := serve(t, devserver.Config{Clients: []devserver.Client{{
		ID: "hashed", SecretSHA256: hex.EncodeToString(sum[:]), Audiences: []string{audience},
	}}})
	post(t, server.TokenURL(), "grant_type=client_credentials", "Authorization", basic("hashed", secret)).wantToken(t, server)
	post(t, server.TokenURL(), "grant_type=client_credentials", "Authorization", basic("hashed", secret+"x")).wantError(t, 401, "invalid_client")
	// The hash is not the secret.
	post(t, server.TokenURL(), "grant_type=client_credentials", "Authorization", basic("hashed", hex.EncodeToString(sum[:]))).wantError(t, 401, "invalid_client")
	if other := devserver.NewSecret(); other == secret || len(other) != 43 {
		t.Errorf("NewSecret returned %d characters", len(other))
	}
}

// A client added while the server runs is known at once; its slices are copied.
func TestAddClient(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	late := devserver.Client{ID: "late", Secret: devserver.NewSecret(), Scopes: []string{"a"}, DefaultScopes: []string{"a"}, Audiences: []string{audience},
		GrantTypes: []string{"client_credentials"}}
	request := func() response {
		return post(t, server.TokenURL(), "grant_type=client_credentials", "Authorization", basic(late.ID, late.Secret))
	}
	request().wantError(t, 401, "invalid_client")
	if err := server.AddClient(late); err != nil {
		t.Fatal(err)
	}
	late.Scopes[0], late.DefaultScopes[0], late.Audiences[0], late.GrantTypes[0] = "b", "b", "https://evil.example.com", "refresh_token"
	if _, claims := request().wantToken(t, server); claims["scope"] != "a" || claims["aud"] != audience {
		t.Errorf("claims %v follow the caller's slices", claims)
	}
	post(t, server.TokenURL(), "grant_type=client_credentials&scope=b", "Authorization", basic(late.ID, late.Secret)).wantError(t, 400, "invalid_scope")
	late.Scopes[0], late.DefaultScopes[0] = "a", "a"
	if err := server.AddClient(late); err == nil || err.Error() != "Client.ID: is already registered" {
		t.Errorf("a second client of that id: %v", err)
	}
}
