package tokens_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/examples/client/tokens"
)

// A service gets its tokens with a secret that is in a file, so that the secret can
// be replaced while the service runs.
func Example() {
	secret := devserver.NewSecret()
	auth, err := devserver.New(devserver.Config{Clients: []devserver.Client{{
		ID: "billing", Secret: secret, Scopes: []string{"orders:read"}, Audiences: []string{"https://orders.example.com"},
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer auth.Close()
	if err := auth.Start(); err != nil {
		fmt.Println(err)
		return
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("Authorization") != "")
	}))
	defer api.Close()
	folder, err := os.MkdirTemp("", "client")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	source, err := tokens.New(context.Background(), tokens.Config{
		Issuer:     auth.Issuer(),
		ClientID:   "billing",
		Credential: tokens.SecretFile(file),
		Scopes:     []string{"orders:read"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	base, _ := url.Parse(api.URL)
	transport := &tokens.Transport{Cache: tokens.NewCache(source), API: base}
	response, err := transport.NewClient().Get(api.URL + "/orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	var authorized bool
	_, _ = fmt.Fscan(response.Body, &authorized)
	fmt.Println(response.StatusCode, authorized)

	_, err = transport.NewClient().Get("https://billing.example.com")
	fmt.Println(err)
	// Output:
	// 200 true
	// Get "https://billing.example.com": the token is not for this host
}
