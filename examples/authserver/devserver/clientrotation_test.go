package devserver_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

func bySecret(t *testing.T, server *devserver.Server, id, secret string) response {
	t.Helper()
	return post(t, server.TokenURL(), "grant_type=client_credentials", "Authorization", basic(id, secret))
}

// Both secrets of a configured client are good.
func TestTwoSecrets(t *testing.T) {
	first, second, third := devserver.NewSecret(), devserver.NewSecret(), devserver.NewSecret()
	hash := func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) }
	for name, c := range map[string]devserver.Client{
		"plain":   {Secret: first, SecondSecret: second},
		"hashed":  {SecretSHA256: hash(first), SecondSecretSHA256: hash(second)},
		"mixed":   {SecretSHA256: hash(first), SecondSecret: second},
		"reverse": {Secret: first, SecondSecretSHA256: hash(second)},
	} {
		c.ID, c.Audiences = "a", []string{audience}
		server, _ := serve(t, devserver.Config{Clients: []devserver.Client{c}})
		bySecret(t, server, "a", first).wantToken(t, server)
		bySecret(t, server, "a", second).wantToken(t, server)
		bySecret(t, server, "a", third).wantError(t, 401, "invalid_client")
		if got := fields(server.AddClientSecret("a", third)); !slices.Equal(got, []string{"Secret"}) {
			t.Errorf("%s: a third secret: %v", name, got)
		}
	}
}

// A secret rotates while its client goes on: no request fails.
func TestSecretRotation(t *testing.T) {
	old, next := devserver.NewSecret(), devserver.NewSecret()
	server, _ := serve(t, devserver.Config{Clients: []devserver.Client{{ID: "a", Secret: old, Audiences: []string{audience}}}})
	var mu sync.Mutex
	current := old
	use := func(secret string) { mu.Lock(); defer mu.Unlock(); current = secret }
	stop, done, sent := make(chan struct{}), make(chan struct{}), 0
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				mu.Lock() // a request is answered before its secret ends
				if r := bySecret(t, server, "a", current); r.StatusCode != 200 {
					t.Errorf("%d %s", r.StatusCode, r.body)
				}
				sent++
				mu.Unlock()
			}
		}
	}()
	for _, step := range []func() error{
		func() error { return server.AddClientSecret("a", next) },
		func() error { use(next); return nil },
		func() error { return server.RemoveClientSecret("a", old) },
	} {
		for before := -1; ; { // until the client has sent some more
			mu.Lock()
			now := sent
			mu.Unlock()
			if before < 0 {
				before = now
			}
			if now >= before+3 {
				break
			}
		}
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	<-done
	bySecret(t, server, "a", old).wantError(t, 401, "invalid_client")
	bySecret(t, server, "a", next).wantToken(t, server)
}

func TestSecretRotationErrors(t *testing.T) {
	fresh := devserver.NewSecret()
	server, _ := serve(t, devserver.Config{})
	for name, test := range map[string]struct {
		err   error
		field string
	}{
		"unknown client":      {server.AddClientSecret("nobody", fresh), "ClientID"},
		"public":              {server.AddClientSecret("cli", fresh), "Secret"},
		"short":               {server.AddClientSecret("web", "short"), "Secret"},
		"the same":            {server.AddClientSecret("web", secretText), "Secret"},
		"remove unknown":      {server.RemoveClientSecret("web", fresh), "Secret"},
		"remove the only one": {server.RemoveClientSecret("web", secretText), "Secret"},
		"remove of nobody":    {server.RemoveClientSecret("nobody", fresh), "ClientID"},
	} {
		if got := fields(test.err); !slices.Equal(got, []string{test.field}) {
			t.Errorf("%s: %v", name, test.err)
		}
	}
	bySecret(t, server, "web", secretText).wantError(t, 400, "unauthorized_client") // nothing has changed
	// A client with keys may lose its last secret.
	if err := server.AddClientSecret("reports", fresh); err != nil {
		t.Fatal(err)
	}
	bySecret(t, server, "reports", fresh).wantError(t, 400, "invalid_scope")
	if err := server.RemoveClientSecret("reports", fresh); err != nil {
		t.Fatal(err)
	}
	bySecret(t, server, "reports", fresh).wantError(t, 401, "invalid_client")
}

// Client keys rotate: both are good while both are set, and an assertion stays
// used.
func TestClientKeyRotation(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	one := devserver.ClientKey{ID: "k1", Public: clientKey.Public()}
	two := devserver.ClientKey{ID: "k2", Public: otherKey.Public()}
	header2 := `{"alg":"EdDSA","kid":"k2"}`
	byKey := func(first bool) response {
		key, header := clientKey, goodHeader
		if !first {
			key, header = otherKey, header2
		}
		return post(t, server.TokenURL(), assertionForm(signRaw(key, header, assertionClaims(server, nil))))
	}
	used := assertionForm(signRaw(clientKey, goodHeader, assertionClaims(server, nil)))
	post(t, server.TokenURL(), used).wantToken(t, server)
	byKey(false).wantError(t, 401, "invalid_client")
	keys := []devserver.ClientKey{one, two}
	if err := server.ReplaceClientKeys("reports", keys); err != nil {
		t.Fatal(err)
	}
	keys[0], keys[1] = devserver.ClientKey{}, devserver.ClientKey{} // the caller's slice
	byKey(true).wantToken(t, server)
	byKey(false).wantToken(t, server)
	post(t, server.TokenURL(), used).wantError(t, 401, "invalid_client")
	if err := server.ReplaceClientKeys("reports", []devserver.ClientKey{two}); err != nil {
		t.Fatal(err)
	}
	byKey(true).wantError(t, 401, "invalid_client")
	byKey(false).wantToken(t, server)

	for name, test := range map[string]struct {
		id    string
		keys  []devserver.ClientKey
		field string
	}{
		"unknown client": {"nobody", []devserver.ClientKey{one}, "ClientID"},
		"public":         {"cli", []devserver.ClientKey{one}, "Keys"},
		"private key":    {"reports", []devserver.ClientKey{one, {Public: clientKey}}, "Keys[1]"},
		"none":           {"reports", nil, "Keys"},
	} {
		if got := fields(server.ReplaceClientKeys(test.id, test.keys)); !slices.Equal(got, []string{test.field}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	byKey(false).wantToken(t, server)
	if err := server.ReplaceClientKeys("web", []devserver.ClientKey{one}); err != nil { // beside its secret
		t.Error(err)
	}
	if err := server.ReplaceClientKeys("web", nil); err != nil {
		t.Error(err)
	}
}
