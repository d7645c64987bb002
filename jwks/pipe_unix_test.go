//go:build unix

package jwks_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bearerguard/bearerguard/jwks"
)

// TestFileThatIsAPipe: opening a pipe waits until somebody writes to it.
func TestFileThatIsAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	r := fromFile(t, path)
	_, err := r.Current(t.Context())
	if unavailable(t, err); !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("%v", err)
	}
}

// TestCacheFileMode: nobody else may read or write the file, whatever the umask.
func TestCacheFileMode(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	path := filepath.Join(t.TempDir(), "cache.json")
	is := newIssuer(t, published("a"))
	r := is.remote(t, func(c *jwks.Config) { c.CacheFile = path })
	if err := r.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = r.Close() // waits for the file
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}
