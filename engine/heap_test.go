package engine_test

import (
	"testing"

	"github.com/dray-sync/dray/adapters/all"
	"github.com/dray-sync/dray/engine/enginetest"
)

// TestHeapIsFlat holds that what an agent keeps depends on the revision it serves, and not on how many came before.
func TestHeapIsFlat(t *testing.T) {
	revisions := 1000
	if testing.Short() {
		revisions = 250
	}
	heaps, err := enginetest.Heaps(t.Context(), all.Registry(), t.TempDir(), 100, revisions)
	check(t, err)
	t.Logf("heap after 100 revisions: %d KiB, after %d: %d KiB", heaps[0]>>10, revisions, heaps[1]>>10)
	if growth := float64(heaps[1])/float64(heaps[0]) - 1; growth > 0.1 || growth < -0.1 {
		t.Errorf("from revision 100 to %d the heap changed by %.1f %%, want 10 %% at most: %d and %d bytes", revisions, 100*growth, heaps[0], heaps[1])
	}
}
