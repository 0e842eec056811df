package engine

import (
	"testing"
	"time"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/state"
)

// TestTurnAfter decides about a run that is due at noon, and comes after another within ten minutes.
func TestTurnAfter(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	ran := func(status state.RunStatus, due int) *state.Run {
		return &state.Run{Status: status, DueAt: at(due), CreatedAt: at(due)}
	}
	for _, tc := range []struct {
		name      string
		before    predecessor
		now       int
		succeeded turn
		completed turn
	}{
		{"its run of this time has succeeded", predecessor{wave: noon, last: ran(state.RunSucceeded, 0)}, 1, turnCome, turnCome},
		{"it had nothing to do", predecessor{wave: noon, last: ran(state.RunEmpty, 0)}, 1, turnCome, turnCome},
		{"it has not begun", predecessor{wave: noon, last: ran(state.RunSucceeded, -60)}, 1, turnWaits, turnWaits},
		{"it was due shortly before and has not begun", predecessor{wave: at(-5), last: ran(state.RunSucceeded, -60)}, 1, turnWaits, turnWaits},
		{"it was triggered by hand since", predecessor{wave: at(-5), last: &state.Run{Status: state.RunSucceeded, CreatedAt: at(-4)}}, 1, turnCome, turnCome},
		{"it runs", predecessor{wave: noon, active: true, last: ran(state.RunRunning, 0)}, 1, turnWaits, turnWaits},
		{"it runs for too long", predecessor{wave: noon, active: true, last: ran(state.RunRunning, 0)}, 10, turnLost, turnCome},
		{"it failed", predecessor{wave: noon, last: ran(state.RunFailed, 0)}, 1, turnWaits, turnCome},
		{"it failed and did not get better", predecessor{wave: noon, last: ran(state.RunFailed, 0)}, 10, turnLost, turnCome},
		{"some of its records were rejected", predecessor{wave: noon, last: ran(state.RunPartial, 0)}, 10, turnLost, turnCome},
		{"it never begins", predecessor{wave: noon, last: ran(state.RunSucceeded, -60)}, 10, turnLost, turnCome},
		{"it ran in the night", predecessor{last: ran(state.RunSucceeded, -600)}, 0, turnCome, turnCome},
		{"it failed in the night", predecessor{last: ran(state.RunFailed, -600)}, 0, turnWaits, turnCome},
		{"it never ran", predecessor{}, 0, turnCome, turnCome},
		{"it never ran and is about to", predecessor{atOnce: true}, 0, turnWaits, turnWaits},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for on, want := range map[string]turn{"succeeded": tc.succeeded, "completed": tc.completed} {
				a := config.After{Touchpoint: "customers", On: on, Within: config.Duration(10 * time.Minute)}
				if got := turnAfter(a, tc.before, noon, at(tc.now)); got != want {
					t.Errorf("%s: got %d, want %d", on, got, want)
				}
			}
		})
	}
}
