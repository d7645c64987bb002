package devserver_test

import (
	"encoding/json"
	"fmt"
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
	"unauthorized_client":    "This client may not use this grant type",
	"unsupported_grant_type": "This grant type is not supported",
	"invalid_scope":          "The scope is malformed, missing, or more than this client may have",
	"invalid_target":         "This client may not get a token for this resource",
}

// FuzzToken sends a whole request to the token endpoint. Who gets a token, which
// one, and which error everybody else gets is decided by the reference; and
// whatever comes, the answer is a token that verifies or one of the constants.
func FuzzToken(f *testing.F) {
	const issuer = "https://as.example.com"
	ref := reference{
		secrets: map[string]string{"billing:app+1": secretText, "web": secretText},
		assertion: signRaw(clientKey, goodHeader,
			fmt.Sprintf(`{"iss":"reports","sub":"reports","aud":%q,"jti":"1","exp":%d}`, issuer, start.Unix()+60)),
	}
	good, web := basic("billing:app+1", secretText), basic("web", secretText)
	inBody := "&" + url.Values{"client_id": {"billing:app+1"}, "client_secret": {secretText}}.Encode()
	asserted := assertionForm(ref.assertion)
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

	// Every request meets a fresh server, so that an assertion is always unused.
	config := devserver.Config{
		Issuer: issuer, Algorithm: "EdDSA", Clock: &testClock{now: start},
		Clients: []devserver.Client{secretClient(), keyClient(), codeClient()},
	}
	f.Fuzz(func(t *testing.T, method, contentType, query, authorization, body string) {
		server, err := devserver.New(config)
		if err != nil {
			t.Fatal(err)
		}
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
		if want.undecided {
			want = ref.judge(method, formType, query, authorization, body)
		}
		if want.error != "" {
			t.Fatalf("got a token, the reference has %s", want.error)
		}
		claims := claimsBy(t, server, got.AccessToken)
		if claims.Subject != want.client || claims.Client != want.client || claims.Scope != want.scope || claims.audience() != want.aud {
			t.Fatalf("got %+v, the reference has %+v", claims, want)
		}
	})
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
