package introspect_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/introspect"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

func newTokenFunc(f func() string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return f(), nil }
}

// Both ways to send a secret, against an endpoint that somebody else wrote, with
// every character that needs care.
func TestSecrets(t *testing.T) {
	for _, method := range []introspect.AuthMethod{introspect.SecretBasic, introspect.SecretPost} {
		for _, id := range []string{"api", "https://api.example.com/?a=b&c", "a:b"} {
			for _, secret := range []string{":%+é &", "%3A", "a+b c", "=\"\\\x7f", "~*-._"} {
				t.Run(fmt.Sprintf("%s/%q/%q", method, id, secret), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						is := validatortest.Start(t, validatortest.Config{Clients: map[string]string{id: secret}})
						token := is.MintOpaque(validatortest.Client("billing"))
						c := issuerClient(t, is, func(c *introspect.Config) {
							c.Auth = introspect.ClientAuth{Method: method, ClientID: id, Secret: secret}
						})
						ask(t, c, token, 0)
					})
				})
			}
		}
	}
}

// The issuer is the audience of assertions, and each is a new one.
func TestPrivateKeyJWT(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t)
	s.does(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			write(200, "application/json", replaceAll(`{"issuer":"%s","introspection_endpoint":"%s/i"}`, s.URL))(w, r)
			return
		}
		write(200, "application/json", `{"active":false}`)(w, r)
	})
	c := s.client(t, func(c *introspect.Config) {
		c.URL, c.Issuer = "", s.URL
		c.Auth = introspect.ClientAuth{Method: introspect.PrivateKeyJWT, ClientID: "api", Key: key, KeyID: "k1"}
	})
	ids := map[any]bool{}
	for i := range 10 {
		ask(t, c, fmt.Sprint(i), validator.CodeTokenInactive)
		sent := s.last()
		if sent.form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || sent.header.Get("Authorization") != "" {
			t.Errorf("%v", sent)
		}
		_, payload, _ := strings.Cut(sent.form.Get("client_assertion"), ".")
		payload, _, _ = strings.Cut(payload, ".")
		var claims map[string]any
		if err := json.Unmarshal(decode(t, payload), &claims); err != nil {
			t.Fatal(err)
		}
		if claims["aud"] != s.URL || claims["iss"] != "api" || claims["sub"] != "api" {
			t.Errorf("%v", claims)
		}
		ids[claims["jti"]] = true
	}
	if len(ids) != 10 {
		t.Errorf("%d different ids in 10 assertions", len(ids))
	}
}

// A bearer token that cannot be had is no reason to call a token inactive.
func TestBearerToken(t *testing.T) {
	s := newServer(t)
	for name, f := range map[string]func(context.Context) (string, error){
		"error":           func(context.Context) (string, error) { return "", fmt.Errorf("SECRET") },
		"empty":           newTokenFunc(func() string { return "" }),
		"two header rows": newTokenFunc(func() string { return "a\r\nb: c" }),
	} {
		c := s.client(t, func(c *introspect.Config) {
			c.Auth = introspect.ClientAuth{Method: introspect.BearerToken, Token: f}
		})
		ask(t, c, "token", unavailable)
		if s.count() != 0 {
			t.Errorf("%s: asked nevertheless", name)
		}
	}
}

// The certificate is shown, and client_id tells whose it is (RFC 8705 §2).
func TestTLSClientAuth(t *testing.T) {
	var form url.Values
	var shown int
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		form, shown = r.PostForm, len(r.TLS.PeerCertificates)
		write(200, "application/json", `{"active":true}`)(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	for _, method := range []introspect.AuthMethod{introspect.TLSClientAuth, introspect.SelfSignedTLSClientAuth} {
		c, err := introspect.New(introspect.Config{
			URL:  server.URL,
			Auth: introspect.ClientAuth{Method: method, ClientID: "api"},
			TLS:  &tls.Config{RootCAs: roots, Certificates: server.TLS.Certificates},
		})
		if err != nil {
			t.Fatal(err)
		}
		ask(t, c, "token", 0)
		_ = c.Close()
		if shown != 1 || form.Get("client_id") != "api" {
			t.Errorf("%d certificates, form %v", shown, form)
		}
	}
	// A server that cannot be recognized gets no token.
	form = nil
	c, err := introspect.New(introspect.Config{
		URL:  server.URL,
		Auth: introspect.ClientAuth{Method: introspect.TLSClientAuth, ClientID: "api"},
		TLS:  &tls.Config{Certificates: server.TLS.Certificates},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ask(t, c, "token", unavailable)
	if form != nil {
		t.Error("asked an unknown server")
	}
}

func TestClientAuthPrintsNoSecret(t *testing.T) {
	config := introspect.Config{Auth: introspect.ClientAuth{ClientID: "api", Secret: "SECRET"}}
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "auth", config.Auth)
	text, _ := json.Marshal(map[string]any{"auth": config.Auth})
	all := fmt.Sprintf("%v %+v %#v %s %x", config, config, config.Auth, &config.Auth, config.Auth.Secret[:0]) + logged.String() + string(text)
	if strings.Contains(all, "SECRET") || strings.Count(all, "redacted") != 6 {
		t.Error(all)
	}
}
