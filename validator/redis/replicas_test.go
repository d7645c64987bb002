package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	"github.com/bearerguard/bearerguard/validator/redis"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	goredis "github.com/redis/go-redis/v9"
)

const publicURL = "https://api.example.com"

// startReplica starts an API that knows of the others through Redis alone.
func startReplica(t *testing.T, issuer *validatortest.Issuer, options goredis.Options) (string, *redis.Store) {
	t.Helper()
	store := newStore(t, options, redis.Config{})
	proofs, err := dpop.New(dpop.Config{PublicURL: publicURL, Replay: store})
	if err != nil {
		t.Fatal(err)
	}
	auth, err := httpmw.New(issuer.Validator(func(c *validator.Config) {
		c.Revocation = store
		c.Bindings = []validator.Binding{proofs}
	}), httpmw.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mux := auth.NewMux()
	mux.HandleFunc("GET /orders", scopes.All("orders:read"), func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, store
}

// A proof that one replica has let in is a replay at the other, a token that one
// has revoked is revoked at the other, also where it is remembered, and without
// Redis nobody is let in.
func TestReplicas(t *testing.T) {
	eachServer(t, func(t *testing.T, options goredis.Options) {
		issuer := validatortest.Start(t, validatortest.Config{})
		between := newRelay(t, options)
		here, store := startReplica(t, issuer, options)
		there, _ := startReplica(t, issuer, between.options())

		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		prover, err := dpop.NewProver(key)
		if err != nil {
			t.Fatal(err)
		}
		claims := validatortest.Client("billing").Scope("orders:read")
		token := issuer.Mint(claims.With("cnf", map[string]string{"jkt": prover.Thumbprint()}))
		prove := func() string {
			proof, err := prover.Proof(dpop.Request{Method: http.MethodGet, URL: publicURL + "/orders", AccessToken: token})
			if err != nil {
				t.Fatal(err)
			}
			return proof
		}
		send := func(server, proof string) *http.Response {
			request, err := http.NewRequest(http.MethodGet, server+"/orders", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "DPoP "+token)
			request.Header.Set("DPoP", proof)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			return response
		}
		expect := func(what string, got *http.Response, want int) {
			t.Helper()
			if got.StatusCode != want {
				t.Errorf("%s: status %d, want %d (%q)", what, got.StatusCode, want, got.Header["Www-Authenticate"])
			}
		}

		first := prove()
		expect("a proof", send(here, first), http.StatusOK)
		expect("the same proof, there", send(there, first), http.StatusUnauthorized)
		expect("the same proof, here", send(here, first), http.StatusUnauthorized)
		expect("another proof, there", send(there, prove()), http.StatusOK)

		between.set("refuse")
		down := send(there, prove())
		expect("without Redis", down, http.StatusServiceUnavailable)
		if down.Header.Get("Retry-After") == "" {
			t.Error("without Redis: no Retry-After")
		}
		between.set("")
		expect("with Redis again", send(there, prove()), http.StatusOK)

		now := time.Now()
		if err := store.RevokeClient(ctx, issuer.URL(), "billing", now, now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		expect("revoked, here", send(here, prove()), http.StatusUnauthorized)
		expect("revoked, there", send(there, prove()), http.StatusUnauthorized)
	})
}
