package devserver_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// from sends a form from an address.
func from(server *devserver.Server, address, target, form, authorization string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", target, strings.NewReader(form))
	r.RemoteAddr = address
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	return w
}

// Three failures are free, then one every two seconds.
func TestFailuresOfOneClient(t *testing.T) {
	server, clock := serve(t, devserver.Config{MaxFailures: 3})
	const grant = "grant_type=client_credentials"
	right, wrong := basic("billing:app+1", secretText), basic("billing:app+1", "wrong")
	send := func(authorization string) response {
		return post(t, server.TokenURL(), grant, "Authorization", authorization)
	}
	for range 3 {
		send(wrong).wantError(t, 401, "invalid_client")
	}
	for _, authorization := range []string{wrong, right} {
		r := send(authorization)
		r.wantError(t, 429, "")
		if r.Header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After %q", r.Header.Get("Retry-After"))
		}
	}
	r := post(t, server.IntrospectionURL(), "token=x", "Authorization", right) // the same count
	r.wantError(t, 429, "")
	post(t, server.TokenURL(), grant+"&scope=a", "Authorization", basic("orders-api", secretText)).wantError(t, 400, "invalid_scope")

	clock.advance(1500 * time.Millisecond)
	if r := send(right); r.StatusCode != 429 || r.Header.Get("Retry-After") != "1" {
		t.Errorf("half a second before: %d, Retry-After %q", r.StatusCode, r.Header.Get("Retry-After"))
	}
	clock.advance(500 * time.Millisecond)
	send(right).wantToken(t, server)
	send(right).wantToken(t, server) // what succeeds does not count
	send(wrong).wantError(t, 401, "invalid_client")
	send(right).wantError(t, 429, "")
	clock.advance(time.Hour) // all is forgiven, and no more than that
	for range 3 {
		send(wrong).wantError(t, 401, "invalid_client")
	}
	send(right).wantError(t, 429, "")
}

// What counts as a failure, and of whom.
func TestWhatCounts(t *testing.T) {
	const grant = "grant_type=client_credentials"
	forged := url.Values{"client_assertion_type": {assertType}, "client_assertion": {signRaw(otherKey, goodHeader, `{"sub":"reports"}`)}}.Encode()
	for name, test := range map[string]struct {
		form, authorization string
		client              string // whose failure it is
		secret              string
		counts              bool
	}{
		"wrong secret":            {grant, basic("web", "wrong"), "web", secretText, true},
		"wrong secret in body":    {grant + "&client_id=web&client_secret=wrong", "", "web", secretText, true},
		"another client_id":       {grant + "&client_id=web", basic("orders-api", secretText), "orders-api", secretText, true},
		"forged assertion":        {grant + "&" + forged, "", "reports", "", true},
		"no credentials":          {grant, "", "web", secretText, false},
		"public, but not that":    {grant + "&client_id=web", "", "web", secretText, false},
		"two methods":             {grant + "&client_secret=x", basic("web", "wrong"), "web", secretText, false},
		"a code of nobody":        {"grant_type=authorization_code&code=x&code_verifier=x", basic("web", secretText), "web", secretText, false},
		"a client of other grant": {grant, basic("web", secretText), "web", secretText, false},
	} {
		server, _ := serve(t, devserver.Config{MaxFailures: 1})
		first := from(server, "192.0.2.1:1", "/oauth2/token", test.form, test.authorization)
		probe := basic(test.client, test.secret)
		second := from(server, "192.0.2.2:1", "/oauth2/token", "grant_type=x", probe)
		if limited := second.Code == 429; first.Code == 200 || limited != test.counts {
			t.Errorf("%s: %d, and then %d %s", name, first.Code, second.Code, second.Body)
		}
	}
}

// A request that could not be judged is no failure.
func TestUnjudgedDoesNotCount(t *testing.T) {
	gone := newClientKeySet(t)
	gone.does(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	c := keyClient()
	c.Keys, c.JWKSURI = nil, gone.URL
	server, _ := serve(t, devserver.Config{Clients: []devserver.Client{c}, MaxFailures: 1})
	for range 2 {
		post(t, server.TokenURL(), assertionForm(signRaw(clientKey, goodHeader, assertionClaims(server, nil)))).wantError(t, 503, "")
	}
}

// One address has four times as many, whichever clients it names; an IPv6 host
// is its network.
func TestFailuresOfOneAddress(t *testing.T) {
	for _, test := range []struct {
		one, same, other string
	}{
		{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1"},
		{"[2001:db8::1]:1", "[2001:db8::ffff:2]:1", "[2001:db8:0:1::1]:1"},
		{"[::ffff:192.0.2.1]:1", "192.0.2.1:1", "[::ffff:192.0.2.2]:1"},
		{"[fe80::1%eth0]:1", "[fe80::2%eth1]:1", "192.0.2.2:1"},
		{"a socket", "a socket", "another"},
	} {
		server, _ := serve(t, devserver.Config{MaxFailures: 3})
		for i := range 12 {
			authorization := basic("client-"+string(rune('a'+i)), "wrong")
			if i%3 == 0 {
				authorization = "Basic ***" // in nobody's name
			}
			if w := from(server, test.one, "/oauth2/token", "grant_type=x", authorization); w.Code != 401 {
				t.Fatalf("failure %d: %d", i, w.Code)
			}
		}
		for address, status := range map[string]int{test.one: 429, test.same: 429, test.other: 400} {
			if w := from(server, address, "/oauth2/token", "grant_type=x", basic("web", secretText)); w.Code != status {
				t.Errorf("after %s, %s: %d, want %d", test.one, address, w.Code, status)
			}
		}
	}
}
