package introspect_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/introspect"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

const signedMediaType = "application/token-introspection+jwt"

// signedAnswer describes a good signed answer (RFC 9701 §5).
func signedAnswer(inner any) validatortest.Claims {
	return validatortest.Claims{}.Header("typ", "token-introspection+jwt").Audience("api").
		With("exp", nil).With("sub", nil).With("client_id", nil).With("jti", nil).
		With("token_introspection", inner)
}

func TestSignedResponses(t *testing.T) {
	inner := map[string]any{"active": true, "exp": start.Add(time.Hour).Unix(), "client_id": "billing"}
	good := signedAnswer(inner)
	const inactive = validator.CodeTokenInactive
	tests := []struct {
		name   string
		mint   func(*validatortest.Issuer) string
		want   validator.Code
		reason string
	}{
		{"good", mint(good), 0, ""},
		{"inactive", mint(signedAnswer(map[string]any{"active": false})), inactive, ""},
		{"expired", mint(signedAnswer(map[string]any{"active": true, "exp": start.Unix()})), inactive, ""},
		{"several audiences", mint(good.Audience("other", "api")), 0, ""},
		{"long typ", mint(good.Header("typ", "application/Token-Introspection+JWT")), 0, ""},
		{"clock ahead", mint(good.IssuedIn(time.Minute)), 0, ""},
		{"clock behind", mint(good.IssuedIn(-time.Minute)), 0, ""},
		{"no kid", mint(good.Header("kid", nil)), 0, ""},

		{"an access token", mint(good.Header("typ", "at+jwt")), unavailable, "typ"},
		{"typ JWT", mint(good.Header("typ", "JWT")), unavailable, "typ"},
		{"no typ", mint(good.Header("typ", nil)), unavailable, "typ"},
		{"typ is a number", mint(good.Header("typ", 1)), unavailable, "not a string"},
		{"crit", mint(good.Header("crit", []string{"x"})), unavailable, "crit"},
		{"empty kid", mint(good.Header("kid", "")), unavailable, "kid"},
		{"algorithm not allowed", mint(good.Header("alg", "RS256")), unavailable, "allow-list"},
		{"alg none", mint(good.Header("alg", "none")), unavailable, "allow-list"},
		{"another issuer", mint(good.With("iss", "https://evil.example")), unavailable, "another issuer"},
		{"no issuer", mint(good.With("iss", nil)), unavailable, "missing"},
		{"for another API", mint(good.Audience("other")), unavailable, "aud"},
		{"for nobody", mint(good.With("aud", nil)), unavailable, "missing"},
		{"aud is a number", mint(good.With("aud", 1)), unavailable, "mistyped"},
		{"without iat", mint(good.With("iat", nil)), unavailable, "missing"},
		{"iat is a string", mint(good.With("iat", "1")), unavailable, "mistyped"},
		{"an old one", mint(good.IssuedIn(-61 * time.Second)), unavailable, "iat"},
		{"of the future", mint(good.IssuedIn(61 * time.Second)), unavailable, "iat"},
		{"no answer in it", mint(good.With("token_introspection", nil)), unavailable, "missing"},
		{"a string in it", mint(signedAnswer(`{"active":true}`)), unavailable, "mistyped"},
		{"claims at the top only", mint(good.With("token_introspection", map[string]any{}).With("active", true)), unavailable, "active"},
		{"active is a string", mint(signedAnswer(map[string]any{"active": "true"})), unavailable, "active"},
		{"unknown key", func(is *validatortest.Issuer) string { return is.MintWith(is.NewKey(), good) }, unavailable, "no key"},
		{"a stranger's key", func(is *validatortest.Issuer) string {
			k := is.SigningKey()
			return is.MintWith(validatortest.NewKey(k.ID(), k.Algorithm()), good)
		}, unavailable, "signature"},
		{"changed", func(is *validatortest.Issuer) string {
			parts := strings.Split(is.Mint(signedAnswer(map[string]any{"active": false})), ".")
			payload := strings.Replace(string(decode(t, parts[1])), "false", "true", 1)
			return parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + "." + parts[2]
		}, unavailable, "signature"},
		{"no signature", func(is *validatortest.Issuer) string {
			token := is.Mint(good)
			return token[:strings.LastIndexByte(token, '.')+1]
		}, unavailable, "compact"},
		{"plain JSON under that name", func(*validatortest.Issuer) string { return `{"active":true}` }, unavailable, "compact"},
		{"a line break", func(is *validatortest.Issuer) string { return is.Mint(good) + "\n" }, unavailable, "compact"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			is := validatortest.Start(t, validatortest.Config{Clock: s.clock})
			s.does(write(200, signedMediaType, tt.mint(is)))
			c := s.client(t, signedBy(is))
			claims, err := c.Introspect(t.Context(), "token")
			if code(t, err) != tt.want {
				t.Fatalf("%v: %v", err, errors.Unwrap(err))
			}
			if tt.reason != "" && !strings.Contains(errors.Unwrap(err).Error(), tt.reason) {
				t.Errorf("because %v, want %q", errors.Unwrap(err), tt.reason)
			}
			if tt.want == 0 && !strings.HasPrefix(string(claims), `{"active":true`) {
				t.Errorf("claims %s", claims)
			}
			if got := s.last().header.Values("Accept"); len(got) != 1 || got[0] != signedMediaType {
				t.Errorf("Accept: %q", got)
			}
		})
	}
}

func mint(c validatortest.Claims) func(*validatortest.Issuer) string {
	return func(is *validatortest.Issuer) string { return is.Mint(c) }
}

func signedBy(is *validatortest.Issuer) func(*introspect.Config) {
	return func(c *introspect.Config) {
		c.SignedResponses = &introspect.SignedResponses{Keys: is.Keys(), Issuer: is.URL(), Algorithms: []string{"ES256"}}
	}
}

// Whoever can leave the signature away could say anything.
func TestSignedResponsesOnly(t *testing.T) {
	s := newServer(t)
	is := validatortest.Start(t, validatortest.Config{Clock: s.clock})
	c := s.client(t, signedBy(is))
	for _, body := range []string{`{"active":true}`, `{"active":false}`, is.Mint(signedAnswer(map[string]any{"active": true}))} {
		s.say(body)
		ask(t, c, "token", unavailable)
	}
}

// After a rotation the new key is found; without any, nobody can tell.
func TestSignedResponsesKeys(t *testing.T) {
	s := newServer(t)
	is := validatortest.Start(t, validatortest.Config{Clock: s.clock})
	answer := signedAnswer(map[string]any{"active": true})
	c := s.client(t, signedBy(is))
	s.does(write(200, signedMediaType, is.Mint(answer)))
	ask(t, c, "a", 0)
	is.Switch(is.Publish())
	s.does(write(200, signedMediaType, is.Mint(answer)))
	ask(t, c, "b", 0)

	none := s.client(t, func(c *introspect.Config) {
		c.SignedResponses = &introspect.SignedResponses{Keys: jwks.Static(nil), Issuer: is.URL()}
	})
	ask(t, none, "c", unavailable)
}

// What the issuer answers when its keys are fetched is not an answer of the
// introspection endpoint: neither 403 nor Retry-After are about that.
func TestSignedResponsesKeysRefused(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusTooManyRequests} {
		s := newServer(t)
		is := validatortest.Start(t, validatortest.Config{Clock: s.clock})
		s.does(write(200, signedMediaType, is.Mint(signedAnswer(map[string]any{"active": true}))))
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(status)
		}))
		defer server.Close()
		keys, err := jwks.NewRemote(jwks.Config{URL: server.URL, InsecureLoopbackHTTP: true, Clock: s.clock})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = keys.Close() }()
		c := s.client(t, func(c *introspect.Config) {
			c.SignedResponses = &introspect.SignedResponses{Keys: keys, Issuer: is.URL()}
		})
		for i := range 8 {
			ask(t, c, fmt.Sprint(i), unavailable)
		}
		if n := s.count(); n != 5 || c.Healthy() == nil {
			t.Errorf("status %d of the key set: %d requests, health %v", status, n, c.Healthy())
		}
	}
}
