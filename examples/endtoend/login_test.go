package endtoend_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var (
	addressLine = regexp.MustCompile(`(?m)^(https?://\S+\?\S+)$`)
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)
)

// startLogin starts the login program, and returns the address that it shows.
func (d *deployment) startLogin(t *testing.T) (*program, string) {
	t.Helper()
	p := start(t, "login", append([]string{
		"OAUTH2_ISSUER=" + d.issuer, "OAUTH2_CLIENT_ID=orders-cli", "OAUTH2_SCOPE=orders:read", "OAUTH2_RESOURCE=" + audience,
		"ORDERS_HTTP_URL=" + d.apis["orders-http"] + " " + d.apis["orders-echo"], "ORDERS_GRPC_URL=" + d.apis["orders-grpc"],
	}, d.env...)...)
	return p, p.stdout.await(t, p, addressLine, 1)
}

// decide does what a user does in a browser, and returns the page that is shown at
// the end. The answer to the program passes through change.
func (d *deployment) decide(t *testing.T, address, decision string, change func(*url.URL)) string {
	t.Helper()
	browser := &http.Client{
		Transport: d.client.Transport, Jar: must(cookiejar.New(nil)), Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	page := read(t)(browser.Get(address))
	form := url.Values{"user": {"alice"}, "decision": {decision}}
	for _, field := range hiddenField.FindAllStringSubmatch(page, -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	answer, err := browser.PostForm(d.issuer+"/oauth2/consent", form)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	back, err := answer.Location()
	if err != nil {
		t.Fatalf("%s without a redirect: %v", answer.Status, err)
	}
	change(back)
	return read(t)(browser.Get(back.String()))
}

// read returns a function that reads what an HTTP client has received.
func read(t *testing.T) func(*http.Response, error) string {
	t.Helper()
	return func(response *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return string(must(io.ReadAll(response.Body)))
	}
}

func asItIs(*url.URL) {}

// login signs in, and all APIs know who it is.
func (d *deployment) login(t *testing.T) {
	p, address := d.startLogin(t)
	query := must(url.Parse(address)).Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "orders-cli", "code_challenge_method": "S256", "scope": "orders:read", "resource": audience,
	} {
		if got := query.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(query.Get("state")) < 22 || len(query.Get("code_challenge")) != 43 {
		t.Errorf("state %q, challenge %q", query.Get("state"), query.Get("code_challenge"))
	}
	if page := d.decide(t, address, "allow", asItIs); !strings.HasPrefix(page, "Thank you.") {
		t.Errorf("the user was told %q", page)
	}
	status := p.wait(t)
	for _, name := range []string{"orders-http", "orders-echo", "orders-grpc"} {
		want := fmt.Sprintf("%s: you are \"alice\", by the client \"orders-cli\", with the scopes \"orders:read\"\n", d.apis[name])
		if status != 0 || !strings.Contains(p.stdout.String(), want) {
			t.Errorf("status %d, not in the output: %s", status, want)
		}
	}
	noSecrets(t, p)
}

// A user who says no, and answers that are not from the authorization server or not
// to this request.
func TestLoginRefused(t *testing.T) {
	t.Parallel()
	d := deploy(t, options{profile: "rfc9068", lifetime: "5m"})
	with := func(name, value string) func(*url.URL) {
		return func(u *url.URL) {
			query := u.Query()
			query.Set(name, value)
			u.RawQuery = query.Encode()
		}
	}
	for name, test := range map[string]struct {
		decision string
		change   func(*url.URL)
		want     string
	}{
		"denied":         {"deny", asItIs, `"access_denied"`},
		"another issuer": {"allow", with("iss", "https://evil.example"), "another authorization server"},
		"no issuer":      {"allow", func(u *url.URL) { u.RawQuery = strings.Replace(u.RawQuery, "iss=", "is=", 1) }, "another authorization server"},
		"another code":   {"allow", with("code", "stolen"), "400 invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			p, address := d.startLogin(t)
			d.decide(t, address, test.decision, test.change)
			if status := p.wait(t); status != 1 || !strings.Contains(p.stderr.String(), "not signed in: ") || !strings.Contains(p.stderr.String(), test.want) {
				t.Errorf("status %d, %s", status, p.stderr)
			}
			noSecrets(t, p)
		})
	}
	t.Run("another state", func(t *testing.T) {
		p, address := d.startLogin(t)
		if page := d.decide(t, address, "allow", with("state", "guessed")); !strings.Contains(page, "not the answer") {
			t.Errorf("the page says %q", page)
		}
		// The real answer is still waited for.
		if page := d.decide(t, address, "allow", asItIs); !strings.HasPrefix(page, "Thank you.") {
			t.Errorf("the page says %q", page)
		}
		if status := p.wait(t); status != 0 {
			t.Errorf("status %d", status)
		}
	})
}
