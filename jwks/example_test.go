package jwks_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
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
