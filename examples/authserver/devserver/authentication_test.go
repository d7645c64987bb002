package devserver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// What an authorization request can ask for of the user's authentication (RFC 9470
// §4), and how the tokens tell.
func TestAuthenticationRequirements(t *testing.T) {
	server, clock := serve(t, devserver.Config{ACRValues: []string{"phr", "phrh"}})
	for name, test := range map[string]struct {
		acrValues, maxAge string
		acr               any
		error             string
	}{
		"nothing":                {"", "", nil, ""},
		"one":                    {"phr", "", "phr", ""},
		"the first that is":      {"other phrh phr", "", "phrh", ""},
		"none that is":           {"other Phr", "", nil, "unmet_authentication_requirements"},
		"now":                    {"", "0", nil, ""},
		"within an hour":         {"phr", "3600", "phr", ""},
		"a negative age":         {"", "-1", nil, "invalid_request"},
		"an age that is none":    {"", "1h", nil, "invalid_request"},
		"an age out of bounds":   {"", "99999999999999999999", nil, "invalid_request"},
		"an age with a fraction": {"", "1.5", nil, "invalid_request"},
	} {
		clock.advance(time.Minute)
		changes := []string{"acr_values", test.acrValues, "max_age", test.maxAge}
		if test.error != "" {
			to := newBrowser(t).send(t, server.AuthorizeURL()+"?"+request("web", changes...).Encode(), nil).location(t)
			if to.Query().Get("error") != test.error || to.Query().Get("error_description") == "" {
				t.Errorf("%s: %v", name, to)
			}
			continue
		}
		authenticated := float64(clock.Now().Unix())
		issued := tokens(t, server, "web", changes...)
		clock.advance(time.Minute)
		refreshed := refresh(t, server, "web", issued.Refresh).answer(t)
		// A refresh authenticates nobody (RFC 9470 §6.1).
		for _, token := range []string{issued.AccessToken, refreshed.AccessToken} {
			_, claims := verified(t, server, token)
			if claims["acr"] != test.acr || claims["auth_time"] != authenticated {
				t.Errorf("%s: claims %v", name, claims)
			}
		}
	}
	machine := post(t, server.TokenURL(), machineGrant+"&acr_values=phr", "Authorization", basic("billing:app+1", secretText))
	if _, claims := machine.wantToken(t, server); claims["acr"] != nil || claims["auth_time"] != nil {
		t.Errorf("nobody was authenticated: %v", claims)
	}
}

// The page tells what the user is asked for.
func TestConsentPageTellsRequirements(t *testing.T) {
	client := codeClient()
	client.AuthorizationDetailsTypes = []string{"payment"}
	server, _ := serve(t, devserver.Config{ACRValues: []string{"<phr>"}, Clients: []devserver.Client{client}})
	params := request("web", "acr_values", "<phr>", "authorization_details", `[{"type":"payment","amount":"<12>"}]`)
	page := newBrowser(t).send(t, server.AuthorizeURL()+"?"+params.Encode(), nil)
	for _, want := range []string{"&lt;phr&gt;", "{&#34;amount&#34;:&#34;&lt;12&gt;&#34;,&#34;type&#34;:&#34;payment&#34;}"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %s: %s", want, page.body)
		}
	}
}
