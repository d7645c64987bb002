package dpop_test

import (
	"crypto"
	"encoding/json"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/validator/dpop"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// FuzzProof sends any field at all: what is accepted is a JWS for another
// implementation, too, with a good signature of the key that was returned.
func FuzzProof(f *testing.F) {
	for _, tt := range negatives {
		c := newCraft()
		tt.spoil(c)
		for _, field := range c.fields(c.proof()) {
			f.Add(field)
		}
	}
	f.Add(newCraft().proof())
	f.Add(joined(figure12))
	f.Fuzz(func(t *testing.T, proof string) {
		c := newCraft()
		c.spoil = func(string) string { return proof }
		got, err := newVerifier(t, nil).Proof(t.Context(), c.info(), nil)
		if err != nil {
			return
		}
		message, err := jws.Parse([]byte(proof), jws.WithCompact())
		if err != nil {
			t.Fatal(err)
		}
		protected := message.Signatures()[0].ProtectedHeaders()
		if _, err := jws.Verify([]byte(proof), jws.WithKey(protected.Algorithm(), protected.JWK())); err != nil {
			t.Fatal(err)
		}
		if by, err := protected.JWK().Thumbprint(crypto.SHA256); err != nil || b64(by) != got {
			t.Fatalf("by %x, not %s (%v)", by, got, err)
		}
	})
}

// FuzzSignedProof sends any header and claims, signed by the client: what is
// accepted is what RFC 9449 §4.3 asks for, read by another parser.
func FuzzSignedProof(f *testing.F) {
	for _, tt := range negatives {
		c := newCraft()
		tt.spoil(c)
		header, claims := c.rawHeader, c.rawClaims
		if header == "" {
			header = asJSON(c.header)
		}
		if claims == "" {
			claims = asJSON(c.claims)
		}
		f.Add(header, claims)
	}
	f.Fuzz(func(t *testing.T, header, claims string) {
		c := newCraft()
		c.rawHeader, c.rawClaims = header, claims
		if header == "" || claims == "" || c.verify(t, newVerifier(t, nil)) != nil {
			return
		}
		var h, k, p map[string]any // names are matched exactly
		for raw, into := range map[string]*map[string]any{header: &h, claims: &p} {
			if err := json.Unmarshal([]byte(raw), into); err != nil {
				t.Fatalf("not JSON: %v", err)
			}
		}
		k, _ = h["jwk"].(map[string]any)
		if h["typ"] != "dpop+jwt" || h["alg"] != "ES256" || h["crit"] != nil || k["d"] != nil || k["kty"] != "EC" || k["crv"] != "P-256" {
			t.Fatalf("header %s", header)
		}
		iat, ok := p["iat"].(float64)
		if id, _ := p["jti"].(string); !ok || id == "" || p["htm"] != "POST" || p["ath"] != newCraft().claims["ath"] {
			t.Fatalf("claims %s", claims)
		}
		window := (dpop.DefaultMaxAge + dpop.DefaultLeeway).Seconds()
		if age := float64(start.Unix()) - iat; age > window || age < -dpop.DefaultLeeway.Seconds() {
			t.Fatalf("iat %v", iat)
		}
		htu, _ := p["htu"].(string)
		if u, err := url.Parse(htu); err != nil || !strings.EqualFold(u.Scheme, "https") || !strings.EqualFold(u.Hostname(), "api.example.com") || path.Clean(u.Path) != "/orders" {
			t.Fatalf("htu %q", htu)
		}
	})
}

// FuzzTarget checks that a URL that was put in normal form names the same host and
// stays as it is, and that a request for it is let in with either spelling.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{api, "HTTPS://API.example.com:443/%7e/../a/./%2e%2E/b", "http://[::1]:80", "https://h:/..", "https://h/%", "//h", "https://h/a%2fb//c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := url.Parse(raw)
		if err != nil {
			return
		}
		normal, ok := dpop.NormalTarget(u)
		if !ok {
			return
		}
		parsed, err := url.Parse(normal)
		if err != nil {
			t.Fatalf("%q became %q: %v", raw, normal, err)
		}
		if again, ok := dpop.NormalTarget(parsed); !ok || again != normal {
			t.Fatalf("%q became %q became %q", raw, normal, again)
		}
		if !strings.EqualFold(parsed.Scheme, u.Scheme) || !strings.EqualFold(parsed.Hostname(), u.Hostname()) || parsed.RawQuery != "" || parsed.Fragment != "" {
			t.Fatalf("%q became %q", raw, normal)
		}
	})
}

// FuzzForwarded checks that what is read from a Forwarded field stands in it, and
// that no field of several elements is read.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"for=1;proto=https;host=h", `host="a\"b"; proto=http`, "proto=http, proto=https", `host="`, "=", ";", `host=a"b"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, field string) {
		proto, host, ok := dpop.ParseForwarded([]string{field})
		if !ok {
			return
		}
		bare := strings.ReplaceAll(field, `\`, "")
		if !strings.Contains(bare, strings.ReplaceAll(proto, `\`, "")) || !strings.Contains(bare, strings.ReplaceAll(host, `\`, "")) {
			t.Fatalf("%q says %q %q", field, proto, host)
		}
		if strings.Contains(field, ",") && !strings.Contains(field, `"`) {
			t.Fatalf("%q was read", field)
		}
		if p, h, ok := dpop.ParseForwarded([]string{field, field}); ok {
			t.Fatalf("twice: %q %q", p, h)
		}
	})
}
