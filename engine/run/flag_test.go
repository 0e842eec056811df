package run_test

import (
	"testing"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// newFlagWorld returns a world whose source marks what is to be fetched by the name "open", which a write-back changes.
func newFlagWorld(t *testing.T, value string) *world {
	w := newWorld(t, func(s *config.Touchpoint) {
		s.Source.Read = "flag"
		s.WriteBack = []config.WriteBack{{On: "delivered", Object: "from", Write: "update", Fields: config.Fields{
			{Name: "name", Field: config.Field{Value: []byte(value)}},
		}}}
	})
	w.join()
	return w
}

func TestFlagIsReadUntilItIsCleared(t *testing.T) {
	w := newFlagWorld(t, `"closed"`)
	w.put("a", "open", 1)
	w.put("b", "other", 2)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{})
	w.put("a", "open", 3) // somebody wants it again
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Unchanged: 0, Updated: 1})
}

// A flag that nothing takes away would have every run read, and send, the same records.
func TestFlagThatStaysIsSaid(t *testing.T) {
	w := newFlagWorld(t, `"open"`)
	w.put("a", "open", 1)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
	r := w.run(run.Options{})
	w.want(r, state.RunPartial, state.Counts{Read: 1, Duplicates: 1})
	if r.Code != run.CodeFlagStays {
		t.Errorf("code %q, want %q", r.Code, run.CodeFlagStays)
	}
}
