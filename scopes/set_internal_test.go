package scopes

import (
	"runtime"
	"strings"
	"testing"
)

// What is left out of a set does not stay in memory with it.
func TestSetsHoldOnlyTheirValues(t *testing.T) {
	const n, values = 100, 10_000
	for name, scope := range map[string]string{
		"empty values":      strings.Repeat(" ", values),
		"one and many more": "a" + strings.Repeat(" a", values),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		sets := make([]Set, n)
		for i := range sets {
			sets[i] = Granted(scope)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n; each > values {
			t.Errorf("%s: %d bytes for a set of %d", name, each, sets[0].Len())
		}
		runtime.KeepAlive(sets)
	}
}
