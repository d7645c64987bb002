package devserver_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

const signedAnswer = "application/token-introspection+jwt"

// A signed answer (RFC 9701 §5) says what the plain one says, to the one who asked.
func TestIntrospectionJWT(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	user := tokens(t, server, "web")
	ask := func(token string, accept ...string) response {
		t.Helper()
		header := []string{"Authorization", basic("orders-api", secretText)}
		for _, value := range accept {
			header = append(header, "Accept", value)
		}
		return post(t, server.IntrospectionURL(), url.Values{"token": {token}}.Encode(), header...)
	}
	for name, token := range map[string]string{"active": user.AccessToken, "inactive": "x"} {
		r := ask(token, signedAnswer)
		if r.StatusCode != 200 || r.Header.Get("Content-Type") != signedAnswer || r.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%s: %d %v %s", name, r.StatusCode, r.Header, r.body)
		}
		header, claims := verified(t, server, r.body)
		want := map[string]any{
			"iss": server.Issuer(), "aud": "orders-api", "iat": float64(start.Unix()),
			"token_introspection": introspect(t, server, token).All,
		}
		if header["typ"] != "token-introspection+jwt" || !reflect.DeepEqual(claims, want) {
			t.Errorf("%s: got %v %v, want %v", name, header, claims, want)
		}
		if introspect(t, server, r.body).Active {
			t.Errorf("%s: the answer is a token itself", name)
		}
	}
	for accept, signed := range map[string]bool{
		"": false, "*/*": false, "application/*": false, "application/json": false, "application/jwt": false,
		signedAnswer: true, "Application/Token-Introspection+JWT": true, "application/json, " + signedAnswer: true,
		"application/json, " + signedAnswer + ";q=0.5": false, "application/json;q=0.1," + signedAnswer + ";q=0.5": true,
		signedAnswer + ";q=0": false, signedAnswer + ";q=x": false, ";;, " + signedAnswer: true,
	} {
		if got := ask(user.AccessToken, accept).Header.Get("Content-Type"); (got == signedAnswer) != signed {
			t.Errorf("Accept %q: answered with %s", accept, got)
		}
	}
	if r := ask(user.AccessToken, "application/json", signedAnswer); !strings.HasPrefix(r.body, "ey") {
		t.Errorf("two fields: %s", r.body)
	}
	// Errors are JSON all the same.
	post(t, server.IntrospectionURL(), "token=x", "Accept", signedAnswer).wantError(t, 401, "invalid_client")
}
