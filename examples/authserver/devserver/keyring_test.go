package devserver_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// kidOf is the key that a fresh token is signed with; it has to be published.
func kidOf(t *testing.T, server *devserver.Server) string {
	t.Helper()
	token, err := server.Mint(devserver.TokenSpec{})
	if err != nil {
		t.Fatal(err)
	}
	header, _ := verified(t, server, token)
	kid, _ := header["kid"].(string)
	return kid
}

// Publish, switch, retire: at every step, what was issued before is verified by
// the set that is published then.
func TestSigningKeyRotation(t *testing.T) {
	server, _ := serve(t, devserver.Config{Algorithm: "EdDSA"})
	old, err := server.Mint(devserver.TokenSpec{})
	if err != nil {
		t.Fatal(err)
	}
	first := kidOf(t, server)
	etag := get(t, "GET", server.JWKSURL()).Header.Get("ETag")

	second, err := server.PublishSigningKey("")
	if err != nil || second == first {
		t.Fatal(second, err)
	}
	if now := get(t, "GET", server.JWKSURL()).Header.Get("ETag"); now == etag {
		t.Error("another key set under one ETag")
	}
	if kid := kidOf(t, server); kid != first {
		t.Error("a key signs that was only published")
	}
	if err := server.SwitchSigningKey(second); err != nil {
		t.Fatal(err)
	}
	if kid := kidOf(t, server); kid != second {
		t.Error("not switched")
	}
	verified(t, server, old)
	third, err := server.PublishSigningKey("ES256") // of another algorithm
	if err != nil {
		t.Fatal(err)
	}
	want := []devserver.SigningKey{{ID: first, Algorithm: "EdDSA"}, {ID: second, Algorithm: "EdDSA", Signs: true}, {ID: third, Algorithm: "ES256"}}
	if got := server.SigningKeys(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if err := server.RetireSigningKey(""); err != nil { // the oldest that does not sign
		t.Fatal(err)
	}
	if got := server.SigningKeys(); !slices.Equal(got, want[1:]) {
		t.Errorf("got %v, want %v", got, want[1:])
	}
	if body := get(t, "GET", server.JWKSURL()).body; strings.Contains(body, first) || !strings.Contains(body, second) || !strings.Contains(body, third) {
		t.Errorf("published %s", body)
	}
	if err := server.SwitchSigningKey(""); err != nil { // to the newest
		t.Fatal(err)
	}
	if kid := kidOf(t, server); kid != third {
		t.Error("not switched to the newest")
	}
	forged, err := server.Mint(devserver.TokenSpec{Unpublished: true})
	if err != nil || introspectable(t, server, forged) {
		t.Errorf("a forged token of the new algorithm: %v", err)
	}
}

func introspectable(t *testing.T, server *devserver.Server, token string) bool {
	t.Helper()
	return introspect(t, server, token).Active
}

func TestSigningKeyErrors(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	only := kidOf(t, server)
	_, algorithm := server.PublishSigningKey("HS256")
	for name, test := range map[string]struct {
		err   error
		field string
	}{
		"unknown algorithm":     {algorithm, "Algorithm"},
		"switch to the unknown": {server.SwitchSigningKey("x"), "KeyID"},
		"retire the unknown":    {server.RetireSigningKey("x"), "KeyID"},
		"retire what signs":     {server.RetireSigningKey(only), "KeyID"},
		"retire none":           {server.RetireSigningKey(""), "KeyID"},
	} {
		if got := fields(test.err); !slices.Equal(got, []string{test.field}) {
			t.Errorf("%s: %v", name, test.err)
		}
	}
	for range 7 {
		if _, err := server.PublishSigningKey(""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := server.PublishSigningKey(""); !slices.Equal(fields(err), []string{"KeyID"}) {
		t.Errorf("a ninth key: %v", err)
	}
	if kidOf(t, server) != only || len(server.SigningKeys()) != 8 {
		t.Error("the errors have changed something")
	}
}

// Tokens issued while keys rotate are verified by the set of that time.
func TestRotationUnderLoad(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	var clients sync.WaitGroup
	var underWay sync.RWMutex // held for writing: no token is on its way
	stop := make(chan struct{})
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					underWay.RLock()
					bySecret(t, server, "billing:app+1", secretText).wantToken(t, server)
					underWay.RUnlock()
				}
			}
		})
	}
	for range 20 {
		kid, err := server.PublishSigningKey("")
		if err != nil {
			t.Fatal(err)
		}
		if err := server.SwitchSigningKey(kid); err != nil {
			t.Fatal(err)
		}
		underWay.Lock()
		if err := server.RetireSigningKey(""); err != nil {
			t.Error(err)
		}
		underWay.Unlock()
	}
	close(stop)
	clients.Wait()
}
