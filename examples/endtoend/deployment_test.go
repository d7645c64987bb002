package endtoend_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

const audience = "https://orders.example.com"

// A deployment is an authorization server and the three APIs, as processes.
type deployment struct {
	issuer  string
	auth    *program
	apis    map[string]string // addresses, by program
	trust   *x509.CertPool    // nil: no TLS
	env     []string          // what every program gets to trust the certificate
	client  *http.Client
	control string

	secret string            // of the client "billing"
	key    *ecdsa.PrivateKey // of the client "reports"
}

// options are what deployments differ in.
type options struct {
	profile  string // of tokens: rfc9068 or jwt
	tls      bool
	lifetime string // of tokens
}

func deploy(t *testing.T, o options) *deployment {
	t.Helper()
	d := &deployment{
		apis: map[string]string{}, client: &http.Client{Transport: &http.Transport{}, Timeout: patience},
		control: devserver.NewSecret(), secret: devserver.NewSecret(), key: newKey(t),
	}
	t.Cleanup(d.client.CloseIdleConnections)
	scheme, auth, api := "http", []string(nil), []string{"OAUTH2_INSECURE_HTTP=loopback"}
	if o.tls {
		cert, key := d.makeCertificate(t)
		scheme = "https"
		auth = []string{"AUTHSERVER_TLS_CERT=" + cert, "AUTHSERVER_TLS_KEY=" + key}
		api = []string{"TLS_CERT=" + cert, "TLS_KEY=" + key}
		d.env = []string{"SSL_CERT_FILE=" + cert}
	}
	var addr string
	d.auth, addr = serve(t, "authserver", append(auth, "AUTHSERVER_CLIENTS="+d.clientsFile(t), "AUTHSERVER_ALG=ES256",
		"AUTHSERVER_PROFILE="+o.profile, "AUTHSERVER_TOKEN_LIFETIME="+o.lifetime, "AUTHSERVER_CONTROL_TOKEN="+d.control)...)
	d.issuer = scheme + "://" + addr
	api = append(api, "OAUTH2_ISSUER="+d.issuer, "OAUTH2_AUDIENCE="+audience, "OAUTH2_PROFILE="+o.profile)
	for _, name := range []string{"orders-http", "orders-echo", "orders-grpc"} {
		_, addr := serve(t, name, append(api, d.env...)...)
		d.apis[name] = scheme + "://" + addr
	}
	return d
}

// makeCertificate makes one for 127.0.0.1 that is its own authority.
func (d *deployment) makeCertificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	site := httptest.NewUnstartedServer(nil)
	site.StartTLS() // for its certificate
	site.Close()
	d.trust = x509.NewCertPool()
	d.trust.AddCert(site.Certificate())
	d.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: d.trust}
	key := must(x509.MarshalPKCS8PrivateKey(site.TLS.Certificates[0].PrivateKey))
	folder := t.TempDir()
	certFile, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	put(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: site.Certificate().Raw}))
	put(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	return certFile, keyFile
}

// clientsFile has a service with a secret, one with a key, and a program for users.
func (d *deployment) clientsFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clients.json")
	scopes := []string{"orders:read", "orders:write", "orders:admin"}
	put(t, file, must(json.Marshal(map[string]any{"clients": []map[string]any{
		{"client_id": "billing", "client_secret": d.secret, "scopes": scopes, "default_scopes": []string{"orders:read"}, "audiences": []string{audience}},
		{"client_id": "reports", "jwks": keySet(d.key), "scopes": []string{"orders:read"}, "audiences": []string{audience}},
		{
			"client_id": "orders-cli", "token_endpoint_auth_method": "none", "redirect_uris": []string{"http://127.0.0.1/callback"},
			"scopes": []string{"orders:read", "orders:write"}, "audiences": []string{audience},
		},
	}})))
	return file
}

// clientEnv is how the client program is told about the deployment.
func (d *deployment) clientEnv(more ...string) []string {
	return append(append([]string{
		"OAUTH2_ISSUER=" + d.issuer,
		"ORDERS_HTTP_URL=" + d.apis["orders-http"] + " " + d.apis["orders-echo"],
		"ORDERS_GRPC_URL=" + d.apis["orders-grpc"],
	}, d.env...), more...)
}

// token gets one from the token endpoint for the client "billing".
func (d *deployment) token(t *testing.T, scopes ...string) string {
	t.Helper()
	token, err := d.tokenBy(t, d.secret, scopes...)
	if err != nil {
		t.Fatal(err)
	}
	return token.AccessToken
}

func (d *deployment) tokenBy(t *testing.T, secret string, scopes ...string) (*oauth2.Token, error) {
	config := clientcredentials.Config{
		ClientID: "billing", ClientSecret: secret, TokenURL: d.issuer + "/oauth2/token", Scopes: scopes, AuthStyle: oauth2.AuthStyleInHeader,
	}
	return config.Token(context.WithValue(t.Context(), oauth2.HTTPClient, d.client))
}

// change asks the control endpoint of the authorization server for something.
func (d *deployment) change(t *testing.T, path string, body any) map[string]any {
	t.Helper()
	request := must(http.NewRequestWithContext(t.Context(), http.MethodPost, d.issuer+path, bytes.NewReader(must(json.Marshal(body)))))
	request.Header.Set("Authorization", "Bearer "+d.control)
	request.Header.Set("Content-Type", "application/json")
	response, err := d.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text := must(io.ReadAll(response.Body))
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s", path, response.Status, text)
	}
	return answer
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
}

// keyID is a name for a key; nobody but these tests cares how it is made.
func keyID(key *ecdsa.PrivateKey) string { return fmt.Sprintf("%x", must(key.PublicKey.Bytes())[1:9]) }

// asJWK returns a key, private or public, as a JWK.
func asJWK(raw any, id string) json.RawMessage {
	key := must(jwk.FromRaw(raw))
	if err := key.Set(jwk.KeyIDKey, id); err != nil {
		panic(err)
	}
	return must(json.Marshal(key))
}

// keySet is the public halves of keys.
func keySet(keys ...*ecdsa.PrivateKey) map[string]any {
	var public []json.RawMessage
	for _, key := range keys {
		public = append(public, asJWK(key.Public(), keyID(key)))
	}
	return map[string]any{"keys": public}
}

// put replaces a file all at once.
func put(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// noSecrets fails if a program has written something that only some may know.
func noSecrets(t *testing.T, p *program, secrets ...string) {
	t.Helper()
	for _, text := range []string{p.stdout.String(), p.stderr.String()} {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s has written a secret", p.name)
			}
		}
		if strings.Contains(text, "eyJ") || strings.Contains(text, "Bearer ") {
			t.Errorf("%s has written a token", p.name)
		}
	}
}
