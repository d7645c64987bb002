package introspect_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator/introspect"
)

func TestConfig(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	type config = introspect.Config
	tests := []struct {
		name string
		edit func(*config)
		want string // the fields with problems, in order
	}{
		{"good", func(*config) {}, ""},
		{"issuer", func(c *config) { c.URL, c.Issuer = "", "https://auth.example.com/tenant" }, ""},
		{"nothing", func(c *config) { *c = config{} }, "URL Auth.Method"},
		{"URL and issuer", func(c *config) { c.Issuer = "https://auth.example.com" }, "Issuer"},
		{"plain http", func(c *config) { c.URL = "http://auth.example.com/i" }, "URL"},
		{"http to loopback", func(c *config) { c.URL = "http://127.0.0.1/i" }, "URL"},
		{"http to loopback, allowed", func(c *config) { c.URL, c.InsecureLoopbackHTTP = "http://127.0.0.1/i", true }, ""},
		{"issuer with a query", func(c *config) { c.URL, c.Issuer = "", "https://auth.example.com?a" }, "Issuer"},
		{"issuer by plain http", func(c *config) { c.URL, c.Issuer = "", "http://auth.example.com" }, "Issuer"},

		{"unknown method", func(c *config) { c.Auth.Method = "none" }, "Auth.Method"},
		{"no id, no secret", func(c *config) { c.Auth.ClientID, c.Auth.Secret = "", "" }, "Auth.ClientID Auth.Secret"},
		{"two ways", func(c *config) { c.Auth.Key, c.Auth.Token = key, newTokenFunc(nil) }, "Auth.Key Auth.Token"},
		{"assertion", func(c *config) {
			c.Auth = introspect.ClientAuth{Method: introspect.PrivateKeyJWT, ClientID: "a", Key: key, Audience: "https://auth.example.com"}
		}, ""},
		{"assertion for nobody", func(c *config) {
			c.Auth = introspect.ClientAuth{Method: introspect.PrivateKeyJWT, ClientID: "a", Key: key}
		}, "Auth.Audience"},
		{"assertion with a secret, without a key", func(c *config) {
			c.Auth = introspect.ClientAuth{Method: introspect.PrivateKeyJWT, ClientID: "a", Secret: "s", Audience: "a", Key: (*ecdsa.PrivateKey)(nil)}
		}, "Auth.Secret Auth.Key"},
		{"algorithm of another key", func(c *config) {
			c.Auth = introspect.ClientAuth{Method: introspect.PrivateKeyJWT, ClientID: "a", Audience: "a", Key: key, Algorithm: "ES256"}
		}, "Auth.Algorithm"},
		{"certificate", func(c *config) {
			c.Auth = introspect.ClientAuth{Method: introspect.TLSClientAuth, ClientID: "a"}
			c.TLS = &tls.Config{Certificates: make([]tls.Certificate, 1)}
		}, ""},
		{"certificate of a transport", func(c *config) {
			c.Auth, c.Transport = introspect.ClientAuth{Method: introspect.TLSClientAuth, ClientID: "a"}, http.DefaultTransport
		}, ""},
		{"no certificate", func(c *config) {
			c.Auth = introspect.ClientAuth{Method: introspect.SelfSignedTLSClientAuth, ClientID: "a"}
		}, "TLS"},
		{"bearer token", func(c *config) {
			c.Auth = introspect.ClientAuth{Method: introspect.BearerToken, Token: newTokenFunc(nil)}
		}, ""},
		{"no bearer token", func(c *config) { c.Auth = introspect.ClientAuth{Method: introspect.BearerToken} }, "Auth.Token"},

		{"TLS and transport", func(c *config) { c.TLS, c.Transport = new(tls.Config), http.DefaultTransport }, "TLS"},
		{"TLS that checks nothing", func(c *config) { c.TLS = &tls.Config{InsecureSkipVerify: true} }, "TLS"},
		{"limits too low", func(c *config) {
			c.Timeout, c.MaxConcurrent = time.Millisecond, -1
			c.Cache = introspect.CacheConfig{TTL: -1, Entries: 3, Bytes: 1<<20 - 1}
		}, "Cache.TTL Cache.InactiveTTL Cache.Entries Cache.Bytes Timeout MaxConcurrent"},
		{"limits too high", func(c *config) {
			c.Timeout, c.MaxConcurrent = 6*time.Second, 4097
			c.Cache.TTL = 11 * time.Minute
		}, "Cache.TTL Timeout MaxConcurrent"},
		{"inactive longer than active", func(c *config) { c.Cache.TTL, c.Cache.InactiveTTL = time.Second, 2*time.Second }, "Cache.InactiveTTL"},

		{"signed", func(c *config) {
			c.SignedResponses = &introspect.SignedResponses{Keys: jwks.Static(nil), Issuer: "https://auth.example.com"}
		}, ""},
		{"signed by nobody for nobody", func(c *config) {
			c.Auth = introspect.ClientAuth{Method: introspect.BearerToken, Token: newTokenFunc(nil)}
			c.SignedResponses = &introspect.SignedResponses{Algorithms: []string{"RS256", "none"}}
		}, "SignedResponses.Keys SignedResponses.Issuer SignedResponses.Audience SignedResponses.Algorithms[1]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := config{
				URL:  "https://auth.example.com/introspect",
				Auth: introspect.ClientAuth{Method: introspect.SecretBasic, ClientID: "api", Secret: "SECRET"},
			}
			tt.edit(&c)
			client, err := introspect.New(c)
			if err == nil {
				_ = client.Close()
			}
			var fields []string
			if err != nil {
				for line := range strings.Lines(err.Error()) {
					field, _, _ := strings.Cut(line, ":")
					fields = append(fields, field)
				}
				if strings.Contains(err.Error(), "SECRET") {
					t.Error(err)
				}
			}
			if got := strings.Join(fields, " "); got != tt.want {
				t.Errorf("problems with %q, want %q: %v", got, tt.want, err)
			}
		})
	}
}
