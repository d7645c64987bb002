package migrating_test

import (
	"crypto/rsa"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/migrating/after/echo"
	"github.com/bearerguard/bearerguard/examples/migrating/after/nethttp"
	"github.com/bearerguard/bearerguard/examples/migrating/before/auth0v2"
	"github.com/bearerguard/bearerguard/examples/migrating/before/auth0v3"
	"github.com/bearerguard/bearerguard/examples/migrating/before/echojwt"
	"github.com/bearerguard/bearerguard/examples/migrating/before/handwritten"
)

const audience = "https://orders.example.com"

// api is the same API behind one middleware.
type api struct {
	name string
	http.Handler
}

// newAPIs returns the API behind each middleware, those before first.
func newAPIs(t *testing.T) []api {
	t.Helper()
	made := func(name string, h http.Handler, err error) api {
		if err != nil {
			t.Fatal(name, err)
		}
		return api{name, h}
	}
	closing := func(name string, h http.Handler, closeAPI func() error, err error) api {
		a := made(name, h, err)
		t.Cleanup(func() {
			if err := closeAPI(); err != nil {
				t.Error(name, err)
			}
		})
		return a
	}
	before := func(name string, newAPI func(issuer, audience string) (http.Handler, error)) api {
		h, err := newAPI(server.url(), audience)
		return made(name, h, err)
	}
	after := func(name string, newAPI func(issuer, audience string) (http.Handler, func() error, error)) api {
		h, closeAPI, err := newAPI(server.url(), audience)
		return closing(name, h, closeAPI, err)
	}
	return []api{
		before("auth0 v2", auth0v2.NewAPI),
		before("auth0 v3", auth0v3.NewAPI),
		before("echo-jwt", echojwt.NewAPI),
		before("jwt.Parse", handwritten.NewAPI),
		after("bearerguard", nethttp.NewAPI),
		after("bearerguard, Echo", echo.NewAPI),
	}
}

// get asks for the orders.
func (a api) get(authorization ...string) *http.Response {
	r := httptest.NewRequest("GET", "/orders", nil)
	r.Header["Authorization"] = authorization
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Result()
}

// claims is a good token's payload with some members replaced; an empty value
// takes the member away, and "10 s ago" is just that.
func claims(changes map[string]string) string {
	now := time.Now().Unix()
	all := map[string]string{
		"iss": fmt.Sprintf("%q", server.url()), "sub": `"billing@clients"`, "aud": fmt.Sprintf("%q", audience), "azp": `"billing"`,
		"iat": fmt.Sprint(now), "exp": fmt.Sprint(now + 600), "scope": `"orders:read"`,
	}
	maps.Copy(all, changes)
	var members []string
	for name, value := range all {
		if value == "10 s ago" {
			value = fmt.Sprint(now - 10)
		}
		if value != "" {
			members = append(members, fmt.Sprintf("%q:%s", name, value))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

const header = `{"alg":"RS256","typ":"JWT","kid":"one"}`

// cases are the requests of the table in README.md.
var cases = []struct {
	what          string
	header        string
	claims        map[string]string
	authorization func(token string) []string // nil: one Bearer token
	status        [6]int                      // in the order of newAPIs
	description   string                      // what the challenge of bearerguard has in it
}{
	{what: "a good access token", status: [6]int{200, 200, 200, 200, 200, 200}},
	{what: "without the scope", claims: map[string]string{"scope": `"invoices:read"`}, status: [6]int{403, 403, 403, 403, 403, 403}, description: `error="insufficient_scope"`},
	{what: "expired", claims: map[string]string{"exp": "1000000000"}, status: [6]int{401, 401, 401, 401, 401, 401}, description: "has expired"},
	{what: "expired 10 s ago", claims: map[string]string{"exp": "10 s ago"}, status: [6]int{200, 200, 401, 401, 200, 200}},
	{what: "for another API", claims: map[string]string{"aud": `"https://invoices.example.com"`}, status: [6]int{401, 401, 200, 401, 401, 401}, description: "different audience"},
	{what: "of another issuer, same key", claims: map[string]string{"iss": `"https://other.example.com/"`}, status: [6]int{401, 401, 200, 401, 401, 401}, description: "issuer"},
	{what: "without an expiry", claims: map[string]string{"exp": ""}, status: [6]int{200, 200, 200, 200, 401, 401}, description: "lacks a required claim"},
	{what: "an ID token for the same audience", claims: map[string]string{"nonce": `"n-0S6_WzA2Mj"`}, status: [6]int{200, 200, 200, 200, 401, 401}, description: "not an access token"},
	{what: "a logout token, by its header", header: `{"alg":"RS256","typ":"logout+jwt","kid":"one"}`, status: [6]int{200, 200, 200, 200, 401, 401}, description: "not an access token"},
	{what: "bound to a key, sent as Bearer", claims: map[string]string{"cnf": `{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}`}, status: [6]int{200, 401, 200, 200, 401, 401}, description: "bound to a key"},
	{what: "signed with RS512", header: `{"alg":"RS512","typ":"JWT","kid":"one"}`, status: [6]int{401, 401, 200, 401, 401, 401}, description: "algorithm"},
	{what: "in the JSON serialization", authorization: inJSON, status: [6]int{200, 401, 401, 401, 400, 400}, description: `error="invalid_request"`},
	{what: "with an unknown critical extension", header: `{"alg":"RS256","typ":"JWT","kid":"one","crit":["x"],"x":1}`, status: [6]int{401, 200, 200, 200, 401, 401}, description: "not supported"},
	{what: "with the claim SCOPE and no scope", claims: map[string]string{"scope": "", "SCOPE": `"orders:read"`}, status: [6]int{403, 200, 200, 200, 403, 403}, description: `error="insufficient_scope"`},
	{what: "with scope twice", claims: map[string]string{"scope": `"invoices:read","scope":"orders:read"`}, status: [6]int{401, 200, 200, 200, 401, 401}, description: "malformed"},
	{what: "no credentials", authorization: func(string) []string { return nil }, status: [6]int{400, 401, 401, 401, 401, 401}, description: "Bearer realm="},
	{what: "two Authorization fields", authorization: func(token string) []string { return []string{"Bearer " + token, "Bearer x"} }, status: [6]int{200, 400, 200, 200, 400, 400}, description: `error="invalid_request"`},
}

// inJSON puts a token into the other serialization of JWS (RFC 7515 §7.2.2).
func inJSON(token string) []string {
	part := strings.Split(token, ".")
	return []string{fmt.Sprintf(`Bearer {"protected":%q,"payload":%q,"signature":%q}`, part[0], part[1], part[2])}
}

// What each middleware makes of the same requests. README.md has the outcome as
// a table.
func TestSameRequests(t *testing.T) {
	apis := newAPIs(t)
	key := (*server.keys.Load())["one"]
	var table strings.Builder
	table.WriteString("| request |")
	for _, a := range apis {
		fmt.Fprintf(&table, " %s |", a.name)
	}
	table.WriteString("\n|---|" + strings.Repeat("---|", len(apis)) + "\n")
	for _, c := range cases {
		if c.header == "" {
			c.header = header
		}
		token := sign(key, c.header, claims(c.claims))
		authorization := []string{"Bearer " + token}
		if c.authorization != nil {
			authorization = c.authorization(token)
		}
		fmt.Fprintf(&table, "| %s |", c.what)
		for i, a := range apis {
			got := a.get(authorization...)
			if got.StatusCode != c.status[i] {
				t.Errorf("%s, %s: %d, want %d", c.what, a.name, got.StatusCode, c.status[i])
			}
			if challenge := got.Header.Get("WWW-Authenticate"); i >= 4 && !strings.Contains(challenge, c.description) {
				t.Errorf("%s, %s: challenge %q, want %q in it", c.what, a.name, challenge, c.description)
			}
			if i < 4 && c.status[i] != c.status[4] {
				fmt.Fprintf(&table, " **%d** |", c.status[i])
			} else {
				fmt.Fprintf(&table, " %d |", c.status[i])
			}
		}
		table.WriteString("\n")
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), table.String()) {
		t.Errorf("README.md must have this table:\n%s", &table)
	}
}

// A new signing key works at its first use; before, it does once the cache has
// run out.
func TestNewSigningKey(t *testing.T) {
	former := *server.keys.Load()
	t.Cleanup(func() { server.publish(former) })
	apis := newAPIs(t)
	for _, a := range apis {
		if got := a.get("Bearer " + sign(former["one"], header, claims(nil))); got.StatusCode != 200 {
			t.Fatalf("%s: %d with the former key", a.name, got.StatusCode)
		}
	}
	next := newKey()
	server.publish(map[string]*rsa.PrivateKey{"one": former["one"], "two": next})
	token := sign(next, strings.Replace(header, "one", "two", 1), claims(nil))
	for i, a := range apis {
		want := 401
		if i >= 4 {
			want = 200
		}
		if got := a.get("Bearer " + token); got.StatusCode != want {
			t.Errorf("%s: %d with the new key, want %d", a.name, got.StatusCode, want)
		}
	}
}

// When there are no keys, nothing can be said about a token.
func TestIssuerDown(t *testing.T) {
	server.down.Store(true)
	t.Cleanup(func() { server.down.Store(false) })
	token := sign((*server.keys.Load())["one"], header, claims(nil))
	for i, want := range []int{401, 401, 401, 401, 503, 503} {
		a := newAPIs(t)[i]
		got := a.get("Bearer " + token)
		if got.StatusCode != want {
			t.Errorf("%s: %d, want %d", a.name, got.StatusCode, want)
		}
		if retry := got.Header.Get("Retry-After"); (retry != "") != (want == 503) {
			t.Errorf("%s: Retry-After %q", a.name, retry)
		}
	}
}
