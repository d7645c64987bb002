package jwks_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

// An issuer's key set document. The second key is of a type that is not known.
const exampleDocument = `{"keys":[
	{"kty":"OKP","crv":"Ed25519","kid":"2026-01","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
	{"kty":"AKP","kid":"2026-02"}
]}`

func ExampleParse() {
	set, dropped, err := jwks.Parse([]byte(exampleDocument))
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, _ := set.Find("2026-01", "EdDSA")
	fmt.Println(keys[0].ID(), keys[0].Supports("EdDSA"), keys[0].Supports("ES256"))
	for _, d := range dropped {
		fmt.Printf("dropped %s: %s\n", d.ID, d.Reason)
	}
	// Output:
	// 2026-01 true false
	// dropped 2026-02: unsupported key type or curve
}

func ExampleNewRemote() {
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, exampleDocument)
	}))
	defer issuer.Close()

	keys, err := jwks.NewRemote(jwks.Config{
		URL:                  issuer.URL, // or Issuer, to find it through the metadata
		InsecureLoopbackHTTP: true,       // for this example only
		OnEvent: func(e jwks.Event) {
			if e.Kind == jwks.RefreshFailed {
				fmt.Println("alert:", e.Err)
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer keys.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := keys.Ready(ctx); err != nil {
		fmt.Println(err)
		return
	}
	set, err := keys.Current(ctx)
	fmt.Println(set.Len(), err)
	fmt.Println(keys.Status().KeyIDs)
	// Output:
	// 1 <nil>
	// [2026-01]
}

// A wrong configuration is refused with all that is wrong with it.
func ExampleNewRemote_wrong() {
	_, err := jwks.NewRemote(jwks.Config{
		URL:      "http://auth.example.com/keys",
		MaxStale: time.Minute,
	})
	fmt.Println(err)
	// Output:
	// URL: is not https
	// MaxStale: less than twice the RefreshInterval: one failed refresh could cost all keys
}

// The issuer's certificate comes from a private CA. A client certificate or a
// proxy is configured in the same place.
func ExampleNewRemote_privateCA() {
	issuer := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, exampleDocument)
	}))
	defer issuer.Close()
	roots := x509.NewCertPool()
	roots.AddCert(issuer.Certificate())

	keys, err := jwks.NewRemote(jwks.Config{
		URL:       issuer.URL,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer keys.Close()
	set, err := keys.Current(context.Background())
	fmt.Println(set.Len(), err)
	// Output: 1 <nil>
}

// Keys from a file, for an API that reaches no issuer. It is read again every
// RefreshInterval, and when a token names a key that is not in it yet.
func ExampleNewRemote_file() {
	dir, err := os.MkdirTemp("", "keys")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "keys.json")
	if err := os.WriteFile(path, []byte(exampleDocument), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	keys, err := jwks.NewRemote(jwks.Config{File: path})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer keys.Close()
	set, err := keys.Current(context.Background())
	fmt.Println(set.Len(), err)
	// Output: 1 <nil>
}

// A start while the issuer cannot be reached, with the keys that it published to
// an instance before.
func ExampleNewRemote_cacheFile() {
	dir, err := os.MkdirTemp("", "keys")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, exampleDocument)
	}))
	config := jwks.Config{
		URL:                  issuer.URL,
		InsecureLoopbackHTTP: true, // for this example only
		CacheFile:            filepath.Join(dir, "keys.json"),
	}

	for range 2 {
		keys, err := jwks.NewRemote(config)
		if err != nil {
			fmt.Println(err)
			return
		}
		set, err := keys.Current(context.Background())
		fmt.Println(set.Len(), err)
		keys.Close()
		issuer.Close() // the second time it is gone
	}
	// Output:
	// 1 <nil>
	// 1 <nil>
}

// A readiness check that never waits.
func ExampleRemote_Healthy() {
	issuer := httptest.NewServer(http.NotFoundHandler())
	defer issuer.Close()
	keys, err := jwks.NewRemote(jwks.Config{URL: issuer.URL, InsecureLoopbackHTTP: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer keys.Close()

	ready := func(w http.ResponseWriter, _ *http.Request) {
		if err := keys.Healthy(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}
	answer := httptest.NewRecorder()
	ready(answer, nil)
	fmt.Println(answer.Code, answer.Body)
	// Output: 503 keys unavailable: no answer yet
}

// A key set that is part of the program instead of being fetched.
func ExampleStatic() {
	set, _, err := jwks.Parse([]byte(exampleDocument))
	if err != nil {
		fmt.Println(err)
		return
	}
	source := jwks.Static(set)
	current, err := source.Current(context.Background())
	fmt.Println(current.Len(), err)
	// Output: 1 <nil>
}

// No keys means that nothing can be said about a token: neither good nor bad.
func ExampleUnavailableError() {
	keys, err := jwks.NewRemote(jwks.Config{URL: "http://127.0.0.1:1/keys", InsecureLoopbackHTTP: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer keys.Close()
	_, err = keys.Current(context.Background())
	if unavailable, ok := errors.AsType[*jwks.UnavailableError](err); ok {
		fmt.Println("try again within a second:", unavailable.RetryAfter <= time.Second)
	}
	// Output: try again within a second: true
}
