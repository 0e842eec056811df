package run_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// newLookupWorld returns a world whose mapping looks the name up by the lookup l, and then the city of what it found.
func newLookupWorld(t *testing.T, l config.Lookup) *world {
	w := newWorld(t, func(s *config.Touchpoint) { s.Mapping = "looked" })
	if l.Expect == "" {
		l.Expect = "0..1"
	}
	l.Refresh = config.Duration(15 * time.Minute)
	w.model.Lookups = map[string]*config.Resource[config.Lookup]{"outside": {Spec: l}}
	w.model.Mappings["looked"] = &config.Resource[config.Mapping]{Spec: config.Mapping{Fields: config.Fields{
		{Name: "id", Field: config.Field{From: "id"}},
		{Name: "name", Field: config.Field{From: "name", Lookup: "outside", Required: true}},
		{Name: "rev", Field: config.Field{From: "rev"}},
	}}}
	return w
}

func bySide(miss config.Miss) config.Lookup {
	return config.Lookup{Connection: "side", Object: "side", Key: []string{"id"}, Value: "name", Miss: miss}
}

// TestLookupByConnection shows that a batch asks once for everything it needs, and that what is missing or blank concerns its own record alone.
func TestLookupByConnection(t *testing.T) {
	w := newLookupWorld(t, bySide(config.Miss{Action: "reject"}))
	w.partner("a", "Ada", 7)
	w.partner("g", "Grace", 7)
	w.put("o1", "a", 1)
	w.put("o2", "g", 2)
	w.put("o3", "nobody", 3)
	w.put("o4", " ", 4)
	w.put("o5", "a", 5)
	reads := w.countReads()
	w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 5, Created: 3, Rejected: 2})
	if d := cmp.Diff(w.arrived(), map[string]string{"o1": "Ada", "o2": "Grace", "o5": "Ada"}); d != "" {
		t.Errorf("arrived (-got +want):\n%s", d)
	}
	rules := map[string]string{}
	for _, l := range w.letters(state.DeadLetterOpen) {
		rules[string(l.Key)] = l.Kind + " " + l.Field + " " + l.Rule
	}
	want := map[string]string{`["o3"]`: "MissingReference name lookup", `["o4"]`: "Invalid name blank-key"}
	if d := cmp.Diff(rules, want); d != "" {
		t.Errorf("dead letters (-got +want):\n%s", d)
	}
	if *reads != 1 {
		t.Errorf("%d reads for one batch", *reads)
	}
}

// TestLookupChains shows that a lookup can take its key from what another has found.
func TestLookupChains(t *testing.T) {
	w := newLookupWorld(t, bySide(config.Miss{Action: "reject"}))
	w.model.Lookups["again"] = w.model.Lookups["outside"]
	w.model.Mappings["looked"].Spec.Fields = config.Fields{
		{Name: "id", Field: config.Field{From: "name", Lookup: "outside", Required: true}},
		{Name: "name", Field: config.Field{From: "$out.id", Lookup: "again", Required: true}},
	}
	w.partner("a", "g", 1)
	w.partner("g", "Grace", 1)
	w.put("o1", "a", 1)
	reads := w.countReads()
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
	if d := cmp.Diff(w.arrived(), map[string]string{"g": "Grace"}); d != "" || *reads != 2 {
		t.Errorf("%d reads, arrived (-got +want):\n%s", *reads, d)
	}
}

// TestLookupMissActions shows what a miss does elsewhere: skip, default, and wait until it comes, or for as long as is said.
func TestLookupMissActions(t *testing.T) {
	w := newLookupWorld(t, bySide(config.Miss{Action: "skip"}))
	w.put("o1", "nobody", 1)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Skipped: 1})

	w = newLookupWorld(t, bySide(config.Miss{Action: "default", Default: []byte(`"unknown"`)}))
	w.put("o1", "nobody", 1)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
	if w.arrived()["o1"] != "unknown" {
		t.Errorf("arrived: %v", w.arrived())
	}

	w = newLookupWorld(t, bySide(config.Miss{Action: "wait", Wait: config.Duration(72 * time.Hour)}))
	w.put("o1", "late", 1)
	w.put("o2", "never", 1)
	w.want(w.run(run.Options{}), state.RunFailed, state.Counts{Read: 2, Rejected: 2})
	w.clock.add(71 * time.Hour)
	w.partner("late", "here", 1)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 2, Created: 1, Duplicates: 1})
	w.clock.add(2 * time.Hour)
	w.run(run.Options{}) // it tries a last time, and the wait is over
	l := w.letters(state.DeadLetterOpen)
	if len(l) != 1 || l[0].Waits {
		t.Fatalf("dead letters: %+v", l)
	}
	w.partner("never", "too late", 1)
	w.run(run.Options{})
	if w.arrived()["o2"] != "" {
		t.Error("a record was tried again after its wait was over")
	}
}

// TestLookupAnswerIsAsked shows that an application that answers with other records than were asked for finds nothing.
func TestLookupAnswerIsAsked(t *testing.T) {
	w := newLookupWorld(t, bySide(config.Miss{Action: "default", Default: []byte(`"none"`)}))
	w.aside.deaf = true
	w.partner("z", "Zoe", 1)
	w.put("o1", "nobody", 1)
	w.want(w.run(run.Options{}), state.RunFailed, state.Counts{Read: 1, Rejected: 1})
	if l := w.letters(state.DeadLetterOpen); len(l) != 1 || l[0].Rule != "lookup-refused" {
		t.Errorf("dead letters: %+v", l)
	}
}

// TestLookupByLedger shows both directions: where a source record went, and where a destination's record came from.
func TestLookupByLedger(t *testing.T) {
	w := newLookupWorld(t, config.Lookup{Ledger: "flow", Direction: "forward", Key: []string{"id"}, Miss: config.Miss{Action: "default", Default: []byte(`"none"`)}})
	w.put("o1", "o0", 1)
	w.run(run.Options{})
	if got := w.arrived()["o1"]; got != "none" {
		t.Errorf("a record that never went found %q", got)
	}
	w.put("o2", "o1", 2)
	w.run(run.Options{})
	if got := w.arrived()["o2"]; got != "o1" {
		t.Errorf("forward found %q", got)
	}
	w.model.Lookups["outside"].Spec.Direction = "reverse"
	w.put("o3", "o2", 3)
	w.run(run.Options{})
	if got := w.arrived()["o3"]; got != "o2" {
		t.Errorf("reverse found %q", got)
	}
}
