package jwks_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

func cachedAt(path string) func(*jwks.Config) {
	return func(c *jwks.Config) { c.CacheFile = path }
}

// keep makes an issuer's set go to the file and stops there.
func keep(t *testing.T, path, document string) {
	t.Helper()
	r := newIssuer(t, document).remote(t, cachedAt(path))
	current(t, r)
	synctest.Wait()
	if err := r.Status().CacheError; err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestCacheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cache.json")
		keep(t, path, document(describe("a", edKey(1)), describe("b", rsaKey()).with("alg", "PS384"),
			describe("", ecKey("P-384", "x")), `{"kid":"bad","kty":"oct","k":"secret"}`))
		if strings.Contains(read(t, path), "secret") {
			t.Error("what was not admitted was saved")
		}

		time.Sleep(30 * time.Minute)
		is := newIssuer(t, published("c"))
		is.hang()
		var rec recorder
		r := is.remote(t, cachedAt(path), func(c *jwks.Config) { c.OnEvent = rec.note })
		began := time.Now()
		set, err := r.Current(t.Context())
		if err != nil || time.Since(began) > 5*time.Second {
			t.Fatalf("%v after %v", err, time.Since(began))
		}
		if want := "refresh failed 1: key set at /keys: no complete response within 5s; cache restored 3 30m5s; " +
			"key added a; key added b; key added; stale served 30m5s"; rec.since() != want {
			t.Errorf("events, want %s", want)
		}
		s := r.Status()
		if !s.Usable || s.Age != 30*time.Minute+5*time.Second || !s.LastSuccess.IsZero() || s.Failures != 1 ||
			s.URL != "file://"+filepath.ToSlash(path) || !slices.Equal(s.KeyIDs, []string{"a", "b", ""}) || s.CacheError != nil {
			t.Errorf("status %+v", s)
		}
		// An id that is not in it cannot be judged.
		_, err = r.Newer(t.Context(), set)
		unavailable(t, err)

		// Its time runs on from when the issuer confirmed it.
		time.Sleep(24 * time.Minute)
		current(t, r)
		time.Sleep(6 * time.Minute)
		_, err = r.Current(t.Context())
		unavailable(t, err)

		is.serve(published("c"))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if set := current(t, r); !has(set, "c") || has(set, "a") || !strings.Contains(read(t, path), `"kid":"c"`) {
			t.Errorf("keys %v, saved %s", r.Status().KeyIDs, read(t, path))
		}
	})
}

// TestCacheFileKeepsKeys: every type of key comes back as the same key.
func TestCacheFileKeepsKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cache.json")
		small := ecKey("P-256", "a") // coordinates with leading zeros keep them
		for i := 0; ; i++ {
			if x, _ := coordinates(small); x[0] == 0 {
				break
			}
			small = ecKey("P-256", fmt.Sprint("small", i))
		}
		doc := document(describe("1", rsaKey()), describe("2", rsaKey()).with("alg", "RS512"), describe("3", small),
			describe("4", ecKey("P-384", "a")), describe("5", ecKey("P-521", "a")).with("alg", "ES512"),
			describe("6", edKey(1)), describe("7", edKey(2)).with("alg", "EdDSA"), describe(`"\<é`, edKey(3)), describe("", edKey(4)))
		keep(t, path, doc)
		is := newIssuer(t, doc)
		is.refuse()
		r := is.remote(t, cachedAt(path))
		restored := current(t, r)
		is.serve(doc)
		time.Sleep(5 * time.Second)
		if set := current(t, r); set != restored || r.Status().Failures != 0 || set.Len() != 9 {
			t.Errorf("%d keys came back as %d others", set.Len(), restored.Len())
		}
	})
}

// TestCacheFileWithABadKey: admission is the same as for a response.
func TestCacheFileWithABadKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cache.json")
		keep(t, path, published("a"))
		put(t, path, strings.Replace(read(t, path), "[{", `[{"kty":"RSA","kid":"bad","n":"AQAB","e":"AQAB"},{`, 1))
		is := newIssuer(t, "")
		is.refuse()
		var rec recorder
		r := is.remote(t, cachedAt(path), func(c *jwks.Config) { c.OnEvent = rec.note })
		if set := current(t, r); has(set, "bad") || !has(set, "a") || len(r.Status().Dropped) != 1 {
			t.Errorf("status %+v", r.Status())
		}
		if got := rec.since(); !strings.Contains(got, "key dropped bad modulus too short or too long") {
			t.Errorf("events: %s", got)
		}
	})
}

// TestCacheFileIsForTheStart: the issuer comes first, and so does any set that it
// has confirmed since.
func TestCacheFileIsForTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cache.json")
		keep(t, path, published("old"))
		is := newIssuer(t, published("new"))
		r := is.remote(t, cachedAt(path))
		if set := current(t, r); has(set, "old") || !has(set, "new") {
			t.Errorf("keys %v", r.Status().KeyIDs)
		}
		synctest.Wait()
		put(t, path, strings.Replace(read(t, path), `"kid":"new"`, `"kid":"evil"`, 1))
		is.refuse()
		time.Sleep(20 * time.Minute)
		if set := current(t, r); !has(set, "new") {
			t.Errorf("keys %v", r.Status().KeyIDs)
		}
	})
}

// TestCacheFileIsConfirmed: the file is as young as the last answer, even if that
// was only that nothing has changed.
func TestCacheFileIsConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cache.json")
		is := newIssuer(t, "")
		is.answer(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"1"`)
			if r.Header.Get("If-None-Match") != "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			fmt.Fprint(w, published("a"))
		})
		r := is.remote(t, cachedAt(path))
		current(t, r)
		time.Sleep(5 * time.Hour)
		is.refuse()
		_ = r.Close()
		if set := current(t, is.remote(t, cachedAt(path))); !has(set, "a") {
			t.Error("the key is gone")
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) != 1 {
			t.Errorf("files %v", left)
		}
	})
}

// TestCacheFileRefused: what must not be used is not, and the reason is told.
func TestCacheFileRefused(t *testing.T) {
	replace := func(old, new string) func(string) string {
		return func(good string) string {
			if !strings.Contains(good, old) {
				panic(good)
			}
			return strings.Replace(good, old, new, 1)
		}
	}
	const notCache = "not a saved key set: a JWK Set with string members source and confirmed"
	tests := map[string]struct {
		change func(string) string
		after  time.Duration
		want   string // in CacheError; empty: it is used
	}{
		"good":                {replace("", ""), 0, ""},
		"just young enough":   {replace("", ""), time.Hour - time.Second, ""},
		"too old":             {replace("", ""), time.Hour, "older than MaxStale"},
		"from the future":     {replace("2000-01-01T00:00:00Z", "2000-01-01T01:00:00Z"), 0, "was confirmed in the future"},
		"other URL":           {replace(keysURL, "https://auth.example.org/keys"), 0, "has the keys of another issuer or URL"},
		"plain key set":       {func(string) string { return published("a") }, 0, notCache},
		"no source":           {replace(`"source":"`+keysURL+`",`, ""), 0, "has the keys of another issuer or URL"},
		"source twice":        {replace(`{"source"`, `{"source":"`+keysURL+`","source"`), 0, notCache},
		"source a number":     {replace(`"`+keysURL+`"`, "1"), 0, notCache},
		"no time":             {replace("2000-01-01T00:00:00Z", ""), 0, notCache},
		"time a number":       {replace(`"2000-01-01T00:00:00Z"`, "946684800"), 0, notCache},
		"another time":        {replace("2000-01-01T00:00:00Z", "1 January 2000"), 0, notCache},
		"a key is bad":        {replace(`"kty":"EC"`, `"kty":"oct"`), 0, "the key set has keys but none that can be used"},
		"no keys":             {func(good string) string { return good[:strings.Index(good, "[")] + "[]}" }, 0, "the key set is empty"},
		"cut off":             {func(good string) string { return good[:len(good)/2] }, 0, notCache},
		"empty":               {func(string) string { return "" }, 0, notCache},
		"garbage":             {func(string) string { return "secret" }, 0, notCache},
		"larger than allowed": {func(good string) string { return good + strings.Repeat(" ", 1<<20) }, 0, "response too large"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cache.json")
			synctest.Test(t, func(t *testing.T) {
				keep(t, path, published("a"))
				put(t, path, tt.change(read(t, path)))
				time.Sleep(tt.after)
				is := newIssuer(t, "")
				is.refuse()
				var rec recorder
				r := is.remote(t, cachedAt(path), func(c *jwks.Config) { c.OnEvent = rec.note })
				_, err := r.Current(t.Context())
				if tt.want == "" {
					if err != nil || r.Status().CacheError != nil {
						t.Errorf("%v, %v", err, r.Status().CacheError)
					}
					return
				}
				unavailable(t, err)
				if got := r.Status().CacheError; got == nil || got.Error() != tt.want || strings.Contains(got.Error(), "secret") {
					t.Errorf("CacheError = %v, want %q", got, tt.want)
				}
				if got := rec.since(); !strings.HasPrefix(got, "cache failed: "+tt.want+"; refresh failed 1") {
					t.Errorf("events: %s", got)
				}
				// It is told once, though every attempt looks again.
				time.Sleep(time.Minute)
				if got := rec.since(); strings.Contains(got, "cache") {
					t.Errorf("events: %s", got)
				}
			})
		})
	}
}

// TestCacheFileOfAnIssuer is about discovery: it is the issuer that counts, and not
// where its keys were.
func TestCacheFileOfAnIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cache.json")
		is := newIssuer(t, "")
		s := newSite(is)
		s.set(rfc, metadata(host, keysURL))
		s.set("/keys", published("a"))
		r := is.remote(t, cachedAt(path), discovering(host))
		current(t, r)
		synctest.Wait()
		_ = r.Close()
		is.refuse()
		if set := current(t, is.remote(t, cachedAt(path), discovering(host))); !has(set, "a") {
			t.Error("the key is gone")
		}
		_, err := is.remote(t, cachedAt(path), discovering(host+"/other")).Current(t.Context())
		unavailable(t, err)
	})
}

// TestCacheFileThatCannotBeWritten costs nothing but an event, and leaves nothing
// behind.
func TestCacheFileThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "missing")
		is := newIssuer(t, published("a"))
		var rec recorder
		r := is.remote(t, cachedAt(filepath.Join(folder, "cache.json")), func(c *jwks.Config) { c.OnEvent = rec.note })
		current(t, r)
		if got := rec.since(); strings.Count(got, "cache failed") != 1 || r.Status().CacheError == nil {
			t.Errorf("events: %s", got)
		}
		time.Sleep(time.Hour)
		if got := rec.since(); strings.Contains(got, "cache failed") || !has(current(t, r), "a") {
			t.Errorf("events: %s", got)
		}
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if err := r.Status().CacheError; err != nil {
			t.Errorf("CacheError = %v", err)
		}
		// Where a folder is, nothing can be renamed to.
		remove(t, filepath.Join(folder, "cache.json"))
		if err := os.Mkdir(filepath.Join(folder, "cache.json"), 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if got := rec.since(); strings.Count(got, "cache failed") != 1 {
			t.Errorf("events: %s", got)
		}
		if left, _ := filepath.Glob(filepath.Join(folder, "*")); len(left) != 1 {
			t.Errorf("files %v", left)
		}
	})
}

// TestNoCacheFileYet: the first start ever is no failure of the file.
func TestNoCacheFileYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cache.json")
		is := newIssuer(t, "")
		is.refuse()
		r := is.remote(t, cachedAt(path))
		_, err := r.Current(t.Context())
		if unavailable(t, err); r.Status().CacheError != nil {
			t.Errorf("CacheError = %v", r.Status().CacheError)
		}
		// One that somebody puts there is found.
		keep(t, path, published("a"))
		time.Sleep(time.Second)
		synctest.Wait()
		current(t, r)
	})
}
