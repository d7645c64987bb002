package devserver_test

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// detailsClient may ask for payments and accounts, for itself and for users.
func detailsClient() devserver.Client {
	c := codeClient()
	c.GrantTypes = append(c.GrantTypes, "client_credentials")
	c.AuthorizationDetailsTypes = []string{"payment", "account"}
	return c
}

const (
	payment = `{"type":"payment","amount":9007199254740993,"locations":["https://orders.example.com"]}`
	account = `{"type":"account","actions":["read"]}`
)

// wantDetails checks that the answer, the token and introspection have these
// authorization_details (RFC 9396 §7, §9), or none if it is empty.
func wantDetails(t *testing.T, server *devserver.Server, r response, want string) {
	t.Helper()
	_, claims := r.wantToken(t, server)
	var answered map[string]any
	if err := json.Unmarshal([]byte(r.body), &answered); err != nil {
		t.Fatal(err)
	}
	var wanted any
	if want != "" {
		if err := json.Unmarshal([]byte(want), &wanted); err != nil {
			t.Fatal(err)
		}
	}
	for where, got := range map[string]any{
		"the answer": answered["authorization_details"], "the token": claims["authorization_details"],
		"introspection": introspect(t, server, r.answer(t).AccessToken).All["authorization_details"],
	} {
		if !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s has %v, want %s", where, got, want)
		}
	}
}

func TestAuthorizationDetailsOfAClient(t *testing.T) {
	server, _ := serve(t, devserver.Config{Clients: []devserver.Client{detailsClient(), secretClient(), resourceServer()}})
	ask := func(client, details string) response {
		return as(t, server, client, url.Values{"grant_type": {"client_credentials"}, "authorization_details": {details}})
	}
	both := "[" + payment + "," + account + "]"
	wantDetails(t, server, ask("web", both), both)
	wantDetails(t, server, ask("web", " [ "+account+" ] "), "["+account+"]")
	wantDetails(t, server, ask("web", ""), "")
	deepest := `[{"type":"payment","a":` + strings.Repeat("[", 12) + strings.Repeat("]", 12) + `}]`
	wantDetails(t, server, ask("web", deepest), deepest)
	if r := ask("web", both); !strings.Contains(r.body, "9007199254740993") {
		t.Errorf("a number has become another: %s", r.body)
	}

	for name, details := range map[string]string{
		"no JSON": "x", "an object": payment, "null": "null", "empty": "[]", "not objects": "[1]", "a null": "[null]",
		"no type": `[{"amount":1}]`, "type no string": `[{"type":1}]`, "an unknown type": `[{"type":"other"}]`, "another case": `[{"type":"Payment"}]`,
		"one of two unknown": "[" + payment + `,{"type":"other"}]`, "doubled name": `[{"type":"payment","type":"payment"}]`,
		"doubled deep in": `[{"type":"payment","a":{"b":1,"b":2}}]`, "not UTF-8": "[{\"type\":\"payment\",\"a\":\"\xff\"}]",
		"more after it": "[" + payment + "] []", "too long": `[{"type":"payment","a":"` + strings.Repeat("x", 4096) + `"}]`,
		"too deep": `[{"type":"payment","a":` + strings.Repeat("[", 13) + strings.Repeat("]", 13) + `}]`,
	} {
		t.Run(name, func(t *testing.T) {
			want := "invalid_authorization_details"
			if name == "not UTF-8" {
				want = "invalid_request" // as any parameter is
			}
			ask("web", details).wantError(t, 400, want)
		})
	}
	ask("billing:app+1", "["+payment+"]").wantError(t, 400, "invalid_authorization_details")
}

// What the user has allowed can be asked for in part, and no more (RFC 9396 §6).
func TestAuthorizationDetailsOfAUser(t *testing.T) {
	server, _ := serve(t, devserver.Config{Clients: []devserver.Client{detailsClient(), resourceServer()}})
	both := "[" + payment + "," + account + "]"
	redeemed := as(t, server, "web", redemption("web", code(t, server, "web", "authorization_details", both)))
	wantDetails(t, server, redeemed, both)
	less := as(t, server, "web", redemption("web", code(t, server, "web", "authorization_details", both), "authorization_details", "["+account+"]"))
	wantDetails(t, server, less, "["+account+"]")
	// The refresh token stays good for all, as with scopes.
	wantDetails(t, server, refresh(t, server, "web", less.answer(t).Refresh), both)

	current := redeemed.answer(t).Refresh
	reordered := `[{"actions":["read"],"type":"account"}]` // the order of names means nothing
	r := refresh(t, server, "web", current, "authorization_details", reordered)
	wantDetails(t, server, r, "["+account+"]")
	current = r.answer(t).Refresh
	for name, details := range map[string]string{
		"more": `[{"type":"account","actions":["read","write"]}]`, "less of one": `[{"type":"account"}]`,
		"another number": "[" + strings.Replace(payment, "993", "992", 1) + "]", "malformed": "x",
	} {
		refresh(t, server, "web", current, "authorization_details", details).wantError(t, 400, "invalid_authorization_details")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	wantDetails(t, server, refresh(t, server, "web", current), both)
	fresh := code(t, server, "web", "authorization_details", "["+account+"]")
	as(t, server, "web", redemption("web", fresh, "authorization_details", "["+payment+"]")).wantError(t, 400, "invalid_authorization_details")
	wantDetails(t, server, as(t, server, "web", redemption("web", fresh)), "["+account+"]") // that was not theft

	for _, malformed := range []string{"x", `[{"type":"other"}]`} {
		to := newBrowser(t).send(t, server.AuthorizeURL()+"?"+request("web", "authorization_details", malformed).Encode(), nil).location(t)
		if to.Query().Get("error") != "invalid_authorization_details" || to.Query().Get("error_description") == "" {
			t.Errorf("%s: %v", malformed, to)
		}
	}
}
