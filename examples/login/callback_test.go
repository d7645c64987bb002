package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	ourState  = "of-this-request"
	ourIssuer = "https://auth.example.com"
)

// answersTo is a table of answers to a request with that state, whose server says
// or does not say that its answers have an issuer.
var answersTo = map[string]struct {
	query       string
	sendsIssuer bool
	ours        bool
	code        string
	err         string // part of it
}{
	"good":                   {"code=c&state=of-this-request&iss=https://auth.example.com", true, true, "c", ""},
	"no issuer, as it says":  {"code=c&state=of-this-request", false, true, "c", ""},
	"no issuer, but it says": {"code=c&state=of-this-request", true, true, "", "another authorization server"},
	"another issuer":         {"code=c&state=of-this-request&iss=https://evil.example", false, true, "", "another authorization server"},
	"an empty issuer":        {"code=c&state=of-this-request&iss=", false, true, "", "another authorization server"},
	"another's error":        {"error=access_denied&state=of-this-request&iss=https://evil.example", true, true, "", "another authorization server"},
	"no state":               {"code=c&iss=https://auth.example.com", true, false, "", ""},
	"another state":          {"code=c&state=x&iss=https://auth.example.com", true, false, "", ""},
	"two states":             {"code=c&state=of-this-request&state=x&iss=https://auth.example.com", true, false, "", ""},
	"two codes":              {"code=c&code=d&state=of-this-request&iss=https://auth.example.com", true, false, "", ""},
	"two issuers":            {"code=c&state=of-this-request&iss=https://auth.example.com&iss=https://evil.example", true, false, "", ""},
	"no query":               {"", true, false, "", ""},
	"a broken query":         {"code=c&state=of-this-request&iss=https://auth.example.com&%zz", true, false, "", ""},
	"denied":                 {"error=access_denied&state=of-this-request&iss=https://auth.example.com", true, true, "", `"access_denied"`},
	"an error and a code":    {"error=access_denied&code=c&state=of-this-request&iss=https://auth.example.com", true, true, "", `"access_denied"`},
	"an error that is none":  {"error=%1b%5b31m&state=of-this-request&iss=https://auth.example.com", true, true, "", `"something else"`},
	"a long error":           {"error=" + strings.Repeat("x", 65) + "&state=of-this-request&iss=https://auth.example.com", true, true, "", `"something else"`},
	"neither":                {"state=of-this-request&iss=https://auth.example.com", true, true, "", "neither a code nor an error"},
}

func TestAnswers(t *testing.T) {
	for name, test := range answersTo {
		got, ours := expected{ourState, ourIssuer, test.sendsIssuer}.read(test.query)
		if ours != test.ours || got.code != test.code || (got.err != nil) != (test.err != "") || got.err != nil && !strings.Contains(got.err.Error(), test.err) {
			t.Errorf("%s: ours %v, code %q, error %v", name, ours, got.code, got.err)
		}
	}
}

// A code is believed only with our state and our issuer, each once, in the eyes of
// a parser that takes the query apart by hand.
func FuzzAnswer(f *testing.F) {
	for _, test := range answersTo {
		f.Add(test.query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got, ours := expected{ourState, ourIssuer, true}.read(query)
		if got.code == "" {
			return
		}
		values := map[string][]string{}
		for part := range strings.SplitSeq(query, "&") {
			name, value, _ := strings.Cut(part, "=")
			name, _ = url.QueryUnescape(name)
			value, _ = url.QueryUnescape(value)
			values[name] = append(values[name], value)
		}
		for name, want := range map[string]string{"state": ourState, "iss": ourIssuer, "code": got.code} {
			if len(values[name]) != 1 || values[name][0] != want {
				t.Errorf("%s is %q", name, values[name])
			}
		}
		if !ours || got.err != nil || len(values["error"]) > 0 && values["error"][0] != "" {
			t.Errorf("ours %v, %v", ours, got.err)
		}
	})
}

// The port answers on loopback only, by its address, and counts one answer.
func TestListen(t *testing.T) {
	a, err := listen(expected{ourState, ourIssuer, true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	if u, err := url.Parse(a.redirectURI); err != nil || u.Hostname() != "127.0.0.1" || u.Port() == "" || u.Path != "/callback" {
		t.Fatalf("redirect URI %s", a.redirectURI)
	}
	send := func(method, query string) (int, http.Header, string) {
		request, err := http.NewRequestWithContext(t.Context(), method, a.redirectURI+"?"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return response.StatusCode, response.Header, string(body)
	}
	good := answersTo["good"].query
	if status, _, _ := send(http.MethodPost, good); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", status)
	}
	if status, _, _ := send(http.MethodGet, "code=<b>&state=guessed"); status != http.StatusBadRequest {
		t.Errorf("another state: %d", status)
	}
	status, header, page := send(http.MethodGet, good)
	if status != http.StatusOK || header.Get("Cache-Control") != "no-store" || header.Get("Referrer-Policy") != "no-referrer" ||
		!strings.HasPrefix(header.Get("Content-Type"), "text/plain") || !strings.HasPrefix(page, "Thank you.") {
		t.Errorf("%d, %v, %s", status, header, page)
	}
	if code, err := a.wait(t.Context()); code != "c" || err != nil {
		t.Errorf("%q, %v", code, err)
	}
	a.first <- answer{} // as if nobody had waited yet
	if status, _, _ := send(http.MethodGet, strings.Replace(good, "code=c", "code=d", 1)); status != http.StatusBadRequest {
		t.Errorf("a second answer: %d", status)
	}
}

// Nobody is waited for longer than it was said.
func TestWaitEnds(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errTimeout)
	defer cancel()
	if _, err := (&answers{first: make(chan answer)}).wait(ctx); !errors.Is(err, errTimeout) {
		t.Error(err)
	}
}
