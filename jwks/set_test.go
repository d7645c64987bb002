package jwks_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/jwks"
)

func parse(t testing.TB, document string) (*jwks.Set, []jwks.Dropped) {
	t.Helper()
	set, dropped, err := jwks.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return set, dropped
}

// TestSupports is RFC 7518 §3.1, RFC 8037 §3.1 and RFC 9864 §2.2 as a table.
func TestSupports(t *testing.T) {
	tests := []struct {
		alg  string
		key  jwk
		want string
	}{
		{"", describe("", rsaKey()), "RS256 RS384 RS512 PS256 PS384 PS512"},
		{"RS256", describe("", rsaKey()), "RS256"},
		{"PS512", describe("", rsaKey()), "PS512"},
		{"", describe("", ecKey("P-256", "a")), "ES256"},
		{"ES256", describe("", ecKey("P-256", "a")), "ES256"},
		{"", describe("", ecKey("P-384", "a")), "ES384"},
		{"", describe("", ecKey("P-521", "a")), "ES512"},
		{"", describe("", edKey(1)), "EdDSA Ed25519"},
		{"EdDSA", describe("", edKey(1)), "EdDSA Ed25519"},
		{"Ed25519", describe("", edKey(1)), "EdDSA Ed25519"},
	}
	others := []string{"", "none", "HS256", "HS384", "HS512", "ES256K", "Ed448", "rs256", "RS1", "RSA-OAEP", "ES", " RS256"}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.key["kty"], tt.key["crv"], tt.alg), func(t *testing.T) {
			if tt.alg != "" {
				tt.key["alg"] = tt.alg
			}
			set, _ := parse(t, document(tt.key.with("kid", "k")))
			var got []string
			for _, alg := range append(slices.Clone(algorithms), others...) {
				keys, known := set.Find("k", alg)
				if !known {
					t.Errorf("Find(k, %s): not known", alg)
				}
				if len(keys) == 1 && keys[0].Supports(alg) && keys[0].Algorithm() == tt.alg {
					got = append(got, alg)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("supports %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	a, b := describe("a", ecKey("P-256", "a")), describe("b", ecKey("P-256", "b"))
	set, _ := parse(t, document(a, b, describe("r", rsaKey()), describe("", ecKey("P-384", "c"))))
	tests := []struct {
		kid, alg string
		n        int
		known    bool
	}{
		{"a", "ES256", 1, true},
		{"a", "ES384", 0, true},  // another algorithm
		{"x", "ES256", 0, false}, // another key
		{"A", "ES256", 0, false},
		{"r", "PS256", 1, true},
		{"", "ES256", 0, true}, // two of them fit
		{"", "RS256", 1, true},
		{"", "ES384", 1, true},
		{"", "ES512", 0, false},
	}
	for _, tt := range tests {
		keys, known := set.Find(tt.kid, tt.alg)
		if len(keys) != tt.n || known != tt.known {
			t.Errorf("Find(%q, %q) = %d keys, %v, want %d, %v", tt.kid, tt.alg, len(keys), known, tt.n, tt.known)
		}
		for _, k := range keys {
			if !set.Contains(k) || tt.kid != "" && k.ID() != tt.kid {
				t.Errorf("Find(%q, %q) returned %q", tt.kid, tt.alg, k.ID())
			}
		}
	}
	for _, empty := range []*jwks.Set{new(jwks.Set)} {
		if keys, known := empty.Find("a", "ES256"); empty.Len() != 0 || keys != nil || known || empty.Contains(nil) {
			t.Error("the zero Set is not empty")
		}
	}
	again, _ := parse(t, document(a))
	keys, _ := again.Find("a", "ES256")
	if set.Contains(keys[0]) {
		t.Error("Contains is about this very key, not one like it")
	}
}

func TestDuplicateIDs(t *testing.T) {
	ec := func(name string) jwk { return describe("k", ecKey("P-256", name)) }
	rs := describe("k", rsaKey())
	tests := []struct {
		name    string
		doc     string
		alg     string
		want    int
		dropped int
	}{
		{"identical", document(ec("a"), ec("a"), ec("a").with("use", "sig")), "ES256", 1, 0},
		{"of different types", document(ec("a"), rs), "ES256", 1, 0},
		{"of different types, the other", document(ec("a"), rs), "RS256", 1, 0},
		{"for different algorithms", document(rs.with("alg", "RS256"), rs.with("alg", "PS256")), "PS256", 1, 0},
		{"two candidates", document(ec("a"), ec("b")), "ES256", 2, 0},
		{"three candidates", document(ec("a"), ec("b"), ec("c")), "ES256", 2, 1},
		{"three, two of which are identical", document(ec("a"), ec("b"), ec("a")), "ES256", 2, 0},
		{"many candidates", document(ec("a"), ec("b"), ec("c"), ec("d"), rs), "ES256", 2, 2},
		{"one for all and two for one", document(rs, rs.with("alg", "RS256"), rs.with("alg", "PS256")), "RS256", 2, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, dropped := parse(t, tt.doc)
			keys, known := set.Find("k", tt.alg)
			if len(keys) != tt.want || !known || len(dropped) != tt.dropped {
				t.Errorf("%d candidates, want %d; dropped %v, want %d", len(keys), tt.want, dropped, tt.dropped)
			}
			for _, d := range dropped {
				if d.Reason != jwks.Ambiguous || d.ID != "k" {
					t.Errorf("dropped %+v", d)
				}
			}
			for _, k := range keys {
				if !k.Supports(tt.alg) {
					t.Errorf("%v does not support %s", k, tt.alg)
				}
			}
		})
	}
	// Without an id there is nothing to mix up until a token names none either.
	set, dropped := parse(t, document(describe("", edKey(1)), describe("", edKey(2)), describe("", edKey(3)), describe("", edKey(3))))
	if keys, known := set.Find("", "EdDSA"); set.Len() != 3 || len(dropped) != 0 || len(keys) != 0 || !known {
		t.Errorf("%d keys, dropped %v; found %v, %v", set.Len(), dropped, keys, known)
	}
}

func TestNewSet(t *testing.T) {
	key := func(id string, seed byte) *jwks.Key {
		k, err := jwks.NewKey(id, "", edKey(seed))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	one := key("a", 1)
	set, err := jwks.NewSet(one, key("b", 2), key("a", 1), one)
	if err != nil || set.Len() != 2 || !set.Contains(one) {
		t.Errorf("NewSet = %v, %v", set, err)
	}
	many := make([]*jwks.Key, jwks.MaxKeys+1)
	for i := range many {
		many[i] = one
	}
	for _, bad := range [][]*jwks.Key{nil, {one, nil}, {key("a", 1), key("a", 2), key("a", 3)}, many} {
		if set, err := jwks.NewSet(bad...); err == nil || set != nil {
			t.Errorf("NewSet of %d keys = %v, %v", len(bad), set, err)
		}
	}
	// The caller's slice stays the caller's.
	public := edKey(9)
	k, err := jwks.NewKey("", "", public)
	if err != nil {
		t.Fatal(err)
	}
	public[0] ^= 1
	if equal(k.Public(), public) {
		t.Error("the key was not copied")
	}
}

func TestStatic(t *testing.T) {
	set, _ := parse(t, published("a"))
	source := jwks.Static(set)
	if got, err := source.Current(t.Context()); got != set || err != nil {
		t.Errorf("Current = %v, %v", got, err)
	}
	if got, err := source.Newer(t.Context(), set); got != set || err != nil {
		t.Errorf("Newer = %v, %v", got, err)
	}
	_, err := jwks.Static(nil).Current(t.Context())
	unavailable(t, err)
	_, err = jwks.Static(nil).Newer(t.Context(), nil)
	unavailable(t, err)
}

func BenchmarkFind(b *testing.B) {
	set, _ := parse(b, published("a", "b", "c"))
	b.ReportAllocs()
	for b.Loop() {
		set.Find("b", "ES256")
	}
}
