package tokens_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/client/tokens"
)

// picky is an API that accepts some tokens, and remembers what it was sent.
type picky struct {
	accepts func(token string) bool

	mu   sync.Mutex
	sent []string // token and body
}

func (p *picky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	p.sent = append(p.sent, token+" "+string(body))
	p.mu.Unlock()
	if !p.accepts(token) {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// A request that is refused goes once more, with another token and the same body.
func TestTransport(t *testing.T) {
	from := func(first string) func(string) bool { return func(token string) bool { return token >= first } }
	for name, test := range map[string]struct {
		accepts func(string) bool
		body    io.Reader
		status  int
		sent    []string
		retries int
	}{
		"accepted":               {from("A"), strings.NewReader("tea"), 200, []string{"A tea"}, 0},
		"accepted the next time": {from("B"), strings.NewReader("tea"), 200, []string{"A tea", "B tea"}, 1},
		"without a body":         {from("B"), nil, 200, []string{"A ", "B "}, 1},
		"never accepted":         {from("C"), strings.NewReader("tea"), 401, []string{"A tea", "B tea"}, 1},
		"a body that is gone":    {from("B"), struct{ io.Reader }{strings.NewReader("tea")}, 401, []string{"A tea"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			api := &picky{accepts: test.accepts}
			site := httptest.NewServer(api)
			defer site.Close()
			retries := 0
			transport := &tokens.Transport{
				Cache: tokens.NewCache(&issuing{lifetime: time.Hour}), API: must(url.Parse(site.URL)), OnRetry: func() { retries++ },
			}
			request := must(http.NewRequestWithContext(t.Context(), http.MethodPost, site.URL+"/orders", test.body))
			response, err := transport.NewClient().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != test.status || !slices.Equal(api.sent, test.sent) || retries != test.retries {
				t.Errorf("status %d, sent %q, %d retries; want %d, %q, %d", response.StatusCode, api.sent, retries, test.status, test.sent, test.retries)
			}
			if request.Header.Get("Authorization") != "" {
				t.Error("the caller's request was changed")
			}
		})
	}
}

// strictly is a transport that does not get a body back by itself.
type strictly struct{ bodies []string }

func (s *strictly) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	s.bodies = append(s.bodies, string(body))
	status := http.StatusUnauthorized
	if len(s.bodies) > 1 {
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Body: http.NoBody}, err
}

func TestTransportRewindsTheBody(t *testing.T) {
	base := &strictly{}
	transport := &tokens.Transport{Cache: tokens.NewCache(&issuing{}), API: must(url.Parse("https://orders.example.com")), Base: base}
	response, err := transport.NewClient().Post("https://orders.example.com/orders", "text/plain", strings.NewReader("tea"))
	if err != nil || response.StatusCode != http.StatusOK || !slices.Equal(base.bodies, []string{"tea", "tea"}) {
		t.Errorf("%v, %v, sent %q", response, err, base.bodies)
	}
}

// Other refusals are not about the token.
func TestTransportRetriesNothingElse(t *testing.T) {
	for _, status := range []int{400, 403, 404, 500, 503} {
		n := 0
		site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			n++
			w.WriteHeader(status)
		}))
		transport := &tokens.Transport{Cache: tokens.NewCache(&issuing{}), API: must(url.Parse(site.URL))}
		response, err := transport.NewClient().Get(site.URL)
		if err != nil || response.StatusCode != status || n != 1 {
			t.Errorf("%v, %v after %d requests", response, err, n)
		}
		site.Close()
	}
}

// The token goes to one scheme, host and port, whoever says otherwise.
func TestTransportKeepsTheTokenHome(t *testing.T) {
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a stranger got a request with %d bytes of authorization", len(r.Header.Get("Authorization")))
	}))
	defer stranger.Close()
	site := httptest.NewServer(http.RedirectHandler(stranger.URL, http.StatusTemporaryRedirect))
	defer site.Close()
	transport := &tokens.Transport{Cache: tokens.NewCache(&issuing{}), API: must(url.Parse(site.URL))}
	response, err := transport.NewClient().Get(site.URL)
	if err != nil || response.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("%v, %v", response, err)
	}
	body := &closing{Reader: strings.NewReader("tea")}
	if _, err := transport.RoundTrip(must(http.NewRequest(http.MethodPost, stranger.URL, body))); err == nil || !body.closed {
		t.Errorf("%v, closed %v", err, body.closed)
	}
	for api, other := range map[string]string{
		"https://orders.example.com": "http://orders.example.com:443", "http://127.0.0.1:80": "http://127.0.0.1:8080",
		"https://orders.example.com:443": "https://orders.example.com.evil.example",
	} {
		transport := &tokens.Transport{Cache: tokens.NewCache(&issuing{}), API: must(url.Parse(api)), Base: forbidden{t}}
		if _, err := transport.RoundTrip(must(http.NewRequest(http.MethodGet, other, nil))); err == nil {
			t.Errorf("the token of %s went to %s", api, other)
		}
	}
	same := &tokens.Transport{Cache: tokens.NewCache(&issuing{}), API: must(url.Parse("https://orders.example.com")), Base: failing{}}
	if _, err := same.RoundTrip(must(http.NewRequest(http.MethodGet, "https://ORDERS.example.com:443/x", nil))); !errors.Is(err, errUnreachable) {
		t.Errorf("the API under another spelling: %v", err)
	}
}

var errUnreachable = errors.New("unreachable")

type forbidden struct{ t *testing.T }

func (f forbidden) RoundTrip(r *http.Request) (*http.Response, error) {
	f.t.Errorf("a request to %s", r.URL)
	return nil, errUnreachable
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errUnreachable }

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// Without a token nothing is sent, and the body is closed all the same.
func TestTransportWithoutToken(t *testing.T) {
	transport := &tokens.Transport{
		Cache: tokens.NewCache(&issuing{err: errors.New("down")}), API: must(url.Parse("http://127.0.0.1:1")), Base: forbidden{t},
	}
	body := &closing{Reader: strings.NewReader("tea")}
	if _, err := transport.RoundTrip(must(http.NewRequest(http.MethodPost, "http://127.0.0.1:1/", body))); err == nil || err.Error() != "down" || !body.closed {
		t.Errorf("%v, closed %v", err, body.closed)
	}
}
