package contract_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
)

// httpAPI is orders-http or orders-echo, seen by a plain HTTP client.
type httpAPI struct {
	base   string
	client *http.Client
}

func newHTTP(t *testing.T, addr string, authority *x509.Certificate) *httpAPI {
	a := &httpAPI{base: "http://" + addr, client: &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true}}}
	if authority != nil {
		a.base = "https://" + addr
		pool := x509.NewCertPool()
		pool.AddCert(authority)
		a.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	t.Cleanup(a.client.CloseIdleConnections)
	return a
}

// send sends a request. Its context is canceled by closing the body.
func (a *httpAPI) send(t *testing.T, method, path, body, authorization string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	r, err := http.NewRequestWithContext(ctx, method, a.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	response, err := a.client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	response.Body = canceling{response.Body, cancel}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

type canceling struct {
	io.ReadCloser
	cancel func()
}

func (c canceling) Close() error {
	defer c.cancel()
	return c.ReadCloser.Close()
}

func bearer(token string) string {
	if token == "" {
		return ""
	}
	return "Bearer " + token
}

func (a *httpAPI) call(t *testing.T, operation, token, subject string) (result answer, _ outcome) {
	t.Helper()
	method, path, body := http.MethodGet, "/orders", ""
	var into any
	switch operation {
	case "list":
		into = &struct{ Orders *[]orders.Order }{&result.orders}
	case "get":
		path, into = "/orders/"+subject, &result.order
	case "create":
		item, _ := json.Marshal(subject)
		method, body, into = http.MethodPost, `{"item":`+string(item)+`}`, &result.order
	case "delete":
		method, path = http.MethodDelete, "/orders/"+subject
	case "watch":
		path = "/orders/events"
	case "whoami":
		path, into = "/whoami", &result.caller
	}
	response := a.send(t, method, path, body, bearer(token))
	got := outcomeOf(t, response)
	if into != nil && response.StatusCode < 300 {
		if err := json.NewDecoder(response.Body).Decode(into); err != nil {
			t.Fatalf("%s: %v", operation, err)
		}
	}
	return result, got
}

var (
	challenge = regexp.MustCompile(`^Bearer realm="orders"(, [a-z_]+="[^"]*")*$`)
	parameter = regexp.MustCompile(`, ([a-z_]+)="([^"]*)"`)
)

// outcomeOf reads the status and the challenge, which a refusal has and nothing
// else, as has its JSON body.
func outcomeOf(t *testing.T, response *http.Response) outcome {
	t.Helper()
	got := outcome{status: strconv.Itoa(response.StatusCode)}
	values := response.Header.Values("WWW-Authenticate")
	refused := response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden
	if !refused {
		if len(values) > 0 {
			t.Errorf("status %s with challenge %q", got.status, values)
		}
		return got
	}
	if len(values) != 1 || !challenge.MatchString(values[0]) {
		t.Fatalf("challenge %q", values)
	}
	for _, match := range parameter.FindAllStringSubmatch(values[0], -1) {
		switch match[1] {
		case "error":
			got.reason = match[2]
		case "scope":
			got.scope = match[2]
		}
	}
	var body struct{ Error string }
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil || body.Error != got.reason {
		t.Errorf("body %+v, %v beside the challenge %q", body, err, values[0])
	}
	return got
}

func (a *httpAPI) public(t *testing.T, authorization string) {
	t.Helper()
	if response := a.send(t, http.MethodGet, "/healthz", "", authorization); response.StatusCode != http.StatusOK {
		t.Errorf("GET /healthz: %s", response.Status)
	}
}

func (a *httpAPI) watch(t *testing.T, token string) (watch, outcome) {
	t.Helper()
	response := a.send(t, http.MethodGet, "/orders/events", "", bearer(token))
	got := outcomeOf(t, response)
	kind := response.Header.Get("Content-Type")
	if streams := got.status == "200"; streams != (kind == "text/event-stream") {
		t.Errorf("status %s with content type %q", got.status, kind)
	}
	return &eventStream{body: response.Body, lines: bufio.NewScanner(response.Body)}, got
}

// eventStream reads server-sent events.
type eventStream struct {
	body  io.Closer
	lines *bufio.Scanner
}

func (s *eventStream) close() { _ = s.body.Close() }

func (s *eventStream) next(t *testing.T) (event orders.Event, ok bool, ended outcome) {
	t.Helper()
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch name {
		case "event":
			event.Kind = value
		case "data":
			if err := json.Unmarshal([]byte(value), &event.Order); err != nil {
				t.Fatalf("event %q: %v", value, err)
			}
			return event, true, outcome{}
		}
	}
	if err := s.lines.Err(); errors.Is(err, context.DeadlineExceeded) {
		t.Fatal("no event")
	} else if err != nil { // io.ErrUnexpectedEOF and the like
		return event, false, outcome{status: "broken off"}
	}
	return event, false, outcome{}
}
