package devserver_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// The happy path, with the client library that most Go services use.
func TestClientCredentials(t *testing.T) {
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		for name, style := range map[string]oauth2.AuthStyle{
			"basic": oauth2.AuthStyleInHeader, "post": oauth2.AuthStyleInParams, "detect": oauth2.AuthStyleAutoDetect,
		} {
			t.Run(alg+" "+name, func(t *testing.T) {
				t.Parallel()
				server, _ := serve(t, devserver.Config{Algorithm: alg})
				client := clientcredentials.Config{
					ClientID: "billing:app+1", ClientSecret: secretText, TokenURL: server.TokenURL(), AuthStyle: style,
					Scopes: []string{"orders:write", "orders:read"}, EndpointParams: url.Values{"resource": {audience2}},
				}
				token, err := client.Token(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				header, claims := verified(t, server, token.AccessToken)
				kid, _ := header["kid"].(string)
				if want := map[string]any{"typ": "at+jwt", "alg": alg, "kid": kid}; kid == "" || !reflect.DeepEqual(header, want) {
					t.Errorf("header %v, want %v", header, want)
				}
				jti, _ := claims["jti"].(string)
				want := map[string]any{ // RFC 9068 §2.2
					"iss": server.Issuer(), "sub": "billing:app+1", "client_id": "billing:app+1", "aud": audience2,
					"iat": float64(start.Unix()), "exp": float64(start.Unix() + 300),
					"scope": "orders:write orders:read", "jti": jti,
				}
				if len(jti) < 22 || !reflect.DeepEqual(claims, want) {
					t.Errorf("claims %v, want %v", claims, want)
				}
				if scope := token.Extra("scope"); scope != "orders:write orders:read" || token.TokenType != "Bearer" || token.Extra("expires_in") != 300.0 {
					t.Errorf("answer: scope %v, type %q, expires_in %v", scope, token.TokenType, token.Extra("expires_in"))
				}
			})
		}
	}
}

func TestTwoTokensDiffer(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	body, auth := "grant_type=client_credentials", basic("billing:app+1", secretText)
	_, first := post(t, server.TokenURL(), body, "Authorization", auth).wantToken(t, server)
	_, second := post(t, server.TokenURL(), body, "Authorization", auth).wantToken(t, server)
	if first["jti"] == second["jti"] {
		t.Error("two tokens with one jti (RFC 7519 §4.1.7)")
	}
}

// What a request may ask for, and what it gets.
func TestScopeAndResource(t *testing.T) {
	bare := devserver.Client{ID: "bare", Secret: secretText, Audiences: []string{audience}}
	strict := devserver.Client{ID: "strict", Secret: secretText, Scopes: []string{"a"}, Audiences: []string{audience}}
	server, _ := serve(t, devserver.Config{Clients: []devserver.Client{secretClient(), bare, strict}})
	both := []any{audience2, audience}
	tests := []struct {
		name, client, params string
		error                string
		scope, aud           any
	}{
		{"defaults", "billing:app+1", "", "", "orders:read", audience},
		{"empty is omitted (RFC 6749 §3.2)", "billing:app+1", "&scope=&resource=", "", "orders:read", audience},
		{"one scope", "billing:app+1", "&scope=orders:write", "", "orders:write", audience},
		{"a scope twice", "billing:app+1", "&scope=orders:write+orders:write", "", "orders:write", audience},
		{"two resources (RFC 8707 §2)", "billing:app+1", "&resource=urn:example:billing&resource=https://orders.example.com", "", "orders:read", both},
		{"a resource twice", "billing:app+1", "&resource=urn:example:billing&resource=urn:example:billing", "", "orders:read", audience2},
		{"unknown parameters are ignored (RFC 6749 §3.2)", "billing:app+1", "&audience=other&foo=bar", "", "orders:read", audience},
		{"no scopes at all", "bare", "", "", nil, audience},

		{"more than allowed", "billing:app+1", "&scope=orders:read+orders:admin", "invalid_scope", nil, nil},
		{"other case", "billing:app+1", "&scope=Orders:read", "invalid_scope", nil, nil},
		{"two spaces", "billing:app+1", "&scope=orders:read++orders:write", "invalid_scope", nil, nil},
		{"a leading space", "billing:app+1", "&scope=+orders:read", "invalid_scope", nil, nil},
		{"a tab between", "billing:app+1", "&scope=orders:read%09orders:write", "invalid_scope", nil, nil},
		{"none and no default", "strict", "", "invalid_scope", nil, nil},
		{"a client without scopes", "bare", "&scope=a", "invalid_scope", nil, nil},
		{"another's resource", "billing:app+1", "&resource=https://other.example.com", "invalid_target", nil, nil},
		{"one good, one bad", "billing:app+1", "&resource=https://orders.example.com&resource=https://other.example.com", "invalid_target", nil, nil},
		{"a fragment", "billing:app+1", "&resource=https://orders.example.com%23x", "invalid_target", nil, nil},
		{"relative", "billing:app+1", "&resource=orders", "invalid_target", nil, nil},
		{"a slash more", "billing:app+1", "&resource=https://orders.example.com/", "invalid_target", nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := post(t, server.TokenURL(), "grant_type=client_credentials"+test.params, "Authorization", basic(test.client, secretText))
			if test.error != "" {
				r.wantError(t, 400, test.error)
				return
			}
			_, claims := r.wantToken(t, server)
			if !reflect.DeepEqual(claims["aud"], test.aud) || !reflect.DeepEqual(claims["scope"], test.scope) {
				t.Errorf("aud %v, scope %v, want %v, %v", claims["aud"], claims["scope"], test.aud, test.scope)
			}
			if scope := r.answer(t).Scope; test.scope != nil && scope != test.scope {
				t.Errorf("the answer's scope is %q", scope)
			}
		})
	}
}

func TestGrantType(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	for _, test := range []struct{ client, body, error string }{
		{"billing:app+1", "", "invalid_request"},
		{"billing:app+1", "grant_type=", "invalid_request"},
		{"billing:app+1", "grant_type=password", "unsupported_grant_type"},
		{"billing:app+1", "grant_type=Client_Credentials", "unsupported_grant_type"},
		{"billing:app+1", "grant_type=authorization_code", "unauthorized_client"},
		{"billing:app+1", "grant_type=refresh_token", "unauthorized_client"},
		{"web", "grant_type=authorization_code", "invalid_request"},
		{"web", "grant_type=client_credentials", "unauthorized_client"},
	} {
		t.Run(test.client+" "+test.body, func(t *testing.T) {
			post(t, server.TokenURL(), test.body, "Authorization", basic(test.client, secretText)).wantError(t, 400, test.error)
		})
	}
}

// The form itself; the same request is good without the change.
func TestForm(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	const good = "grant_type=client_credentials"
	const form = "application/x-www-form-urlencoded"
	for _, test := range []struct {
		name, query, body string
		contentType       []string
		ok                bool
	}{
		{"good", "", good, []string{form}, true},
		{"charset", "", good, []string{form + "; charset=UTF-8"}, true},
		{"upper case", "", good, []string{strings.ToUpper(form)}, true},
		{"a long body", "", good + "&x=" + strings.Repeat("x", 60<<10), []string{form}, true},

		{"too long a body", "", good + "&x=" + strings.Repeat("x", 64<<10), []string{form}, false},
		{"no type", "", good, nil, false},
		{"two types", "", good, []string{form, form}, false},
		{"JSON", "", `{"grant_type":"client_credentials"}`, []string{"application/json"}, false},
		{"other charset", "", good, []string{form + "; charset=utf-16"}, false},
		{"multipart", "", good, []string{"multipart/form-data; boundary=x"}, false},
		{"grant_type in the query", "?grant_type=client_credentials", "", []string{form}, false},
		{"anything in the query", "?scope=orders:read", good, []string{form}, false},
		{"an empty query", "?", good, []string{form}, false},
		{"a known parameter twice", "", good + "&scope=orders:read&scope=orders:read", []string{form}, false},
		{"an empty one twice", "", good + "&scope=&scope=orders:read", []string{form}, false},
		{"an unknown one twice", "", good + "&x=1&x=2", []string{form}, false},
		{"grant_type twice", "", good + "&" + good, []string{form}, false},
		{"a bad escape", "", good + "&x=%zz", []string{form}, false},
		{"a semicolon", "", good + ";x=1", []string{form}, false},
		{"not UTF-8", "", good + "&x=%ff", []string{form}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			header := []string{"Authorization", basic("billing:app+1", secretText)}
			for _, value := range test.contentType {
				header = append(header, "Content-Type", value)
			}
			if test.contentType == nil {
				header = append(header, "Content-Type", "")
			}
			r := post(t, server.TokenURL()+test.query, test.body, header...)
			if test.ok {
				r.wantToken(t, server)
				return
			}
			r.wantError(t, 400, "invalid_request")
		})
	}
}

func TestTokenMethods(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"} {
		request, err := http.NewRequestWithContext(t.Context(), method, server.TokenURL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", basic("billing:app+1", secretText))
		r := do(t, request)
		if r.StatusCode != 405 || r.Header.Get("Allow") != "POST" || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", method, r.StatusCode, r.Header)
		}
	}
}

func TestProfileAndLifetime(t *testing.T) {
	plain, own := secretClient(), secretClient()
	own.ID, own.Profile = "own", devserver.ProfileRFC9068
	server, _ := serve(t, devserver.Config{
		Profile: devserver.ProfileJWT, TokenLifetime: 90500 * time.Millisecond, Clients: []devserver.Client{plain, own},
	})
	for client, typ := range map[string]string{plain.ID: "JWT", own.ID: "at+jwt"} {
		r := post(t, server.TokenURL(), "grant_type=client_credentials", "Authorization", basic(client, secretText))
		header, claims := r.wantToken(t, server)
		if header["typ"] != typ {
			t.Errorf("%s: typ %v, want %s", client, header["typ"], typ)
		}
		if r.answer(t).ExpiresIn != 90 || claims["exp"] != float64(start.Unix()+90) {
			t.Errorf("expires_in %d, exp %v", r.answer(t).ExpiresIn, claims["exp"])
		}
	}
}

// Every request is logged, and nothing in the log is a secret or was not vetted.
func TestLog(t *testing.T) {
	var log bytes.Buffer
	server, _ := serve(t, devserver.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	token := post(t, server.TokenURL(), "grant_type=client_credentials", "Authorization", basic("billing:app+1", secretText)).answer(t).AccessToken
	post(t, server.TokenURL(), "grant_type=client_credentials&scope=evil-scope", "Authorization", basic("billing:app+1", secretText))
	post(t, server.TokenURL(), "grant_type=client_credentials&client_id=evil-id&client_secret=evil-secret")
	server.Close() // the log is complete

	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	for i, want := range []string{
		`"msg":"token issued","client_id":"billing:app+1","scope":"orders:read"`,
		`"msg":"token refused","client_id":"billing:app+1","error":"invalid_scope"`,
		`"msg":"token refused","error":"invalid_client","reason":"unknown client or wrong secret"`,
	} {
		if len(lines) != 3 || !strings.Contains(lines[i], want) {
			t.Fatalf("line %d of %q lacks %s", i, lines, want)
		}
	}
	for _, secret := range []string{token, "evil", "p%", "Basic"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log contains %q", secret)
		}
	}
}
