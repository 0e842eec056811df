package run_test

import (
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// TestClosedPausesTheRun holds that a run asks nothing while one of its connections is closed, from within a run too, and goes on after it from
// where it was.
func TestClosedPausesTheRun(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(25)
	w.model.Connections["to"].Spec.Closed = []config.Window{{Cron: "5 12 * * *", For: config.Duration(time.Hour), Reason: "backup"}}
	closed := func() bool {
		now := w.clock.now()
		return !now.Before(time.Date(2026, 3, 1, 12, 5, 0, 0, time.UTC)) && now.Before(time.Date(2026, 3, 1, 13, 5, 0, 0, time.UTC))
	}
	batches := 0
	w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
		if closed() {
			t.Errorf("written at %v", w.clock.now())
		}
		if batches++; batches == 1 {
			w.clock.add(6 * time.Minute) // into the window, within the first batch
		}
		return send()
	}
	id, f := w.start(), w.flow("r1")
	paused := time.Duration(0)
	for range 20 {
		more := must(w.runner.Slice(t.Context(), f, id, run.Options{}))(t)
		if !more.Again {
			break
		}
		if more.After > 15*time.Minute {
			t.Errorf("it does not look again for %v", more.After)
		}
		paused += more.After
		w.clock.add(more.After)
	}
	if paused < 58*time.Minute || paused > time.Hour {
		t.Errorf("paused for %v", paused)
	}
	w.want(must(w.store.Run(t.Context(), id))(t), state.RunSucceeded, state.Counts{Read: 25, Created: 25})
	if n := len(w.arrived()); n != 25 {
		t.Errorf("%d records arrived", n)
	}
}
