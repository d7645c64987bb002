package validatortest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// codeOf validates a token and returns the code that refuses it, zero if none
// does.
func codeOf(t testing.TB, a validator.Authenticator, token string) validator.Code {
	t.Helper()
	_, err := a.Validate(t.Context(), validator.Credential{Scheme: "Bearer", Token: token})
	return codeOfError(t, err)
}

func codeOfError(t testing.TB, err error) validator.Code {
	t.Helper()
	if err == nil {
		return 0
	}
	refusal, ok := errors.AsType[*validator.Error](err)
	if !ok {
		t.Fatalf("error %v of type %T", err, err)
	}
	return refusal.Code()
}

// patience is how long get waits. It is not a whole number of seconds, so that
// it never ends at the very moment when something comes.
const patience = 9500 * time.Millisecond

// get fetches a URL from the issuer as a client without any care does.
func get(t testing.TB, is *validatortest.Issuer, url string) (status int, body string, err error) {
	t.Helper()
	client := &http.Client{Transport: is.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, string(read), err
}

func TestEveryAlgorithm(t *testing.T) {
	for _, algorithm := range validator.AlgorithmNames() {
		t.Run(algorithm, func(t *testing.T) {
			is := validatortest.Start(t, validatortest.Config{Algorithm: algorithm})
			if got := is.SigningKey().Algorithm(); got != algorithm {
				t.Errorf("the key is for %s", got)
			}
			v := is.Validator()
			if code := codeOf(t, v, is.Mint(validatortest.Claims{})); code != 0 {
				t.Errorf("a good token is refused: %v", code)
			}
			if status := is.Keys().Status(); len(status.Dropped) != 0 {
				t.Errorf("dropped keys: %v", status.Dropped)
			}
			if code := codeOf(t, v, is.MintWith(validatortest.NewKey(is.SigningKey().ID(), algorithm), validatortest.Claims{})); code != validator.CodeSignatureInvalid {
				t.Errorf("a key with the same id: %v", code)
			}
		})
	}
}

func TestIssuers(t *testing.T) {
	for name, config := range map[string]validatortest.Config{
		"in memory":    {},
		"with a path":  {Issuer: "https://id.example.com/tenants/1", Audience: "urn:orders"},
		"on loopback":  {Loopback: true},
		"with clients": {Clients: map[string]string{"billing": "secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			is := validatortest.Start(t, config)
			v := is.Validator()
			token, err := v.Validate(t.Context(), validator.Credential{Scheme: "Bearer", Token: is.Mint(validatortest.Claims{})})
			if err != nil {
				t.Fatal(err)
			}
			if token.Issuer() != is.URL() || !slices.Equal(token.Audience(), []string{is.Audience()}) {
				t.Errorf("issuer %q, audience %q", token.Issuer(), token.Audience())
			}
			if is.Requests(validatortest.Metadata) != 1 || is.Requests(validatortest.KeySet) != 1 || is.Requests() != 2 {
				t.Errorf("%d requests, %d of them for metadata", is.Requests(), is.Requests(validatortest.Metadata))
			}
			without := is.Validator(func(c *validator.Config) {
				c.Keys = is.Keys(func(c *jwks.Config) { c.URL, c.Issuer = is.KeysURL(), "" })
			})
			if code := codeOf(t, without, is.Mint(validatortest.Claims{})); code != 0 || is.Requests(validatortest.Metadata) != 1 {
				t.Errorf("without discovery: %v", code)
			}
			if (is.TokenURL() != "") != (config.Clients != nil) || (is.IntrospectionURL() != "") != (config.Clients != nil) {
				t.Errorf("token endpoint %q, introspection endpoint %q", is.TokenURL(), is.IntrospectionURL())
			}
			for _, path := range []string{"/token", "/introspect", "/nothing"} {
				status, _, err := get(t, is, is.URL()+path)
				if want := config.Clients == nil || path == "/nothing"; err != nil || (status == http.StatusNotFound) != want {
					t.Errorf("%s: %d, %v", path, status, err)
				}
			}
			if n := is.Requests(); n != 6 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestTransportReachesTheIssuerOnly(t *testing.T) {
	is := validatortest.Start(t, validatortest.Config{})
	for _, url := range []string{"https://other.example.com/keys", strings.Replace(is.KeysURL(), "https", "http", 1), is.URL() + ":8443/keys"} {
		if _, _, err := get(t, is, url); !isNoSuchHost(err) {
			t.Errorf("%s: %v", url, err)
		}
	}
	if n := is.Requests(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func isNoSuchHost(err error) bool {
	e, ok := errors.AsType[*net.DNSError](err)
	return ok && e.IsNotFound
}

func TestConditionalRequests(t *testing.T) {
	is := validatortest.Start(t, validatortest.Config{})
	fetch := func(etag string) (status int, tag string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, is.KeysURL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("If-None-Match", etag)
		response, err := is.Transport().RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode, response.Header.Get("ETag")
	}
	status, first := fetch("")
	if status != http.StatusOK || first == "" {
		t.Fatalf("status %d, ETag %q", status, first)
	}
	if status, tag := fetch(first); status != http.StatusNotModified || tag != first {
		t.Errorf("the same set: status %d, ETag %q", status, tag)
	}
	is.Publish()
	if status, tag := fetch(first); status != http.StatusOK || tag == first {
		t.Errorf("another set: status %d, ETag %q", status, tag)
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := validatortest.Start(t, validatortest.Config{})
		is.Delay(2 * time.Second)
		began := time.Now()
		if _, _, err := get(t, is, is.KeysURL()); err != nil || time.Since(began) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestNewReportsProblems(t *testing.T) {
	for field, config := range map[string]validatortest.Config{
		"Issuer: not":  {Issuer: "http://auth.example.com"},
		"Issuer: must": {Issuer: "https://auth.example.com", Loopback: true},
		"Algorithm: ":  {Algorithm: "HS256"},
	} {
		is, err := validatortest.New(config)
		if is != nil || err == nil || !strings.HasPrefix(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestClose(t *testing.T) {
	is, err := validatortest.New(validatortest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	v := is.Validator()
	token := is.Mint(validatortest.Claims{})
	if code := codeOf(t, v, token); code != 0 {
		t.Fatal(code)
	}
	is.Close()
	is.Close()
	if code := codeOf(t, v, token); code != validator.CodeKeysUnavailable {
		t.Errorf("after Close: %v", code)
	}
	if _, _, err := get(t, is, is.KeysURL()); err == nil {
		t.Error("the issuer answers after Close")
	}
}

func TestMistakesPanic(t *testing.T) {
	is, err := validatortest.New(validatortest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer is.Close()
	for name, mistake := range map[string]func(){
		"claim":     func() { is.Mint(validatortest.Claims{}.With("f", func() {})) },
		"opaque":    func() { is.MintOpaque(validatortest.Claims{}.Header("f", func() {})) },
		"validator": func() { is.Validator(func(c *validator.Config) { c.Leeway = -1 }) },
		"keys":      func() { is.Keys(func(c *jwks.Config) { c.MaxStale = 1 }) },
		"algorithm": func() { validatortest.NewKey("", "none") },
		"fault":     func() { is.Fail("fire") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			mistake()
		})
	}
}
