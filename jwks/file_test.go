package jwks_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

// put replaces a file by renaming.
func put(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// fromFile returns a Remote over a file.
func fromFile(t testing.TB, path string, options ...func(*jwks.Config)) *jwks.Remote {
	t.Helper()
	config := jwks.Config{File: path}
	for _, option := range options {
		option(&config)
	}
	r, err := jwks.NewRemote(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func TestFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys.json")
		put(t, path, published("a"))
		var rec recorder
		r := fromFile(t, path, func(c *jwks.Config) { c.OnEvent = rec.note })
		first := current(t, r)
		if s := r.Status(); !has(first, "a") || s.URL != "file://"+filepath.ToSlash(path) || s.Issuer != "" {
			t.Errorf("status %+v", s)
		}
		// However old it is, reading it confirms it.
		time.Sleep(24 * time.Hour)
		if current(t, r) != first {
			t.Error("the same file made another set")
		}
		// A change shows at the next refresh, a withdrawn key is gone then.
		put(t, path, published("b"))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if set := current(t, r); !has(set, "b") || has(set, "a") {
			t.Errorf("keys %v", r.Status().KeyIDs)
		}
		// And a new key at its first use.
		put(t, path, published("b", "c"))
		if set, err := r.Newer(t.Context(), current(t, r)); err != nil || !has(set, "c") {
			t.Errorf("Newer = %v, %v", set, err)
		}
		if got := rec.since(); !strings.Contains(got, "key added b; key removed a; rotation without overlap") {
			t.Errorf("events: %s", got)
		}
	})
}

// TestFileFaults: the rules for what comes over the network hold for files.
func TestFileFaults(t *testing.T) {
	faults := map[string]func(t *testing.T, path string){
		"gone":       func(t *testing.T, path string) { remove(t, path) },
		"empty":      func(t *testing.T, path string) { put(t, path, "") },
		"no keys":    func(t *testing.T, path string) { put(t, path, `{"keys":[]}`) },
		"garbage":    func(t *testing.T, path string) { put(t, path, "secret") },
		"all bad":    func(t *testing.T, path string) { put(t, path, `{"keys":[{"kty":"oct","k":"secret"}]}`) },
		"too large":  func(t *testing.T, path string) { put(t, path, strings.Repeat(" ", 1<<20)+published("evil")) },
		"endless":    func(t *testing.T, path string) { link(t, "/dev/zero", path) },
		"unreadable": func(t *testing.T, path string) { link(t, path, path) }, // for root, too
		"a folder": func(t *testing.T, path string) {
			remove(t, path)
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys.json")
			put(t, path, published("a"))
			synctest.Test(t, func(t *testing.T) {
				r := fromFile(t, path, func(c *jwks.Config) { c.RefreshInterval, c.MaxStale = time.Minute, 2*time.Minute })
				good := current(t, r)
				fault(t, path)
				for range 119 {
					time.Sleep(time.Second)
					if current(t, r) != good {
						t.Fatal("the good set is gone")
					}
				}
				if s := r.Status(); s.LastError == nil || !s.Usable {
					t.Errorf("status %+v", s)
				}
				time.Sleep(time.Second)
				_, err := r.Current(t.Context())
				if unavailable(t, err); strings.Contains(err.Error(), "secret") {
					t.Errorf("the error quotes the file: %v", err)
				}
				_ = os.RemoveAll(path)
				put(t, path, published("b"))
				time.Sleep(4 * time.Second)
				synctest.Wait()
				if set := current(t, r); !has(set, "b") || has(set, "evil") {
					t.Errorf("keys %v", r.Status().KeyIDs)
				}
			})
		})
	}
}

// TestRelativeFile: a later change of the working directory means nothing.
func TestRelativeFile(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "keys with space.json", published("a"))
	r := fromFile(t, "keys with space.json")
	t.Chdir(t.TempDir())
	if set, err := r.Current(t.Context()); err != nil || !has(set, "a") {
		t.Errorf("%v, %v", set, err)
	}
}

func remove(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func link(t testing.TB, to, path string) {
	t.Helper()
	remove(t, path)
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}
