//go:build interop

package interop_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
	"github.com/bearerguard/bearerguard/validator"
)

const callback = "http://127.0.0.1/callback"

// login is a public client on a user's machine (RFC 8252).
var login = map[string]any{
	"client_id": "orders-cli", "token_endpoint_auth_method": "none", "application_type": "native",
	"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"},
	"redirect_uris": []string{callback}, "scope": "openid offline_access orders:read orders:write",
}

// signInSettings are those of a provider with users.
func signInSettings(t *testing.T) settings {
	t.Helper()
	return settings{
		Keys:      []json.RawMessage{newKey(t, "1", "ES256").private(t)},
		Clients:   []map[string]any{login, service("orders-api", "client_secret_basic", nil)},
		Resources: bothFormats,
	}
}

// Access tokens of a user are good at the API, by the authorization code as by the
// refresh token.
func TestAccessTokensOfAUser(t *testing.T) {
	t.Parallel()
	p := start(t, signInSettings(t))
	want := rest.Caller{Issuer: p.issuer, Subject: "alice", ClientID: "orders-cli", Scopes: []string{"orders:read"}}
	for kind, audience := range map[string]string{"JWT": jwtAPI, "opaque": opaqueAPI} {
		t.Run(kind, func(t *testing.T) {
			got := p.signIn(t, "alice", audience, "")
			fresh := p.token(t, client{id: "orders-cli"}, url.Values{
				"grant_type": {"refresh_token"}, "refresh_token": {got.RefreshToken},
			})
			config := p.introspecting(t, p.introspector(t, apiSecret, nil))
			config.Audiences = []string{audience}
			for _, f := range serve(t, config).fronts {
				for what, token := range map[string]string{"by the code": got.AccessToken, "by the refresh token": fresh.AccessToken} {
					if answer := f.want(t, what, bearer(token), 0); !equal(answer.caller, want) {
						t.Errorf("%s, %s: %+v, want %+v", f.name, what, answer.caller, want)
					}
				}
			}
		})
	}
}

// An ID token is for the client. oidc-provider marks none of them by typ, and with
// the authorization code grant only a nonce tells them from a JWT access token.
func TestIDTokens(t *testing.T) {
	t.Parallel()
	p := start(t, signInSettings(t))
	for name, test := range map[string]struct {
		nonce     string
		profile   validator.Profile
		audiences []string
		want      validator.Code
	}{
		"RFC 9068":                               {"", validator.ProfileRFC9068, []string{jwtAPI}, validator.CodeTokenKindNotAllowed},
		"RFC 9068, the client id as an audience": {"", validator.ProfileRFC9068, []string{"orders-cli"}, validator.CodeTokenKindNotAllowed},
		"any JWT":                                {"", validator.ProfileJWT, []string{jwtAPI}, validator.CodeAudienceNotAllowed},
		"any JWT, with a nonce":                  {"a-nonce", validator.ProfileJWT, []string{jwtAPI}, validator.CodeTokenKindNotAllowed},
		"any JWT, with a nonce, the client id as an audience": {"a-nonce", validator.ProfileJWT, []string{"orders-cli"}, validator.CodeTokenKindNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			got := p.signIn(t, "alice", jwtAPI, test.nonce)
			config := p.config(t, "")
			config.Profile, config.Audiences = test.profile, test.audiences
			for _, f := range serve(t, config).fronts {
				f.want(t, "ID token", bearer(got.IDToken), test.want)
			}
		})
	}
}

// A refresh token is for the authorization server. By default this one tells APIs
// that it is active, without an audience.
func TestRefreshTokens(t *testing.T) {
	t.Parallel()
	for told, want := range map[bool]validator.Code{false: validator.CodeTokenInactive, true: validator.CodeClaimMissing} {
		s := signInSettings(t)
		s.RefreshTokens = told
		p := start(t, s)
		got := p.signIn(t, "alice", opaqueAPI, "")
		for _, f := range serve(t, p.introspecting(t, p.introspector(t, apiSecret, nil))).fronts {
			f.want(t, "refresh token", bearer(got.RefreshToken), want)
		}
	}
}

// signIn goes through the authorization code grant (RFC 6749 §4.1, RFC 7636) as a
// browser and a user, who agrees to everything.
func (p *provider) signIn(t *testing.T, user, audience, nonce string) issued {
	t.Helper()
	const verifier = "a-code-verifier-that-is-good-for-a-test-only-0123456789"
	challenge := sha256.Sum256([]byte(verifier))
	browser := p.browser(t, nil)
	browser.Jar, _ = cookiejar.New(nil)
	request := url.Values{
		"client_id": {"orders-cli"}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"a-state"},
		"scope": {"openid offline_access orders:read"}, "resource": {audience}, "prompt": {"consent"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	if nonce != "" {
		request.Set("nonce", nonce)
	}
	response := visit(t, browser, p.issuer+"/auth?"+request.Encode(), nil)
	for _, form := range []url.Values{
		{"prompt": {"login"}, "login": {user}, "password": {"any"}},
		{"prompt": {"consent"}},
	} {
		response = visit(t, browser, response.Request.URL.String(), form)
	}
	back, err := response.Location()
	if err != nil || !strings.HasPrefix(back.String(), callback) || back.Query().Get("state") != "a-state" {
		t.Fatalf("signing in ends with %s %s at %s", response.Status, back, response.Request.URL)
	}
	got := p.token(t, client{id: "orders-cli"}, url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {callback},
		"code_verifier": {verifier},
	})
	if got.IDToken == "" || got.RefreshToken == "" {
		t.Fatal("no ID token or no refresh token")
	}
	return got
}

// visit gets a page, or sends its form, and follows redirects until there is another
// page, or back to the client.
func visit(t *testing.T, browser *http.Client, page string, form url.Values) *http.Response {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	for range 10 {
		request, err := http.NewRequestWithContext(t.Context(), method, page, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		if form != nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		response, err := browser.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		next, err := response.Location()
		if err != nil || strings.HasPrefix(next.String(), callback) {
			return response
		}
		method, page, form = http.MethodGet, next.String(), nil
	}
	t.Fatal("no end of redirects")
	return nil
}
