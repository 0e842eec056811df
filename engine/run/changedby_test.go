package run_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/mem"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

func newWatchWorld(t *testing.T, edit func(*config.Touchpoint)) (*world, *household, *mem.Table) {
	return newIncludeWorld(t, func(s *config.Touchpoint) {
		s.Source.ChangedBy = []config.ChangedBy{{Object: "payments", Key: "of"}}
		if edit != nil {
			edit(s)
		}
	})
}

func TestChangeElsewhereBringsTheRecordAgain(t *testing.T) {
	w, h, payments := newWatchWorld(t, nil)
	w.fill(25)
	w.run(run.Options{})
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{})

	pay(payments, "p1", "a07", 1) // the record itself does not change, nor does its version
	pay(payments, "p2", "a07", 2)
	pay(payments, "p3", "a09", 3)
	pay(payments, "p4", "nobody", 4)
	again := 0
	h.open = func(r adapters.ReadRequest) error {
		if r.Object == "from" && r.Mode == adapters.ReadKeys {
			again += len(r.Keys)
		}
		return nil
	}
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 2, Updated: 2})
	if got := w.arrived(); got["a07"] != "p1 p2" || got["a09"] != "p3" {
		t.Errorf("arrived %v", got)
	}
	if again != 3 {
		t.Errorf("%d records were asked for, want each once", again)
	}
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{})
}

// A record that changed itself, too, is written once: what is read later is the same by key and version.
func TestChangeHereAndElsewhereIsOne(t *testing.T) {
	w, _, payments := newWatchWorld(t, nil)
	w.fill(5)
	w.run(run.Options{})
	w.put("a03", "other", 6)
	pay(payments, "p1", "a03", 1)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 2, Updated: 1, Duplicates: 1})
}

// Whatever fails, and wherever the run is taken up again, no change elsewhere is lost.
func TestKilledAroundAChangeElsewhere(t *testing.T) {
	for at := range 14 {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			w, h, payments := newWatchWorld(t, nil)
			w.fill(12)
			w.run(run.Options{})
			for i := range 8 {
				pay(payments, fmt.Sprintf("p%d", i), fmt.Sprintf("a%02d", i+1), int64(i+1))
			}
			w.put("a12", "other", 100)
			n := 0
			h.next = func(object string) error {
				if n++; n == at+1 {
					return &adapters.Error{Kind: adapters.Internal, Op: "reading", Object: object} // the run ends here, as a killed one does
				}
				return nil
			}
			w.run(run.Options{})
			h.next = nil
			w.run(run.Options{})
			for i := range 8 {
				if got := w.arrived()[fmt.Sprintf("a%02d", i+1)]; got != fmt.Sprintf("p%d", i) {
					t.Errorf("record %d came with %q", i+1, got)
				}
			}
		})
	}
}

func TestWatchingHasAPlaceOfItsOwn(t *testing.T) {
	w, h, payments := newWatchWorld(t, nil)
	w.fill(3)
	pay(payments, "p1", "a01", 7)
	w.run(run.Options{})
	var from []string
	h.open = func(r adapters.ReadRequest) error {
		if r.Mode == adapters.ReadIncremental {
			from = append(from, r.Object+" "+string(r.From))
		}
		return nil
	}
	w.run(run.Options{})
	if want := []string{"payments 7/p1", "from 3/a03"}; !slices.Equal(from, want) {
		t.Errorf("read from %q, want %q", from, want)
	}
}

// A flow that begins to watch keeps its own place, and so does one that stops.
func TestWatchingBeginsAndEnds(t *testing.T) {
	w, _, payments := newWatchWorld(t, func(s *config.Touchpoint) { s.Source.ChangedBy = nil })
	w.fill(3)
	w.run(run.Options{})
	spec := &w.model.Touchpoints["flow"].Spec
	spec.Source.ChangedBy = []config.ChangedBy{{Object: "payments", Key: "of"}}
	pay(payments, "p1", "a01", 1)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Updated: 1})
	spec.Source.ChangedBy = nil
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{})
	w.put("a04", "new", 9)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
}

// An overlap reads changes elsewhere again, and what has been seen of them brings nothing.
func TestOverlapSeesChangesElsewhereOnce(t *testing.T) {
	w, h, payments := newWatchWorld(t, func(s *config.Touchpoint) {
		s.Source.Overlap = config.Duration(time.Minute)
		s.Destination.Unchanged = "send"
	})
	h.again = "payments" // as an overlap does that reaches far back
	w.fill(3)
	pay(payments, "p1", "a01", 1)
	w.run(run.Options{})
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{})
	pay(payments, "p2", "a01", 2)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Updated: 1})
}
