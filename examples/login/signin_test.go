package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// What is sent to the token endpoint (RFC 6749 §4.1.3, RFC 7636 §4.5), and which
// tokens are taken.
func TestSignIn(t *testing.T) {
	const leak = "2YotnFZFEjr1zCsicMWpAA"
	for name, test := range map[string]struct {
		status       int
		answer, want string // part of the error
	}{
		"a bearer token":          {200, `{"access_token":"` + leak + `","token_type":"bearer"}`, ""},
		"a token of another type": {200, `{"access_token":"` + leak + `","token_type":"mac"}`, "not a bearer token"},
		"refused":                 {400, `{"error":"invalid_grant","error_description":"` + leak + `"}`, "400 invalid_grant"},
		"something else":          {200, leak, "has not sent a token response"},
	} {
		t.Run(name, func(t *testing.T) {
			var form url.Values
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if r.URL.Path != "/token" {
					fmt.Fprintf(w, `{"issuer":"http://%[1]s","token_endpoint":"http://%[1]s/token",
						"authorization_endpoint":"http://%[1]s/authorize","code_challenge_methods_supported":["S256"]}`, r.Host)
					return
				}
				_ = r.ParseForm()
				form = r.PostForm
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.answer)
			}))
			defer site.Close()
			s := &settings{issuer: site.URL, clientID: "cli", scopes: []string{"orders:read"}, resource: "https://orders.example.com", timeout: 5 * time.Second}
			var asked url.Values
			token, err := s.signIn(t.Context(), func(address string) {
				u, err := url.Parse(address)
				if err != nil {
					t.Fatal(err)
				}
				asked = u.Query()
				response, err := http.Get(asked.Get("redirect_uri") + "?code=the-code&state=" + asked.Get("state"))
				if err != nil {
					t.Fatal(err)
				}
				_ = response.Body.Close()
			})
			if (err == nil) != (test.want == "") || (err == nil) != (token != nil) ||
				err != nil && (!strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), leak)) {
				t.Errorf("%v, want %q", err, test.want)
			}
			challenge := sha256.Sum256([]byte(form.Get("code_verifier")))
			if base64.RawURLEncoding.EncodeToString(challenge[:]) != asked.Get("code_challenge") {
				t.Error("the verifier is not that of the challenge")
			}
			for name, want := range map[string]string{
				"grant_type": "authorization_code", "code": "the-code", "client_id": "cli", "client_secret": "",
				"redirect_uri": asked.Get("redirect_uri"), "resource": "https://orders.example.com",
			} {
				if got := form.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}
