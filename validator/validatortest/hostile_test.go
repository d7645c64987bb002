package validatortest_test

import (
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

func TestHostileTokensAreRefused(t *testing.T) {
	for _, algorithm := range []string{"ES256", "ES512", "PS256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			is := validatortest.Start(t, validatortest.Config{Algorithm: algorithm})
			v := is.Validator()
			claims := validatortest.Client("billing").Scope("orders:read")
			if code := codeOf(t, v, is.Mint(claims)); code != 0 {
				t.Fatalf("the good token is refused: %v", code)
			}
			names := map[string]bool{}
			for _, hostile := range is.Hostile(claims) {
				if names[hostile.Name] {
					t.Errorf("two tokens are called %q", hostile.Name)
				}
				names[hostile.Name] = true
				if got := codeOf(t, v, hostile.Token); got != hostile.Want || got.HTTPStatus() != 401 {
					t.Errorf("%s: %v, want %v", hostile.Name, got, hostile.Want)
				}
			}
			if n := is.Requests(validatortest.KeySet); n > 3 {
				t.Errorf("%d fetches", n)
			}
		})
	}
}

// Hostile tokens are wrong in one way only: a validator that does not mind it
// lets them in. Where no validator can be made not to mind, this shows nothing.
func TestHostileTokensAreAlmostGood(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	is := validatortest.Start(t, validatortest.Config{Clock: validatortest.NewClock(now)})
	claims := validatortest.User("alice", "webapp").Scope("orders:read")
	at := func(d time.Duration) func(*validator.Config) {
		return func(c *validator.Config) { c.Clock = validatortest.NewClock(now.Add(d)) }
	}
	// The same key under the id that no key has, and the keys that a redirect
	// leads to.
	_, body, err := get(t, is, is.URL()+"/elsewhere")
	if err != nil {
		t.Fatal(err)
	}
	strangers, _, err := jwks.Parse([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	renamed, err := jwks.NewKey("no-such-key", "", is.SigningKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	others, err := jwks.NewSet(renamed)
	if err != nil {
		t.Fatal(err)
	}
	careless := map[string]func(*validator.Config){
		"wrong audience":                 func(c *validator.Config) { c.Audiences = []string{"https://other.example.com"} },
		"no audience":                    skipAudience,
		"wrong issuer":                   func(c *validator.Config) { c.Issuer = "https://other.example.com" },
		"issuer with a slash":            func(c *validator.Config) { c.Issuer += "/" },
		"expired":                        at(-validator.MaxLeeway),
		"not yet valid":                  at(2 * validator.MaxLeeway),
		"issued in the future":           at(2 * validator.MaxLeeway),
		"unknown kid":                    func(c *validator.Config) { c.Keys = jwks.Static(others) },
		"keys from a redirect":           func(c *validator.Config) { c.Keys = jwks.Static(strangers) },
		"key behind a URL in the header": func(c *validator.Config) { c.Keys = jwks.Static(strangers) },
	}
	for _, hostile := range is.Hostile(claims) {
		edit := careless[hostile.Name]
		if edit == nil {
			continue
		}
		delete(careless, hostile.Name)
		v := is.Validator(func(c *validator.Config) { c.Keys = is.Keys() }, edit)
		if got := codeOf(t, v, hostile.Token); got != 0 {
			t.Errorf("%s is wrong in another way: %v", hostile.Name, got)
		}
	}
	for name := range careless {
		t.Errorf("no token is called %q", name)
	}
}

func skipAudience(c *validator.Config) {
	c.Audiences, c.DangerouslySkipAudience, c.AllowedClients = nil, true, []string{"webapp"}
}
