package run_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// ending gives the touchpoint a route for records whose name is gone, which the destination ends in some way.
func ending(edit func(c *config.Case)) func(*config.Touchpoint) {
	return func(s *config.Touchpoint) {
		s.Limits.MaxDeletes = &config.Limit{Count: 5}
		c := config.Case{
			Name: "ended", When: `name == "gone"`, WhenMissing: "reject", WhenRefused: "reject",
			Destination: config.DestinationSpec{Object: "to", Write: "delete", Target: "ledger", Unchanged: "ledger"},
		}
		if edit != nil {
			edit(&c)
		}
		s.Routes = &config.Routes{Match: "first", Cases: []config.Case{c}}
	}
}

func cancels(c *config.Case) { c.Destination.Write, c.Destination.Action = "action", "cancel" }

func TestRouteDeletes(t *testing.T) {
	for name, edit := range map[string]func(*config.Case){
		"found by the ledger": nil,
		"found by its key":    func(c *config.Case) { c.Destination.Target, c.Destination.Key = "", []string{"id"} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ending(edit))
			w.fill(3)
			w.run(run.Options{})
			w.put("a02", "gone", 4)
			w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Deleted: 1})
			if d := cmp.Diff(w.arrived(), map[string]string{"a01": "name 1", "a03": "name 3"}); d != "" {
				t.Errorf("arrived (-got +want):\n%s", d)
			}
			if n := must(w.store.LiveKeys(t.Context(), w.tp.ID))(t); n != 2 {
				t.Errorf("the ledger has %d live keys", n)
			}
			w.src.again = true
			w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{Read: 3, Duplicates: 3})
			w.put("a02", "back", 5)
			w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Duplicates: 2, Created: 1})
		})
	}
}

func TestRouteDeletesWithinTheLimit(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) {
		ending(nil)(s)
		s.Limits.MaxDeletes = nil // nothing, unless said
	})
	w.fill(2)
	w.run(run.Options{})
	w.put("a02", "gone", 4)
	if r := w.run(run.Options{}); r.Status != state.RunParked || r.Code != "LimitReached" || len(w.arrived()) != 2 {
		t.Errorf("run ended %s %s, arrived %v", r.Status, r.Code, w.arrived())
	}
}

func TestRouteActs(t *testing.T) {
	w := newWorld(t, ending(cancels))
	w.to.Actions = []string{"cancel"}
	w.fill(3)
	w.run(run.Options{})
	w.put("a02", "gone", 4)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Updated: 1})
	w.put("a02", "gone", 5) // cancelled already
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Unchanged: 1})
	if d := cmp.Diff(w.to.Acted("cancel"), []string{"a02"}); d != "" {
		t.Errorf("acted (-got +want):\n%s", d)
	}
	w.clock.add(time.Second)
	w.put("a02", "back", 6)
	w.run(run.Options{})
	w.put("a02", "gone", 7) // written since
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Updated: 1})
	if n := len(w.to.Acted("cancel")); n != 2 {
		t.Errorf("cancelled %d times", n)
	}
}

// A record that was never delivered has nothing to be cancelled at the destination: no other record may be meant.
func TestTargetThatTheLedgerDoesNotKnow(t *testing.T) {
	for missing, want := range map[string]state.Counts{"reject": {Read: 1, Rejected: 1}, "skip": {Read: 1, Skipped: 1}} {
		w := newWorld(t, ending(func(c *config.Case) {
			cancels(c)
			c.WhenMissing = missing
		}))
		w.to.Actions = []string{"cancel"}
		w.put("a01", "gone", 1)
		if r := w.run(run.Options{}); r.Counts != want {
			t.Errorf("%s: counts %+v", missing, r.Counts)
		}
		if n := len(w.to.Acted("cancel")); n != 0 {
			t.Errorf("%s: acted %d times", missing, n)
		}
		if l := w.letters(state.DeadLetterOpen); len(l) != int(want.Rejected) || len(l) > 0 && l[0].Kind != adapters.NotFound.String() {
			t.Errorf("%s: dead letters: %+v", missing, l)
		}
	}
}

// After a reset the ledger speaks of another destination.
func TestTargetOfAnEarlierGenerationIsNotTrusted(t *testing.T) {
	w := newWorld(t, ending(nil))
	w.fill(2)
	w.run(run.Options{})
	if _, err := w.store.ResetTouchpoint(t.Context(), w.tp.ID); err != nil {
		t.Fatal(err)
	}
	w.put("a01", "gone", 3)
	r := w.run(run.Options{})
	w.want(r, state.RunPartial, state.Counts{Read: 2, Unchanged: 1, Rejected: 1})
	if len(w.arrived()) != 2 {
		t.Errorf("arrived %v", w.arrived())
	}
}
