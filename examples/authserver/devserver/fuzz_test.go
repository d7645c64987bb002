package devserver_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// descriptions are the only ones there are, by code: an answer that is one of
// these repeats nothing of the request.
var descriptions = map[string]string{
	"invalid_request":        "The request is malformed, repeats a parameter, lacks one, or uses more than one way to authenticate the client",
	"invalid_client":         "Client authentication failed",
	"invalid_grant":          "The grant is invalid, expired, revoked or was issued to another client",
	"unauthorized_client":    "This client may not use this grant type",
	"unsupported_grant_type": "This grant type is not supported",
	"invalid_scope":          "The scope is malformed, missing, or more than this client may have",
	"invalid_target":         "This client may not get a token for this resource",
}

// FuzzToken sends a whole request to the token endpoint. Who gets a token, which
// one, which error everybody else gets, and what ends with it is decided by the
// reference; and whatever comes, the answer is a token that verifies or one of
// the constants. In the body, the names of placeholders stand for what the server
// has issued before.
func FuzzToken(f *testing.F) {
	const issuer = "https://as.example.com"
	assertion := signRaw(clientKey, goodHeader,
		fmt.Sprintf(`{"iss":"reports","sub":"reports","aud":%q,"jti":"1","exp":%d}`, issuer, start.Unix()+60))
	good, web := basic("billing:app+1", secretText), basic("web", secretText)
	inBody := "&" + url.Values{"client_id": {"billing:app+1"}, "client_secret": {secretText}}.Encode()
	asserted := assertionForm(assertion)
	const grant = "grant_type=client_credentials"
	f.Add("POST", formType, "", good, grant)
	f.Add("POST", formType+"; charset=utf-8", "", good, grant)
	f.Add("POST", formType, "", good, grant+"&scope=orders:read+orders:write&resource=urn:example:billing&resource=https://orders.example.com")
	f.Add("POST", formType, "", good, grant+"&scope=orders:admin")
	f.Add("POST", formType, "", good, grant+"&resource=https://other.example.com")
	f.Add("POST", formType, "", good, grant+"&x=%ff")
	f.Add("POST", formType, "", good, grant+"&scope=&scope=orders:read")
	f.Add("POST", formType, "", good, "grant_type=password&username=a&password=b")
	f.Add("POST", formType, "", good+" ", grant+inBody)
	f.Add("POST", formType, "", good[:9]+"\n"+good[9:], grant)
	f.Add("POST", formType, "", basicTrailingBits(), grant)
	f.Add("POST", formType, "", web, grant)
	f.Add("POST", formType, "", "", grant+inBody)
	f.Add("POST", formType, "", "", asserted)
	f.Add("POST", formType, "", "", asserted+"&client_id=reports")
	f.Add("POST", formType, "", "", strings.ToLower(asserted))
	f.Add("POST", formType, "", "Basic YTpi", grant)
	f.Add("POST", formType, "", "Bearer abc", grant)
	f.Add("POST", "application/json", "", good, `{"grant_type":"client_credentials"}`)
	f.Add("POST", formType, grant, good, "")
	f.Add("GET", "", "", good, "")
	proof := "&code_verifier=" + verifier + "&redirect_uri="
	const byCode, byRefresh = "grant_type=authorization_code", "grant_type=refresh_token"
	f.Add("POST", formType, "", web, byCode+"&code=WEBCODE"+proof+webRedirect)
	f.Add("POST", formType, "", web, byCode+"&code=WEBCODE&resource=urn:example:billing"+proof+webRedirect)
	f.Add("POST", formType, "", web, byCode+"&code=WEBCODE"+proof+cliRedirect)
	f.Add("POST", formType, "", web, byCode+"&code=WEBCODE&redirect_uri="+webRedirect)
	f.Add("POST", formType, "", web, byCode+"&code=WEBCODE&code_verifier="+challenge+"&redirect_uri="+webRedirect)
	f.Add("POST", formType, "", web, byCode+"&code=USEDCODE"+proof+webRedirect)
	f.Add("POST", formType, "", web, byCode+"&code=WEBREFRESH"+proof+webRedirect)
	f.Add("POST", formType, "", web, byCode+"&code=CLICODE"+proof+cliRedirect)
	f.Add("POST", formType, "", good, byCode+"&code=WEBCODE"+proof+webRedirect)
	f.Add("POST", formType, "", "", byCode+"&client_id=cli&code=CLICODE"+proof+cliRedirect)
	f.Add("POST", formType, "", "", byCode+"&client_id=cli&code=USEDCODE"+proof+webRedirect)
	f.Add("POST", formType, "", "", byCode+"&client_id=web&code=WEBCODE"+proof+webRedirect)
	f.Add("POST", formType, "", web, byRefresh+"&refresh_token=WEBREFRESH")
	f.Add("POST", formType, "", web, byRefresh+"&refresh_token=WEBREFRESH&scope=orders:read&resource=urn:example:billing")
	f.Add("POST", formType, "", web, byRefresh+"&refresh_token=WEBREFRESH&scope=orders:admin")
	f.Add("POST", formType, "", web, byRefresh+"&refresh_token=OLDREFRESH")
	f.Add("POST", formType, "", web, byRefresh+"&refresh_token=WEBCODE")
	f.Add("POST", formType, "", "", byRefresh+"&client_id=cli&refresh_token=OLDREFRESH")

	// Every request meets a fresh server, so that everything is still unused.
	config := devserver.Config{
		Issuer: issuer, Algorithm: "EdDSA", Clock: &testClock{now: start},
		Clients: []devserver.Client{secretClient(), keyClient(), codeClient(), publicClient()},
	}
	f.Fuzz(func(t *testing.T, method, contentType, query, authorization, body string) {
		server, err := devserver.New(config)
		if err != nil {
			t.Fatal(err)
		}
		ref := reference{
			secrets: map[string]string{"billing:app+1": secretText, "web": secretText}, assertion: assertion,
			codes: map[string]refConsent{}, refreshes: map[string]refConsent{}, used: map[string]bool{},
		}
		body, live := issueBefore(t, server, ref, body)

		r := httptest.NewRequest(http.MethodPost, "/oauth2/token", strings.NewReader(body))
		r.Method, r.URL.RawQuery = method, query
		r.Header.Set("Content-Type", contentType)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)

		want := ref.judge(method, contentType, query, authorization, body)
		var got answer
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%d %q: %v", w.Code, w.Body, err)
		}
		if want.undecided && got.Error != "invalid_request" {
			want = ref.judge(method, formType, query, authorization, body)
		}
		for name, token := range live {
			w := from(server, "192.0.2.1:1", "/oauth2/introspect", "token="+token, web)
			if active := strings.Contains(w.Body.String(), `"active":true`); active != (name != want.revokes) {
				t.Fatalf("%s active: %v, the reference has %+v", name, active, want)
			}
		}
		if w.Code != http.StatusOK {
			status := map[string]int{"invalid_client": 401}[got.Error]
			switch {
			case method != http.MethodPost:
				status = 405
			case status == 0:
				status = 400
			}
			if descriptions[got.Error] == "" || got.Description != descriptions[got.Error] || got.AccessToken != "" || w.Code != status {
				t.Fatalf("%d %s is not in the table", w.Code, w.Body)
			}
			if !want.undecided && got.Error != want.error {
				t.Fatalf("got %s, the reference has %+v", got.Error, want)
			}
			return
		}
		if want.error != "" {
			t.Fatalf("got a token, the reference has %s", want.error)
		}
		claims := claimsBy(t, server, got.AccessToken)
		if claims.Subject != cmp.Or(want.user, want.client) || claims.Client != want.client || claims.Scope != want.scope || claims.audience() != want.aud ||
			(got.Refresh != "") != (want.user != "") {
			t.Fatalf("got %+v, the reference has %+v", claims, want)
		}
	})
}

// issueBefore has the server issue codes and refresh tokens, tells the reference,
// and puts them in the place of their names in the body. It returns an access
// token for each authorization that has one and can still be revoked.
func issueBefore(t *testing.T, server *devserver.Server, ref reference, body string) (string, map[string]string) {
	t.Helper()
	web := refConsent{client: "web", redirect: webRedirect, scope: "orders:write orders:read", aud: audience2}
	cli := refConsent{client: "cli", redirect: cliRedirect, scope: "orders:write orders:read", aud: audience}
	live, places := map[string]string{}, []string{}
	put := func(place, token string, store map[string]refConsent, c refConsent, name string, used bool) {
		c.name = name
		store[token], ref.used[token] = c, used
		places = append(places, place, token)
	}
	send := func(form url.Values) (a answer) {
		w := from(server, "192.0.2.1:1", "/oauth2/token", form.Encode(), basic("web", secretText))
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return a
	}
	// Only what the body asks for, which is faster.
	if strings.Contains(body, "WEBCODE") {
		put("WEBCODE", allowed(t, server, web), ref.codes, web, "", false)
	}
	if strings.Contains(body, "CLICODE") {
		put("CLICODE", allowed(t, server, cli), ref.codes, cli, "", false)
	}
	if strings.Contains(body, "WEBREFRESH") || strings.Contains(body, "USEDCODE") {
		code := allowed(t, server, web)
		a := send(redemption("web", code))
		put("USEDCODE", code, ref.codes, web, "redeemed", true)
		put("WEBREFRESH", a.Refresh, ref.refreshes, web, "redeemed", false)
		live["redeemed"] = a.AccessToken
	}
	if strings.Contains(body, "OLDREFRESH") {
		a := send(redemption("web", allowed(t, server, web)))
		b := send(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.Refresh}})
		put("OLDREFRESH", a.Refresh, ref.refreshes, web, "refreshed", true)
		put("NEWREFRESH", b.Refresh, ref.refreshes, web, "refreshed", false)
		live["refreshed"] = b.AccessToken
	}
	return strings.NewReplacer(places...).Replace(body), live
}

// allowed sends the consent form to the handler and returns the code.
func allowed(t *testing.T, server *devserver.Server, c refConsent) string {
	t.Helper()
	params := request(c.client, "scope", c.scope, "resource", c.aud)
	page := httptest.NewRecorder()
	server.ServeHTTP(page, httptest.NewRequest("GET", "/oauth2/authorize?"+params.Encode(), nil))
	to := answerPage(t, server, page, "alice")
	if to == nil || to.Query().Get("code") == "" {
		t.Fatalf("no code: %d %s", page.Code, page.Body)
	}
	return to.Query().Get("code")
}

// answerPage allows what a consent page asks for; nil means it leads nowhere.
func answerPage(t *testing.T, server *devserver.Server, page *httptest.ResponseRecorder, user string) *url.URL {
	t.Helper()
	form := url.Values{"decision": {"allow"}, "user": {user}}
	for _, field := range hidden.FindAllStringSubmatch(page.Body.String(), -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	r := httptest.NewRequest("POST", "/oauth2/consent", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", formType)
	for _, cookie := range page.Result().Cookies() {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	to, err := url.Parse(w.Header().Get("Location"))
	if w.Code != http.StatusSeeOther || err != nil {
		return nil
	}
	return to
}

type tokenClaims struct {
	Subject  string `json:"sub"`
	Client   string `json:"client_id"`
	Scope    string `json:"scope"`
	Audience any    `json:"aud"`
}

// audience returns one string for both forms of "aud".
func (c tokenClaims) audience() string {
	list, isList := c.Audience.([]any)
	if !isList {
		return fmt.Sprint(c.Audience)
	}
	return strings.Trim(fmt.Sprint(slices.Clone(list)), "[]")
}

// claimsBy verifies a token with jwx and the key set that the handler serves.
func claimsBy(t *testing.T, server *devserver.Server, token string) (claims tokenClaims) {
	t.Helper()
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/jwks.json", nil))
	set, err := jwk.Parse(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	payload, err := jws.Verify([]byte(token), jws.WithKeySet(set))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
