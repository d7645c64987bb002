package devserver_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

func TestParseClients(t *testing.T) {
	data, err := os.ReadFile("testdata/clients.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := devserver.ParseClients(data)
	if err != nil {
		t.Fatal(err)
	}
	want := []devserver.Client{{
		ID: "billing", Secret: "only-an-example-secret-for-tests",
		GrantTypes: []string{"client_credentials"}, Scopes: []string{"orders:read", "orders:write"},
		DefaultScopes: []string{"orders:read"}, Audiences: []string{audience}, Profile: devserver.ProfileJWT,
	}, {
		ID: "reports", SecretSHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		Keys:   []devserver.ClientKey{{ID: "2026-01", Algorithm: "EdDSA", Public: clientKey.Public()}, {Public: otherKey.Public()}},
		Scopes: []string{"orders:read"}, Audiences: []string{audience}, Introspection: true,
	}, {
		ID: "webapp", Secret: "only-an-example-secret-for-tests", SecondSecret: "another-example-secret-for-tests",
		GrantTypes: []string{"authorization_code", "refresh_token"}, RedirectURIs: []string{"https://webapp.example.com/callback"},
		Scopes: []string{"orders:read"}, Audiences: []string{audience},
	}, {
		ID: "orders-cli", Public: true, RedirectURIs: []string{"http://127.0.0.1/callback"},
		Scopes: []string{"orders:read"}, Audiences: []string{audience},
	}, {
		ID: "batch", JWKSURI: "https://batch.example.com/jwks.json",
		SecretSHA256:       "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		SecondSecretSHA256: "5d41402abc4b2a76b9719d911017c592ae2f6d1d6f4cf3c8b0bb5a3c9e1f7a10",
		Scopes:             []string{"orders:read"}, Audiences: []string{audience},
	}, {
		ID: "payments", CertificateThumbprints: []string{challenge},
		AccessTokenFormat: devserver.FormatOpaque, DPoPBound: true, CertificateBound: true,
		AuthorizationDetailsTypes: []string{"payment_initiation"},
		Scopes:                    []string{"orders:read"}, Audiences: []string{audience},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// And New is content with it.
	server, err := devserver.New(devserver.Config{Issuer: "https://as.example.com", Algorithm: "EdDSA", Clients: got})
	if err != nil || server == nil {
		t.Error(err)
	}
}

// Mistakes are told by place; values are not repeated.
func TestParseClientsErrors(t *testing.T) {
	key := func(raw any) string {
		k, err := jwk.FromRaw(raw)
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		return `{"clients":[{"jwks":{"keys":[` + string(encoded) + `]}}]}`
	}
	public := key(clientKey.Public())
	for _, test := range []struct{ name, file, want string }{
		{"empty", ``, "not valid JSON"},
		{"broken", `{"clients":[{"client_secret":"hunter2`, "not valid JSON"},
		{"array", `["hunter2"]`, "not the type expected"},
		{"no clients", `{}`, "Clients: must not be empty"},
		{"null", `{"clients":null}`, "Clients: must not be empty"},
		{"unknown member", `{"clients":[{"secret":"hunter2"}]}`, "/clients/0/secret: unknown member"},
		{"other case", `{"Clients":[]}`, "/Clients: unknown member"},
		{"unknown member of jwks", `{"clients":[{"jwks":{"uri":"hunter2"}}]}`, "/clients/0/jwks/uri: unknown member"},
		{"doubled member", `{"clients":[{"client_secret":"a","client_secret":"hunter2"}]}`, "/clients/0/client_secret: doubled member"},
		{"doubled in a key", `{"clients":[{"jwks":{"keys":[{"kty":"a","kty":"hunter2"}]}}]}`, "/clients/0/jwks/keys/0/kty: doubled member"},
		{"wrong type", `{"clients":[{"client_secret":42424242}]}`, "/clients/0/client_secret: not the type expected"},
		{"wrong type in a list", `{"clients":[{"scopes":["a",42424242]}]}`, "/clients/0/scopes/1: not the type expected"},
		{"something after it", `{"clients":[]} hunter2`, "not valid JSON"},
		{"not UTF-8", "{\"clients\":[{\"client_id\":\"\xff\"}]}", "not valid JSON"},
		{"no key", `{"clients":[{"jwks":{"keys":[{"kty":"hunter2"}]}}]}`, "Clients[0].Keys[0]: is not a JWK"},
		{"a method that is left out", `{"clients":[{"token_endpoint_auth_method":"client_secret_basic"}]}`, "Clients[0].Public: token_endpoint_auth_method must be"},
		{"private key", key(clientKey), "Clients[0].Keys[0]: must be a public key"},
		{"for encryption", strings.Replace(public, `"crv"`, `"use":"enc","crv"`, 1), "Clients[0].Keys[0]: must be for signatures"},
	} {
		t.Run(test.name, func(t *testing.T) {
			clients, err := devserver.ParseClients([]byte(test.file))
			if err == nil || clients != nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "4242") {
				t.Errorf("the error repeats a value: %v", err)
			}
		})
	}
}

// What a JWK may hold and a client key may not: read, perhaps, but then refused
// by New.
func TestUnsoundKeysInFile(t *testing.T) {
	one := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"
	for name, key := range map[string]string{
		"symmetric":     `{"kty":"oct","k":"aHVudGVyMg"}`,
		"off the curve": `{"kty":"EC","crv":"P-256","x":"` + one + `","y":"` + one + `"}`,
		"X25519":        `{"kty":"OKP","crv":"X25519","x":"` + one + `"}`,
		"short Ed25519": `{"kty":"OKP","crv":"Ed25519","x":"AQ"}`,
		"small RSA":     `{"kty":"RSA","n":"` + one[1:] + `","e":"AQAB"}`,
	} {
		clients, err := devserver.ParseClients([]byte(`{"clients":[{"client_id":"a","audiences":["urn:a"],"jwks":{"keys":[` + key + `]}}]}`))
		if err == nil {
			_, err = devserver.New(devserver.Config{Issuer: "https://as.example.com", Algorithm: "EdDSA", Clients: clients})
		}
		if err == nil || !strings.Contains(err.Error(), "Clients[0].Keys[0]: ") || strings.Contains(err.Error(), "aHVudGVyMg") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseClients(f *testing.F) {
	data, err := os.ReadFile("testdata/clients.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data))
	f.Add(`{"clients":[{"client_id":"a","client_secret":"hunter2"}]}`)
	f.Add(`{"clients":[{"jwks":{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"}]}}]}`)
	f.Add(`{"clients":[{"jwks":{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AQ"}]}}]}`)
	f.Fuzz(func(t *testing.T, file string) {
		clients, err := devserver.ParseClients([]byte(file))
		if err != nil {
			return
		}
		// Whatever was read is JSON for a lax reader too, with as many clients,
		// and New takes it or says why not.
		var lax struct{ Clients []map[string]any }
		if err := json.Unmarshal([]byte(file), &lax); err != nil || len(lax.Clients) != len(clients) {
			t.Fatalf("encoding/json reads %d clients, %v", len(lax.Clients), err)
		}
		for i, c := range clients {
			if id, _ := lax.Clients[i]["client_id"].(string); id != c.ID {
				t.Fatalf("client %d: id %q, encoding/json has %q", i, c.ID, id)
			}
		}
		_, _ = devserver.New(devserver.Config{Issuer: "https://as.example.com", Algorithm: "EdDSA", Clients: clients})
	})
}
