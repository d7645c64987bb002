package validator

import (
	"fmt"
	"sync"
	"testing"
)

// Names that callers make up do not fill the memory, and are counted all the same.
func TestShadowCountsAreBounded(t *testing.T) {
	g := NewGuard(nil)
	if counts := g.ShadowCounts(); counts == nil || len(counts) > 0 {
		t.Errorf("before: %v", counts)
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range maxShadowed {
				g.shadowed.add("known")
				g.shadowed.add(fmt.Sprint(i, " ", j))
			}
		})
	}
	wg.Wait()
	counts := g.ShadowCounts()
	var sum uint64
	for _, n := range counts {
		sum += n
	}
	if counts["known"] != 4*maxShadowed || len(counts) > maxShadowed+1 || sum != 8*maxShadowed {
		t.Errorf("%d names, %d in all, %d of a known one", len(counts), sum, counts["known"])
	}
	counts["known"] = 0
	if g.ShadowCounts()["known"] == 0 {
		t.Error("the caller's map is the guard's own")
	}
}
