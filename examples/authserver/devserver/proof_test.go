package devserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

const machineGrant = "grant_type=client_credentials"

// proofs makes DPoP proofs for the token endpoint of a server.
type proofs struct {
	*dpop.Prover
	server *devserver.Server
	clock  *testClock
}

func newProofs(t *testing.T, server *devserver.Server, clock *testClock) proofs {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	prover, err := dpop.NewProver(key)
	if err != nil {
		t.Fatal(err)
	}
	return proofs{prover, server, clock}
}

// make returns a good proof with changes.
func (p proofs) make(t *testing.T, changes ...func(*dpop.Request)) string {
	t.Helper()
	r := dpop.Request{Method: "POST", URL: p.server.TokenURL(), IssuedAt: p.clock.Now()}
	for _, change := range changes {
		change(&r)
	}
	proof, err := p.Proof(r)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

func nonce(value string) func(*dpop.Request) { return func(r *dpop.Request) { r.Nonce = value } }

// send sends a token request of the client with these DPoP fields.
func (p proofs) send(t *testing.T, client string, params url.Values, fields ...string) response {
	t.Helper()
	var header []string
	if client == "cli" {
		params.Set("client_id", client)
	} else {
		header = append(header, "Authorization", basic(client, secretText))
	}
	for _, field := range fields {
		header = append(header, "DPoP", field)
	}
	return post(t, p.server.TokenURL(), params.Encode(), header...)
}

// wantBound checks an answer with a token that is bound to the prover's key.
func (p proofs) wantBound(t *testing.T, r response) answer {
	t.Helper()
	a := r.answer(t)
	if r.StatusCode != 200 || a.TokenType != "DPoP" { // RFC 9449 §5
		t.Fatalf("got %d %s, want a bound token", r.StatusCode, r.body)
	}
	r.wantNoStore(t)
	told := introspect(t, p.server, a.AccessToken).All
	if want := map[string]any{"jkt": p.Thumbprint()}; !reflect.DeepEqual(told["cnf"], any(want)) || told["token_type"] != "DPoP" {
		t.Errorf("introspection tells %v, want cnf %v", told, want)
	}
	return a
}

// A proof binds the access token to its key, in both formats (RFC 9449 §5, §6).
func TestProofBindsToken(t *testing.T) {
	opaque := opaqueClient()
	server, clock := serve(t, devserver.Config{Clients: []devserver.Client{secretClient(), opaque, resourceServer()}})
	p := newProofs(t, server, clock)
	machine := url.Values{"grant_type": {"client_credentials"}}
	token := p.wantBound(t, p.send(t, "billing:app+1", machine, p.make(t))).AccessToken
	_, claims := verified(t, server, token)
	if want := map[string]any{"jkt": p.Thumbprint()}; !reflect.DeepEqual(claims["cnf"], any(want)) {
		t.Errorf("claims %v, want cnf %v", claims, want)
	}
	p.wantBound(t, p.send(t, opaque.ID, machine, p.make(t)))

	// Without a proof it is a bearer token, and nothing names a key.
	_, claims = p.send(t, "billing:app+1", machine).wantToken(t, server)
	if _, bound := claims["cnf"]; bound {
		t.Errorf("without a proof: %v", claims)
	}
}

// Bad proofs are refused, and use up neither a code nor a refresh token.
func TestBadProofs(t *testing.T) {
	server, clock := serve(t, devserver.Config{})
	p := newProofs(t, server, clock)
	change := func(f func(*dpop.Request)) []string { return []string{p.make(t, f)} }
	used := p.make(t)
	redeemed := code(t, server, "web")
	p.wantBound(t, p.send(t, "web", redemption("web", code(t, server, "web")), used))
	for name, fields := range map[string][]string{
		"another method":    change(func(r *dpop.Request) { r.Method = "GET" }),
		"another URL":       change(func(r *dpop.Request) { r.URL = server.IntrospectionURL() }),
		"another host":      change(func(r *dpop.Request) { r.URL = "https://as.example.com/oauth2/token" }),
		"too old":           change(func(r *dpop.Request) { r.IssuedAt = r.IssuedAt.Add(-91 * time.Second) }),
		"in the future":     change(func(r *dpop.Request) { r.IssuedAt = r.IssuedAt.Add(31 * time.Second) }),
		"used before":       {used},
		"two":               {p.make(t), p.make(t)},
		"empty":             {""},
		"no JWT":            {"x"},
		"a wrong signature": {p.make(t)[:20] + strings.Replace(p.make(t)[20:], ".", ".A", 1)},
	} {
		p.send(t, "web", redemption("web", redeemed), fields...).wantError(t, 400, "invalid_dpop_proof")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	first := p.wantBound(t, p.send(t, "web", redemption("web", redeemed), p.make(t)))
	again := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.Refresh}}
	p.send(t, "web", again, used).wantError(t, 400, "invalid_dpop_proof")
	p.wantBound(t, p.send(t, "web", again, p.make(t)))
}

// A proof does not stand in for the client's authentication, and is not looked at
// before that: otherwise anybody could fill the memory of what was used.
func TestProofAfterAuthentication(t *testing.T) {
	server, clock := serve(t, devserver.Config{})
	p := newProofs(t, server, clock)
	proof := p.make(t)
	post(t, server.TokenURL(), machineGrant, "Authorization", basic("billing:app+1", "wrong"), "DPoP", proof).wantError(t, 401, "invalid_client")
	p.wantBound(t, p.send(t, "billing:app+1", url.Values{"grant_type": {"client_credentials"}}, proof))
}

// dpop_bound_access_tokens (RFC 9449 §5.2).
func TestProofRequired(t *testing.T) {
	bound := secretClient()
	bound.DPoPBound = true
	server, clock := serve(t, devserver.Config{Clients: []devserver.Client{bound, resourceServer()}})
	p := newProofs(t, server, clock)
	machine := url.Values{"grant_type": {"client_credentials"}}
	p.send(t, bound.ID, machine).wantError(t, 400, "invalid_dpop_proof")
	p.wantBound(t, p.send(t, bound.ID, machine, p.make(t)))
}

// Nonces (RFC 9449 §8): asked for in an error that costs nothing, and renewed.
func TestProofNonces(t *testing.T) {
	server, clock := serve(t, devserver.Config{DPoPNonces: true})
	p := newProofs(t, server, clock)
	redeemed := redemption("web", code(t, server, "web"))
	first := p.send(t, "web", redeemed, p.make(t))
	first.wantError(t, 400, "use_dpop_nonce")
	given := first.Header.Values("DPoP-Nonce")
	if len(given) != 1 || given[0] == "" {
		t.Fatalf("nonces %q", given)
	}
	p.send(t, "web", redeemed, p.make(t, nonce(given[0]+"x"))).wantError(t, 400, "use_dpop_nonce")
	good := p.send(t, "web", redeemed, p.make(t, nonce(given[0])))
	p.wantBound(t, good)
	if next := good.Header.Get("DPoP-Nonce"); next != "" {
		t.Errorf("a nonce that is current is answered with %q", next)
	}
	machine := url.Values{"grant_type": {"client_credentials"}}
	clock.advance(dpop.DefaultNoncePeriod)
	former := p.send(t, "billing:app+1", machine, p.make(t, nonce(given[0])))
	p.wantBound(t, former)
	if next := former.Header.Get("DPoP-Nonce"); next == "" || next == given[0] {
		t.Errorf("the former nonce is answered with %q", next)
	}
	clock.advance(dpop.DefaultNoncePeriod)
	p.send(t, "billing:app+1", machine, p.make(t, nonce(given[0]))).wantError(t, 400, "use_dpop_nonce")
	p.send(t, "billing:app+1", machine).wantToken(t, server) // bearer tokens need none
}

// The memory of what was used is bounded, for each client by itself.
func TestProofMemory(t *testing.T) {
	other := secretClient()
	other.ID = "other"
	server, clock := serve(t, devserver.Config{MaxAssertions: 1, Clients: []devserver.Client{secretClient(), other, resourceServer()}})
	p := newProofs(t, server, clock)
	machine := url.Values{"grant_type": {"client_credentials"}}
	p.wantBound(t, p.send(t, "billing:app+1", machine, p.make(t)))
	full := p.send(t, "billing:app+1", machine, p.make(t))
	full.wantError(t, 503, "")
	if full.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	p.wantBound(t, p.send(t, "other", machine, p.make(t)))
	clock.advance(2 * time.Minute)
	p.wantBound(t, p.send(t, "billing:app+1", machine, p.make(t)))
}

// The refresh tokens of a public client are bound to the key of its first proof
// (RFC 9449 §5); those of a confidential one to the client, which may change keys.
func TestProofAndRefresh(t *testing.T) {
	server, clock := serve(t, devserver.Config{})
	p, other := newProofs(t, server, clock), newProofs(t, server, clock)
	for _, client := range []string{"cli", "web"} {
		issued := p.wantBound(t, p.send(t, client, redemption(client, code(t, server, client, "scope", "orders:read")), p.make(t)))
		params := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {issued.Refresh}}
		if client == "cli" {
			p.send(t, client, params).wantError(t, 400, "invalid_grant")
			other.send(t, client, params, other.make(t)).wantError(t, 400, "invalid_grant")
			params.Set("refresh_token", p.wantBound(t, p.send(t, client, params, p.make(t))).Refresh)
			p.send(t, client, params).wantError(t, 400, "invalid_grant") // and so are those that follow
			continue
		}
		params.Set("refresh_token", other.wantBound(t, other.send(t, client, params, other.make(t))).Refresh)
		p.send(t, client, params).wantToken(t, server)
	}
	// A refresh token that was issued without a proof is not bound by one.
	issued := p.send(t, "cli", redemption("cli", code(t, server, "cli", "scope", "orders:read"))).answer(t)
	params := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {issued.Refresh}}
	params.Set("refresh_token", p.wantBound(t, p.send(t, "cli", params, p.make(t))).Refresh)
	p.send(t, "cli", params).wantToken(t, server)
}

// dpop_jkt binds the code (RFC 9449 §10): with another key or none, it is lost.
func TestProofAndCode(t *testing.T) {
	server, clock := serve(t, devserver.Config{})
	p, other := newProofs(t, server, clock), newProofs(t, server, clock)
	fresh := func() url.Values {
		return redemption("cli", code(t, server, "cli", "scope", "orders:read", "dpop_jkt", p.Thumbprint()))
	}
	p.wantBound(t, p.send(t, "cli", fresh(), p.make(t)))
	for name, fields := range map[string][]string{"another key": {other.make(t)}, "no proof": nil} {
		params := fresh()
		p.send(t, "cli", params, fields...).wantError(t, 400, "invalid_grant")
		p.send(t, "cli", params, p.make(t)).wantError(t, 400, "invalid_grant")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	for _, malformed := range []string{"x", p.Thumbprint() + "A", p.Thumbprint()[:42] + "="} {
		to := newBrowser(t).send(t, server.AuthorizeURL()+"?"+request("web", "dpop_jkt", malformed).Encode(), nil).location(t)
		if to.Query().Get("error") != "invalid_request" {
			t.Errorf("dpop_jkt %q: %v", malformed, to)
		}
	}
}
