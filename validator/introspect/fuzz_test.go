package introspect_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/introspect"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// canned answers every request with status 200 and the same body.
type canned struct{ mediaType, body string }

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {c.mediaType}},
		Body:       io.NopCloser(strings.NewReader(c.body)),
		Request:    r,
	}, nil
}

func cannedClient(t testing.TB, answer canned, edits ...func(*introspect.Config)) *introspect.Client {
	config := introspect.Config{
		URL:       "https://auth.example.com/introspect",
		Auth:      introspect.ClientAuth{Method: introspect.SecretPost, ClientID: "api", Secret: "s"},
		Transport: answer,
		Clock:     validatortest.NewClock(start),
	}
	for _, edit := range edits {
		edit(&config)
	}
	c, err := introspect.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Whatever the body: a token passes only if a lenient parser agrees that the answer
// says so, is called inactive only if the answer is well-formed, and what is
// returned is the body.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		active(time.Hour), `{"active":false}`, `{"active":true,"exp":1}`, `{"active":"true"}`, `{"active":true,"active":false}`,
		`{"active":true,"exp":1e10}`, `{"active":true,"exp":1777636800.5}`, `{"Active":true}`, `{"\u0061ctive":true}`, `[]`, `{`, "\xff", ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := cannedClient(t, canned{"application/json", text})
		claims, err := c.Introspect(t.Context(), "token")
		var lenient map[string]any
		well := json.Unmarshal([]byte(text), &lenient) == nil
		says, is := lenient["active"].(bool)
		switch got := code(t, err); got {
		case 0:
			if !well || !says || string(claims) != text {
				t.Errorf("%q let a token in, claims %q", text, claims)
			}
			if expiry, ok := lenient["exp"]; ok {
				if n, ok := expiry.(float64); !ok || n < float64(start.Unix()+1) {
					t.Errorf("%q let an expired token in", text)
				}
			}
		case validator.CodeTokenInactive:
			if !well || !is {
				t.Errorf("%q called a token inactive", text)
			}
		case unavailable:
		default:
			t.Errorf("%q: %v", text, err)
		}
	})
}

// No text is a signed answer but those that were signed.
func FuzzSignedAnswer(f *testing.F) {
	is, err := validatortest.New(validatortest.Config{Clock: validatortest.NewClock(start)})
	if err != nil {
		f.Fatal(err)
	}
	defer is.Close()
	good := is.Mint(signedAnswer(map[string]any{"active": true}))
	keys := is.Keys()
	f.Add(good)
	f.Add(good[:len(good)-4])
	f.Add(is.Mint(validatortest.Claims{}))
	f.Add(`{"active":true}`)
	f.Add("..")
	f.Add("e30.e30.e30")
	f.Fuzz(func(t *testing.T, text string) {
		c := cannedClient(t, canned{signedMediaType, text}, func(c *introspect.Config) {
			c.SignedResponses = &introspect.SignedResponses{Keys: keys, Issuer: is.URL()}
		})
		_, err := c.Introspect(t.Context(), "token")
		if got := code(t, err); got != unavailable && (got != 0 || text != good) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
