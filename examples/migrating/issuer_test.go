//go:debug x509usefallbackroots=1

package migrating_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

// issuer is an authorization server's public side: its metadata and its keys.
type issuer struct {
	*httptest.Server
	keys atomic.Pointer[map[string]*rsa.PrivateKey] // published, by kid
	down atomic.Bool
}

// url is the issuer identifier, with the slash that Auth0's have.
func (i *issuer) url() string { return i.URL + "/" }

func (i *issuer) publish(keys map[string]*rsa.PrivateKey) { i.keys.Store(&keys) }

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if i.down.Load() {
		http.Error(w, "down", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, i.url(), i.url()+".well-known/jwks.json")
	case "/.well-known/jwks.json":
		var keys []string
		for id, key := range *i.keys.Load() {
			keys = append(keys, fmt.Sprintf(`{"kid":%q,"kty":"RSA","alg":"RS256","use":"sig","n":%q,"e":%q}`, id,
				base64.RawURLEncoding.EncodeToString(key.N.Bytes()), base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes())))
		}
		fmt.Fprintf(w, `{"keys":[%s]}`, strings.Join(keys, ","))
	default:
		http.NotFound(w, r)
	}
}

// server is the one issuer of all tests. Every program finds it over https with
// no setting of its own, because its certificate is the only root there is.
var server = &issuer{}

func TestMain(m *testing.M) {
	server.Server = httptest.NewTLSServer(server)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	x509.SetFallbackRoots(roots)
	server.publish(map[string]*rsa.PrivateKey{"one": newKey()})
	code := m.Run()
	server.Close()
	os.Exit(code)
}

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// sign makes a token of a header and claims as they stand, which a JWT library
// would not do for all that is tried here.
func sign(key *rsa.PrivateKey, header, claims string) string {
	message := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	hash := crypto.SHA256
	if strings.Contains(header, `"RS512"`) {
		hash = crypto.SHA512
	}
	digest := hash.New()
	digest.Write([]byte(message))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, hash, digest.Sum(nil))
	if err != nil {
		panic(err)
	}
	return message + "." + base64.RawURLEncoding.EncodeToString(signature)
}
