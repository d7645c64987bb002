package validator_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/go-json-experiment/json"
)

const (
	issuerURL = "https://auth.example.com"
	apiURL    = "https://api.example.com"
)

// epoch is when every test of this package takes place, unless it moves the
// clock.
var epoch = time.Unix(1_800_000_000, 0)

// testClock is a clock that stands still until it is moved.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *testClock) AfterFunc(d time.Duration, f func()) func() bool {
	return time.AfterFunc(d, f).Stop
}

// signers are the private keys of the tests' issuer by key id, made once.
var signers = sync.OnceValue(func() map[string]crypto.Signer {
	keys := map[string]crypto.Signer{}
	must := func(k crypto.Signer, err error) crypto.Signer {
		if err != nil {
			panic(err)
		}
		return k
	}
	rsaKey := func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) }
	ecKey := func(c elliptic.Curve) crypto.Signer { return must(ecdsa.GenerateKey(c, rand.Reader)) }
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	keys["rsa"] = rsaKey()
	keys["p256"] = ecKey(elliptic.P256())
	keys["p384"] = ecKey(elliptic.P384())
	keys["p521"] = ecKey(elliptic.P521())
	keys["ed"] = must(edwards, err)
	keys["stranger"] = rsaKey() // never published
	return keys
})

// keyFor is the key id that the tests sign an algorithm with.
func keyFor(alg string) string {
	switch alg {
	case "ES256":
		return "p256"
	case "ES384":
		return "p384"
	case "ES512":
		return "p521"
	case "EdDSA", "Ed25519":
		return "ed"
	}
	return "rsa"
}

// publishedKeys is the issuer's key set.
var publishedKeys = sync.OnceValue(func() *jwks.Set {
	var keys []*jwks.Key
	for _, id := range slices.Sorted(maps.Keys(signers())) {
		if id == "stranger" {
			continue
		}
		k, err := jwks.NewKey(id, "", signers()[id].Public())
		if err != nil {
			panic(err)
		}
		keys = append(keys, k)
	}
	set, err := jwks.NewSet(keys...)
	if err != nil {
		panic(err)
	}
	return set
})

// signBytes makes the raw JWS signature over message.
func signBytes(alg string, key crypto.Signer, message []byte) []byte {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[max(0, len(alg)-3):]]
	if strings.HasPrefix(alg, "Ed") {
		return ed25519.Sign(key.(ed25519.PrivateKey), message)
	}
	h := hash.New()
	h.Write(message)
	digest := h.Sum(nil)
	switch alg[:2] {
	case "RS":
		sig, err := rsa.SignPKCS1v15(nil, key.(*rsa.PrivateKey), hash, digest)
		return must(sig, err)
	case "PS":
		sig, err := rsa.SignPSS(rand.Reader, key.(*rsa.PrivateKey), hash, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		return must(sig, err)
	}
	k := key.(*ecdsa.PrivateKey)
	r, s, err := ecdsa.Sign(rand.Reader, k, digest)
	size := (k.Params().N.BitLen() + 7) / 8
	return must(rawECDSA(r, s, size), err)
}

func rawECDSA(r, s *big.Int, size int) []byte {
	sig := make([]byte, 2*size)
	r.FillBytes(sig[:size])
	s.FillBytes(sig[size:])
	return sig
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// signRaw makes a token from the very header and payload that it is given.
func signRaw(alg, kid, header, payload string) string {
	signed := b64(header) + "." + b64(payload)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signBytes(alg, signers()[kid], []byte(signed)))
}

// object is a JSON object in a test. A nil value removes the member.
type object map[string]any

func (o object) with(changes object) object {
	merged := maps.Clone(o)
	for name, value := range changes {
		if value == nil {
			delete(merged, name)
		} else {
			merged[name] = value
		}
	}
	return merged
}

func (o object) json() string {
	return string(must(json.Marshal(map[string]any(o), json.Deterministic(true))))
}

// raw is JSON that a test wants to appear as it is.
type raw string

func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// goodClaims are those of a machine token that the validator of these tests
// accepts in every profile.
func goodClaims() object {
	return object{
		"iss":       issuerURL,
		"aud":       apiURL,
		"sub":       "billing",
		"client_id": "billing",
		"scope":     "orders:read orders:write",
		"iat":       epoch.Add(-time.Minute).Unix(),
		"exp":       epoch.Add(5 * time.Minute).Unix(),
		"jti":       "id-1",
	}
}

// mint signs goodClaims with changes; typ may be empty.
func mint(alg, typ string, changes object) string {
	header := object{"alg": alg, "kid": keyFor(alg), "typ": typ}
	if typ == "" {
		delete(header, "typ")
	}
	return signRaw(alg, keyFor(alg), header.json(), goodClaims().with(changes).json())
}

func baseConfig() validator.Config {
	return validator.Config{
		Issuer:    issuerURL,
		Audiences: []string{apiURL},
		Keys:      jwks.Static(publishedKeys()),
		Clock:     &testClock{now: epoch},
	}
}

func newValidator(t testing.TB, change func(*validator.Config)) *validator.Validator {
	t.Helper()
	config := baseConfig()
	if change != nil {
		change(&config)
	}
	v, err := validator.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func bearerToken(token string) validator.Credential {
	return validator.Credential{Scheme: "Bearer", Token: token}
}

// codeOf validates a token and returns the code that refuses it, zero if it is
// accepted.
func codeOf(t testing.TB, v validator.Authenticator, token string) validator.Code {
	t.Helper()
	return errorCode(t, func() error {
		tok, err := v.Validate(context.Background(), bearerToken(token))
		if (tok == nil) == (err == nil) {
			t.Errorf("token %v and error %v", tok, err)
		}
		return err
	}())
}

func errorCode(t testing.TB, err error) validator.Code {
	t.Helper()
	if err == nil {
		return 0
	}
	e, ok := errors.AsType[*validator.Error](err)
	if !ok {
		t.Errorf("%v is a %T", err, err)
		return validator.CodeInternal
	}
	return e.Code()
}

// refusal is a table entry: a token and the code that refuses it.
type refusal struct {
	name  string
	token string
	want  validator.Code
}

func testRefusals(t *testing.T, v validator.Authenticator, tests []refusal) {
	t.Helper()
	seen := map[string]bool{}
	for _, tt := range tests {
		if seen[tt.name] {
			t.Errorf("two tests are called %q", tt.name)
		}
		seen[tt.name] = true
		t.Run(tt.name, func(t *testing.T) {
			if got := codeOf(t, v, tt.token); got != tt.want {
				t.Errorf("code %v, want %v", got, tt.want)
			}
		})
	}
}

// newClock returns a function that always tells the same time.
func newClock(now time.Time) func() time.Time { return func() time.Time { return now } }

// rawPublicKey returns the Ed25519 public key of a signer.
func rawPublicKey(id string) []byte { return signers()[id].Public().(ed25519.PublicKey) }
