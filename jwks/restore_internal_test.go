package jwks

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSaveDoesNotQueue: behind a disk that hangs there is one goroutine, not one
// for each refresh. No disk can be made to hang here, so the lock of a write that
// is under way stands for it.
func TestSaveDoesNotQueue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.json")
	r, err := NewRemote(Config{URL: "https://auth.example.com/keys", CacheFile: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	exists := func() bool { _, err := os.Stat(path); return err == nil }
	r.cache.writing.Lock()
	if r.save(&snapshot{set: new(Set)}); exists() {
		t.Error("two writers at the same time")
	}
	r.cache.writing.Unlock()
	if r.save(&snapshot{set: new(Set)}); !exists() || r.Status().CacheError != nil {
		t.Errorf("not saved: %v", r.Status().CacheError)
	}
}
