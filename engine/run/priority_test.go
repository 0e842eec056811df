package run_test

import (
	"testing"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/run"
)

// TestPriorityReachesTheConnection shows that what a touchpoint asks is asked with its priority.
func TestPriorityReachesTheConnection(t *testing.T) {
	for said, want := range map[string]connect.Priority{"": connect.Normal, "normal": connect.Normal, "high": connect.High, "low": connect.Low} {
		w := newWorld(t, func(s *config.Touchpoint) { s.Priority = said })
		w.src.rank = want + 10
		w.fill(1)
		w.run(run.Options{})
		if w.src.rank != want {
			t.Errorf("priority: %q: asked with %d, want %d", said, w.src.rank, want)
		}
	}
}
