package jwks_test

import (
	"crypto"
	"encoding/json"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	jwx "github.com/lestrrat-go/jwx/v2/jwk"
)

// FuzzParse checks that every key that is admitted is one for a slow reference
// written from the RFCs and for jwx, too, and made of the same numbers; and that
// the reference admits no key that was dropped.
func FuzzParse(f *testing.F) {
	for _, tt := range admissionTests() {
		f.Add([]byte(document(tt.key)))
	}
	f.Add([]byte(published("a", "b", "b", "")))
	f.Add([]byte(`{"keys":[`))
	f.Add([]byte(`{"keys":null,"keys":[]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		set, dropped, err := jwks.Parse(in)
		if err != nil {
			if set != nil {
				t.Fatal("a set with an error")
			}
			return
		}
		var members map[string]json.RawMessage // matches names exactly
		var elements []json.RawMessage
		if err := json.Unmarshal(in, &members); err != nil {
			t.Fatalf("not JSON at all: %v", err)
		}
		if err := json.Unmarshal(members["keys"], &elements); err != nil {
			t.Fatalf("not an array: %v", err)
		}
		gone := make(map[int]jwks.Reason)
		for _, d := range dropped {
			gone[d.Index] = d.Reason
		}
		for i, element := range elements {
			numbers, admitted := referenceAdmits(element)
			reason, isDropped := gone[i]
			if admitted == isDropped && reason != jwks.Ambiguous {
				t.Fatalf("key %d: dropped %v (%v), the reference admits it: %v\n%s", i, isDropped, reason, admitted, element)
			}
			if isDropped {
				continue
			}
			checkAgainstJWX(t, set, element, numbers)
		}
	})
}

// FuzzCacheFile checks that what is used from a file was saved for this URL and is
// neither too old nor from the future, according to a slow reading of it.
func FuzzCacheFile(f *testing.F) {
	const template = `{"source":%q,"confirmed":%q,%s`
	keys := published("a")[1:]
	f.Add(fmt.Sprintf(template, keysURL, "2000-01-01T00:00:00Z", keys))
	f.Add(fmt.Sprintf(template, keysURL, "2000-01-01T01:00:01+01:00", keys))
	f.Add(fmt.Sprintf(template, "http://127.0.0.1/other", "2000-01-01T00:00:00Z", keys))
	f.Add(fmt.Sprintf(template, keysURL, "1999-12-31T22:00:00Z", `"source":"",`+keys))
	f.Add(keys)
	path := filepath.Join(f.TempDir(), "cache.json")
	f.Fuzz(func(t *testing.T, content string) {
		put(t, path, content)
		synctest.Test(t, func(t *testing.T) {
			is := newIssuer(t, "")
			is.refuse()
			r := is.remote(t, cachedAt(path))
			set, err := r.Current(t.Context())
			var doc struct{ Source, Confirmed string }
			if err != nil || r.Status().CacheError != nil {
				return
			}
			if err := json.Unmarshal([]byte(content), &doc); err != nil {
				t.Fatalf("not JSON at all: %v", err)
			}
			confirmed, err := time.Parse(time.RFC3339Nano, doc.Confirmed)
			age := time.Since(confirmed)
			if err != nil || doc.Source != keysURL || age < 0 || age >= time.Hour || set.Len() == 0 || r.Status().Age != age {
				t.Errorf("used at an age of %v: %s", age, content)
			}
		})
	})
}

func checkAgainstJWX(t *testing.T, set *jwks.Set, element []byte, numbers []*big.Int) {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal(element, &members); err != nil {
		t.Fatal(err)
	}
	for name := range members {
		if !slices.Contains([]string{"kty", "crv", "n", "e", "x", "y", "kid", "use", "alg"}, name) {
			delete(members, name) // we ignore it or know better, jwx reads some of them
		}
	}
	element, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwx.ParseKey(element)
	if err != nil {
		t.Fatalf("jwx: %v\n%s", err, element)
	}
	var raw any
	if err := parsed.Raw(&raw); err != nil {
		t.Fatalf("jwx: %v\n%s", err, element)
	}
	if !slices.EqualFunc(numbersOf(raw), numbers, func(a, b *big.Int) bool { return a.Cmp(b) == 0 }) {
		t.Fatalf("jwx and the reference read other numbers\n%s", element)
	}
	kid, _ := members["kid"].(string)
	for _, alg := range algorithms {
		candidates, known := set.Find(kid, alg)
		for _, k := range candidates {
			if equal(k.Public(), raw) {
				return
			}
		}
		if kid == "" && known && len(candidates) == 0 {
			return // one of several without a name
		}
	}
	t.Fatalf("no key with the same numbers under its name\n%s", element)
}

var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}

func equal(a, b crypto.PublicKey) bool {
	comparable, isKey := a.(interface{ Equal(crypto.PublicKey) bool })
	return isKey && comparable.Equal(b)
}
