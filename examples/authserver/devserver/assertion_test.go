package devserver_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// signRaw signs header and claims exactly as they are, with Ed25519.
func signRaw(key ed25519.PrivateKey, header, claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	input := encode([]byte(header)) + "." + encode([]byte(claims))
	return input + "." + encode(ed25519.Sign(key, []byte(input)))
}

// assertionClaims returns good claims with changes laid over; nil removes one.
func assertionClaims(server *devserver.Server, changes map[string]any) string {
	claims := map[string]any{
		"iss": "reports", "sub": "reports", "aud": server.Issuer(), "jti": rand.Text(),
		"iat": start.Unix(), "exp": start.Unix() + 60,
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	encoded, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

func assertionForm(assertion string) string {
	return url.Values{
		"grant_type": {"client_credentials"}, "scope": {"orders:read"},
		"client_assertion_type": {assertType}, "client_assertion": {assertion},
	}.Encode()
}

const goodHeader = `{"alg":"EdDSA","kid":"k1","typ":"JWT"}`

// All algorithms, signed by jwx, through the client library.
func TestPrivateKeyJWT(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for alg, key := range map[jwa.SignatureAlgorithm]crypto.Signer{
		jwa.RS256: rsaKey, jwa.PS256: rsaKey, jwa.ES256: ecKey, jwa.EdDSA: clientKey,
	} {
		t.Run(alg.String(), func(t *testing.T) {
			client := keyClient()
			client.Keys = []devserver.ClientKey{{ID: "old", Public: otherKey.Public()}, {ID: "k1", Algorithm: alg.String(), Public: key.Public()}}
			server, _ := serve(t, devserver.Config{Clients: []devserver.Client{client}})
			header := jws.NewHeaders()
			header.Set("kid", "k1")
			assertion, err := jws.Sign([]byte(assertionClaims(server, nil)), jws.WithKey(alg, key, jws.WithProtectedHeaders(header)))
			if err != nil {
				t.Fatal(err)
			}
			config := clientcredentials.Config{
				ClientID: "reports", TokenURL: server.TokenURL(), Scopes: []string{"orders:read"}, AuthStyle: oauth2.AuthStyleInParams,
				EndpointParams: url.Values{"client_assertion_type": {assertType}, "client_assertion": {string(assertion)}},
			}
			token, err := config.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, claims := verified(t, server, token.AccessToken); claims["sub"] != "reports" {
				t.Errorf("sub %v", claims["sub"])
			}
		})
	}
}

// One change at a time to an assertion that is good without it.
func TestAssertionClaims(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	at := func(seconds int64) int64 { return start.Unix() + seconds }
	type m = map[string]any
	for _, test := range []struct {
		name    string
		changes m
		ok      bool
	}{
		{"good", m{}, true},
		{"audience: token endpoint", m{"aud": server.TokenURL()}, true},
		{"audience: list", m{"aud": []string{server.Issuer(), server.TokenURL()}}, true},
		{"no iat", m{"iat": nil}, true},
		{"exp at the limit", m{"exp": at(600)}, true},
		{"exp within the leeway", m{"exp": at(-29)}, true},
		{"nbf and iat within the leeway", m{"nbf": at(30), "iat": at(30)}, true},
		{"fractions", m{"exp": float64(at(60)) + 0.5, "nbf": float64(at(0)) - 0.5}, true},
		{"other claims", m{"foo": m{"bar": []int{1}}}, true},

		{"no iss", m{"iss": nil}, false},
		{"no sub", m{"sub": nil}, false},
		{"neither", m{"iss": nil, "sub": nil}, false},
		{"another iss", m{"iss": "billing:app+1"}, false},
		{"another client", m{"iss": "billing:app+1", "sub": "billing:app+1"}, false},
		{"unknown client", m{"iss": "nobody", "sub": "nobody"}, false},
		{"iss is no string", m{"iss": 1, "sub": 1}, false},
		{"no aud", m{"aud": nil}, false},
		{"empty aud", m{"aud": []string{}}, false},
		{"aud: somebody else", m{"aud": "https://other.example.com"}, false},
		{"aud: one more", m{"aud": []string{server.Issuer(), "https://other.example.com"}}, false},
		{"aud: a slash more", m{"aud": server.Issuer() + "/"}, false},
		{"aud: the key set", m{"aud": server.JWKSURL()}, false},
		{"aud is no string", m{"aud": []any{server.Issuer(), 1}}, false},
		{"no exp", m{"exp": nil}, false},
		{"exp zero", m{"exp": 0}, false},
		{"exp negative", m{"exp": -1}, false},
		{"exp huge", m{"exp": 1e300}, false},
		{"exp a string", m{"exp": fmt.Sprint(at(60))}, false},
		{"expired", m{"exp": at(-30)}, false},
		{"good for too long", m{"exp": at(601)}, false},
		{"not yet", m{"nbf": at(31)}, false},
		{"not yet, by a fraction", m{"nbf": float64(at(30)) + 0.5}, false},
		{"nbf negative", m{"nbf": -1}, false},
		{"nbf huge", m{"nbf": 1e300}, false},
		{"nbf a string", m{"nbf": "0"}, false},
		{"issued in the future", m{"iat": at(31)}, false},
		{"no jti", m{"jti": nil}, false},
		{"empty jti", m{"jti": ""}, false},
		{"jti is no string", m{"jti": 1}, false},
		{"deeply nested", m{"x": json.RawMessage(strings.Repeat("[", 16) + strings.Repeat("]", 16))}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := post(t, server.TokenURL(), assertionForm(signRaw(clientKey, goodHeader, assertionClaims(server, test.changes))))
			if test.ok {
				r.wantToken(t, server)
				return
			}
			r.wantError(t, 401, "invalid_client")
		})
	}
}

func TestAssertionForms(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	claims := func() string { return assertionClaims(server, nil) }
	with := func(header string) string { return signRaw(clientKey, header, claims()) }
	good := with(goodHeader)
	segments := strings.Split(good, ".")
	ours := claims()
	for _, test := range []struct {
		name, assertion string
		ok              bool
	}{
		{"no typ, no kid", with(`{"alg":"EdDSA"}`), true},
		{"explicit typ", with(`{"alg":"EdDSA","typ":"client-authentication+jwt"}`), true},
		{"keys in the header are ignored", with(`{"alg":"EdDSA","jwk":{"kty":"OKP"},"jku":"https://evil.example.com"}`), true},

		{"another's key", signRaw(otherKey, goodHeader, ours), false},
		{"unknown kid", with(`{"alg":"EdDSA","kid":"k2"}`), false},
		{"empty kid", with(`{"alg":"EdDSA","kid":""}`), false},
		{"kid is no string", with(`{"alg":"EdDSA","kid":1}`), false},
		{"an access token", with(`{"alg":"EdDSA","typ":"at+jwt"}`), false},
		{"typ is no string", with(`{"alg":"EdDSA","typ":null}`), false},
		{"crit", with(`{"alg":"EdDSA","crit":["exp"]}`), false},
		{"empty crit", with(`{"alg":"EdDSA","crit":[]}`), false},
		{"b64", with(`{"alg":"EdDSA","b64":true}`), false},
		{"zip", with(`{"alg":"EdDSA","zip":"DEF"}`), false},
		{"enc", with(`{"alg":"EdDSA","enc":"A128GCM"}`), false},
		{"no alg", with(`{}`), false},
		{"none", with(`{"alg":"none"}`), false},
		{"HS256", with(`{"alg":"HS256"}`), false},
		{"an alg the key is not for", with(`{"alg":"RS256","kid":"k1"}`), false},
		{"lower-case alg", with(`{"alg":"eddsa"}`), false},
		{"alg twice", with(`{"alg":"EdDSA","alg":"EdDSA"}`), false},
		{"header is an array", with(`["EdDSA"]`), false},
		{"claims are an array", signRaw(clientKey, goodHeader, `[]`), false},
		{"a claim twice", signRaw(clientKey, goodHeader, ours[:len(ours)-1]+`,"iss":"reports"}`), false},
		{"data after the claims", signRaw(clientKey, goodHeader, ours+`{}`), false},
		{"tampered claims", segments[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(ours)) + "." + segments[2], false},
		{"tampered signature", segments[0] + "." + segments[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)), false},
		{"empty signature", segments[0] + "." + segments[1] + ".", false},
		{"two segments", segments[0] + "." + segments[1], false},
		{"four segments", good + ".e30", false},
		{"padding", good + "==", false},
		{"a line break", good[:9] + "\n" + good[9:], false},
		{"a line break at the end", good + "\n", false},
		{"trailing bits", withTrailingBits(good), false},
		{"too long", with(`{"alg":"EdDSA","x":"` + strings.Repeat("x", 16<<10) + `"}`), false},
		{"good, so that the others were judged by their flaw", good, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := post(t, server.TokenURL(), assertionForm(test.assertion))
			if test.ok {
				r.wantToken(t, server)
				return
			}
			r.wantError(t, 401, "invalid_client")
		})
	}
}

// withTrailingBits sets an unused bit in the last character of the signature:
// the same bytes for a lax decoder.
func withTrailingBits(compact string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(compact) - 1
	return compact[:last] + string(alphabet[strings.IndexByte(alphabet, compact[last])|1])
}

func TestAssertionParameters(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	fresh := func() string { return signRaw(clientKey, goodHeader, assertionClaims(server, nil)) }
	const grant = "grant_type=client_credentials&scope=orders:read&"
	for _, test := range []struct {
		name, body string
		status     int
		error      string
	}{
		{"client_id too", grant + "client_id=reports&client_assertion_type=" + assertType + "&client_assertion=" + fresh(), 200, ""},
		{"another client_id", grant + "client_id=web&client_assertion_type=" + assertType + "&client_assertion=" + fresh(), 401, "invalid_client"},
		{"SAML", grant + "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:saml2-bearer&client_assertion=" + fresh(), 401, "invalid_client"},
		{"no type", grant + "client_assertion=" + fresh(), 400, "invalid_request"},
		{"type only", grant + "client_assertion_type=" + assertType, 400, "invalid_request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := post(t, server.TokenURL(), test.body)
			if test.status == 200 {
				r.wantToken(t, server)
				return
			}
			r.wantError(t, test.status, test.error)
		})
	}
}

// Without a kid exactly one of the client's keys has to fit; a key that is bound
// to one algorithm is for no other.
func TestAssertionKeyChoice(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	client := keyClient()
	client.Keys = []devserver.ClientKey{
		{ID: "k1", Public: clientKey.Public()}, {ID: "k2", Public: otherKey.Public()},
		{ID: "r1", Algorithm: "PS256", Public: rsaKey.Public()},
	}
	server, _ := serve(t, devserver.Config{Clients: []devserver.Client{client}})
	client.Keys[0].Public = otherKey.Public() // the server has its own copy
	try := func(assertion string) response { return post(t, server.TokenURL(), assertionForm(assertion)) }
	try(signRaw(clientKey, `{"alg":"EdDSA","kid":"k1"}`, assertionClaims(server, nil))).wantToken(t, server)
	try(signRaw(otherKey, `{"alg":"EdDSA","kid":"k2"}`, assertionClaims(server, nil))).wantToken(t, server)
	try(signRaw(otherKey, `{"alg":"EdDSA","kid":"k1"}`, assertionClaims(server, nil))).wantError(t, 401, "invalid_client")
	try(signRaw(clientKey, `{"alg":"EdDSA"}`, assertionClaims(server, nil))).wantError(t, 401, "invalid_client")
	for alg, status := range map[jwa.SignatureAlgorithm]int{jwa.PS256: 200, jwa.RS256: 401} {
		assertion, err := jws.Sign([]byte(assertionClaims(server, nil)), jws.WithKey(alg, rsaKey))
		if err != nil {
			t.Fatal(err)
		}
		if r := try(string(assertion)); r.StatusCode != status {
			t.Errorf("%s with a key for PS256: %d", alg, r.StatusCode)
		}
	}
}

// What a lax verifier lets through: a signature of r and s that are not 32 bytes
// each (RFC 7518 §3.4), a salt that is not as long as the hash (§3.5).
func TestAssertionSignatureForm(t *testing.T) {
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	client := keyClient()
	client.Keys = []devserver.ClientKey{{Public: ecKey.Public()}, {Public: rsaKey.Public()}}
	server, _ := serve(t, devserver.Config{Clients: []devserver.Client{client}})

	assertion, err := jws.Sign([]byte(assertionClaims(server, nil)), jws.WithKey(jwa.ES256, ecKey))
	if err != nil {
		t.Fatal(err)
	}
	input, encoded, _ := strings.Cut(string(assertion), ".")
	payload, encoded, _ := strings.Cut(encoded, ".")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	longer := slices.Concat(raw[:32], []byte{0}, raw[32:])
	post(t, server.TokenURL(), assertionForm(input+"."+payload+"."+base64.RawURLEncoding.EncodeToString(longer))).wantError(t, 401, "invalid_client")
	post(t, server.TokenURL(), assertionForm(input+"."+payload+"."+base64.RawURLEncoding.EncodeToString(raw[:31]))).wantError(t, 401, "invalid_client")
	post(t, server.TokenURL(), assertionForm(string(assertion))).wantToken(t, server)

	for salt, ok := range map[int]bool{0: false, 20: false, 32: true} {
		encode := base64.RawURLEncoding.EncodeToString
		input := encode([]byte(`{"alg":"PS256"}`)) + "." + encode([]byte(assertionClaims(server, nil)))
		digest := sha256.Sum256([]byte(input))
		if salt == 0 {
			salt = rsa.PSSSaltLengthAuto // as long as possible
		}
		signature, err := rsa.SignPSS(rand.Reader, rsaKey, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			t.Fatal(err)
		}
		r := post(t, server.TokenURL(), assertionForm(input+"."+encode(signature)))
		if ok {
			r.wantToken(t, server)
			continue
		}
		r.wantError(t, 401, "invalid_client")
	}
}

// An assertion works once, for as long as it would otherwise be good.
func TestAssertionReplay(t *testing.T) {
	server, now := serve(t, devserver.Config{})
	first := signRaw(clientKey, goodHeader, assertionClaims(server, map[string]any{"jti": "one"}))
	try := func(assertion string) response { return post(t, server.TokenURL(), assertionForm(assertion)) }

	// A forgery must not use up the id.
	try(signRaw(otherKey, goodHeader, assertionClaims(server, map[string]any{"jti": "one"}))).wantError(t, 401, "invalid_client")
	try(first).wantToken(t, server)
	try(first).wantError(t, 401, "invalid_client")
	// The same id in another assertion is no better (RFC 7519 §4.1.7).
	try(signRaw(clientKey, goodHeader, assertionClaims(server, map[string]any{"jti": "one", "exp": start.Unix() + 90}))).wantError(t, 401, "invalid_client")
	now.advance(89 * time.Second) // the last moment, leeway included
	try(first).wantError(t, 401, "invalid_client")
	now.advance(time.Second)
	try(first).wantError(t, 401, "invalid_client")
	// Nothing with that id can be good any more, so it is free.
	try(signRaw(clientKey, goodHeader, assertionClaims(server, map[string]any{"jti": "one", "exp": start.Unix() + 120}))).wantToken(t, server)
}

// A full store refuses; it forgets nothing that is still good, and nothing of
// one client concerns another.
func TestAssertionStoreIsBounded(t *testing.T) {
	other := keyClient()
	other.ID = "other"
	server, now := serve(t, devserver.Config{MaxAssertions: 2, Clients: []devserver.Client{keyClient(), other}})
	sign := func(jti string, changes map[string]any) string {
		changes["jti"] = jti
		return signRaw(clientKey, goodHeader, assertionClaims(server, changes))
	}
	try := func(assertion string) response { return post(t, server.TokenURL(), assertionForm(assertion)) }
	long := sign("long", map[string]any{"exp": start.Unix() + 300})
	try(long).wantToken(t, server)
	try(sign("short", map[string]any{})).wantToken(t, server)

	full := try(sign("third", map[string]any{}))
	full.wantError(t, 503, "")
	if full.Header.Get("Retry-After") != "90" { // "short" has 60 s and the leeway
		t.Errorf("Retry-After %q", full.Header.Get("Retry-After"))
	}
	try(long).wantError(t, 401, "invalid_client")
	try(sign("long", map[string]any{"iss": "other", "sub": "other"})).wantToken(t, server)

	now.advance(90 * time.Second)
	try(long).wantError(t, 401, "invalid_client")
	try(sign("third", map[string]any{"exp": start.Unix() + 300})).wantToken(t, server)
	try(sign("fourth", map[string]any{"exp": start.Unix() + 300})).wantError(t, 503, "")
}

// One assertion sent many times at once yields one token.
func TestAssertionRace(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	body := assertionForm(signRaw(clientKey, goodHeader, assertionClaims(server, nil)))
	codes := make(chan int)
	for range 16 {
		go func() {
			r, err := http.Post(server.TokenURL(), "application/x-www-form-urlencoded", strings.NewReader(body))
			if err != nil {
				codes <- 0
				return
			}
			r.Body.Close()
			codes <- r.StatusCode
		}()
	}
	granted := 0
	for range 16 {
		if <-codes == 200 {
			granted++
		}
	}
	if granted != 1 {
		t.Errorf("%d tokens for one assertion", granted)
	}
}
