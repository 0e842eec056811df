package run_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// target is a destination of these tests.
func target(connection, write string) config.DestinationSpec {
	return config.DestinationSpec{Connection: connection, Object: connection, Write: write, Key: []string{"id"}, Unchanged: "ledger"}
}

// routed sends what is called side… to side, and the rest to the touchpoint's own destination.
func routed(s *config.Touchpoint) {
	s.Routes = &config.Routes{Match: "first", Cases: []config.Case{
		{Name: "aside", When: `name startsWith "side"`, Destination: target("side", "upsert")},
	}}
}

func TestRoutes(t *testing.T) {
	always := config.Case{Name: "all", Destination: target("side", "upsert")}
	tests := map[string]struct {
		routes   config.Routes
		alone    bool // without a destination of its own
		to, side map[string]string
		counts   state.Counts
	}{
		"first": {
			routes: config.Routes{Match: "first", Cases: []config.Case{{Name: "one", When: `name == "one"`, Destination: target("side", "upsert")}, always}},
			alone:  true, to: map[string]string{}, side: map[string]string{"a": "one", "b": "two"}, counts: state.Counts{Read: 2, Created: 2},
		},
		"what takes no route goes to the destination": {
			routes: config.Routes{Match: "first", Cases: []config.Case{{Name: "one", When: `name == "one"`, Destination: target("side", "upsert")}}},
			to:     map[string]string{"b": "two"}, side: map[string]string{"a": "one"}, counts: state.Counts{Read: 2, Created: 2},
		},
		"what takes no route is left out": {
			routes: config.Routes{Match: "first", Cases: []config.Case{{Name: "one", When: `name == "one"`, Destination: target("side", "upsert")}}},
			alone:  true, to: map[string]string{}, side: map[string]string{"a": "one"}, counts: state.Counts{Read: 2, Filtered: 1, Created: 1},
		},
		"all": {
			routes: config.Routes{Match: "all", Cases: []config.Case{{Name: "one", When: `name == "one"`, Destination: target("to", "upsert")}, always}},
			alone:  true, to: map[string]string{"a": "one"}, side: map[string]string{"a": "one", "b": "two"}, counts: state.Counts{Read: 2, Created: 3},
		},
		"a mapping of its own": {
			routes: config.Routes{Match: "first", Cases: []config.Case{{Name: "one", Mapping: "loud", Destination: target("side", "upsert")}}},
			alone:  true, to: map[string]string{}, side: map[string]string{"a": "one!", "b": "two!"}, counts: state.Counts{Read: 2, Created: 2},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *config.Touchpoint) {
				s.Routes = &tt.routes
				if tt.alone {
					s.Destination = config.DestinationSpec{}
				}
			})
			w.model.Mappings["loud"] = &config.Resource[config.Mapping]{Spec: config.Mapping{Fields: config.Fields{
				{Name: "id", Field: config.Field{From: "id"}}, {Name: "name", Field: config.Field{Expr: `name + "!"`}}, {Name: "rev", Field: config.Field{From: "rev"}},
			}}}
			w.put("a", "one", 1)
			w.put("b", "two", 2)
			w.want(w.run(run.Options{}), state.RunSucceeded, tt.counts)
			if d := cmp.Diff([]map[string]string{w.arrived(), names(w.side)}, []map[string]string{tt.to, tt.side}); d != "" {
				t.Errorf("arrived (-got +want):\n%s", d)
			}
			w.src.again = true
			status := state.RunEmpty
			if tt.counts.Filtered > 0 {
				status = state.RunSucceeded
			}
			w.want(w.run(run.Options{}), status, state.Counts{Read: 2, Filtered: tt.counts.Filtered, Duplicates: 2 - tt.counts.Filtered})
		})
	}
}

func TestEachRouteHasItsOwnDeadLetters(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) {
		s.Destination = config.DestinationSpec{}
		s.Destinations = []config.NamedDestination{{Name: "x", DestinationSpec: target("to", "upsert")}, {Name: "y", DestinationSpec: target("side", "upsert")}}
		s.OnReject.Retry = &config.Retry{Every: config.Duration(time.Minute), For: config.Duration(time.Hour)}
	})
	w.side.Refuse = nil
	w.put("a", "bad", 1)
	w.put("b", "good", 2)
	w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 2, Created: 3, Rejected: 1})
	open := w.letters(state.DeadLetterOpen)
	if len(open) != 1 || open[0].Route != "x" {
		t.Fatalf("dead letters: %+v", open)
	}
	if c := w.checkpoint(); string(c.Cursor) != "2/b" {
		t.Errorf("checkpoint at %q", c.Cursor)
	}
	w.to.Refuse = nil
	calls := 0
	w.aside.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error { calls++; return send() }
	w.clock.add(2 * time.Minute)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
	if calls != 0 {
		t.Error("a record was sent again where it had been delivered")
	}
	if len(w.letters(state.DeadLetterReplayed)) != 1 || w.arrived()["a"] != "bad" {
		t.Errorf("arrived: %v", w.arrived())
	}
}

// The checkpoint waits for the route that is down, and what the others have is not sent again.
func TestOneRouteIsDown(t *testing.T) {
	for _, down := range []string{"to", "side"} {
		w := newWorld(t, routed)
		w.put("a", "one", 1)
		w.put("b", "side", 2)
		other := map[string]int{"to": 0, "side": 0}
		count := func(f *faults, name string) {
			f.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
				other[name]++
				if name == down && other[name] < 4 {
					return &adapters.Error{Kind: adapters.RateLimited, After: time.Minute}
				}
				return send()
			}
		}
		count(w.dst, "to")
		count(w.aside, "side")
		w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Created: 2, Duplicates: 1})
		delete(other, down)
		for name, n := range other {
			if n != 1 {
				t.Errorf("%s is down: %s was written %d times", down, name, n)
			}
		}
		if w.arrived()["a"] != "one" || names(w.side)["b"] != "side" {
			t.Errorf("%s is down: arrived %v and %v", down, w.arrived(), names(w.side))
		}
	}
}

func TestChangingRoutesSupersedesTheDeadLetter(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) {
		routed(s)
		s.Routes.Cases[0].When = `rev < 10`
	})
	w.put("a", "bad", 1)
	w.want(w.run(run.Options{}), state.RunFailed, state.Counts{Read: 1, Rejected: 1})
	w.put("a", "good", 11)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
	if open, gone := w.letters(state.DeadLetterOpen), w.letters(state.DeadLetterSuperseded); len(open) != 0 || len(gone) != 1 {
		t.Errorf("%d dead letters are open, %d superseded", len(open), len(gone))
	}
}

func TestConditionThatFailsSetsTheRecordAside(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) {
		routed(s)
		s.Routes.Cases[0].When = `div(10, rev - 1, 0, "down") > 3`
		s.OnReject.Retry = &config.Retry{Every: config.Duration(time.Minute), For: config.Duration(time.Hour)}
	})
	w.put("a", "one", 1)
	w.want(w.run(run.Options{}), state.RunFailed, state.Counts{Read: 1, Rejected: 1})
	open := w.letters(state.DeadLetterOpen)
	if len(open) != 1 || open[0].Field != "routes.aside" || open[0].Stage != state.StageHead {
		t.Fatalf("dead letters: %+v", open)
	}
	w.model.Touchpoints["flow"].Spec.Routes.Cases[0].When = "rev == 1"
	w.clock.add(2 * time.Minute)
	w.want(w.runAs("r2", run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
	if len(w.letters(state.DeadLetterOpen)) != 0 || names(w.side)["a"] != "one" {
		t.Errorf("open: %+v, arrived: %v", w.letters(state.DeadLetterOpen), names(w.side))
	}
}

// Two versions of a record in one batch take two routes to one object: the later must win.
func TestOrderIsKeptAcrossRoutes(t *testing.T) {
	for _, order := range [][2]string{{"side 1", "two"}, {"one", "side 2"}} {
		w := newWorld(t, func(s *config.Touchpoint) {
			fromQueue(s)
			routed(s)
			s.Routes.Cases[0].Destination = target("to", "upsert")
		})
		w.push(document("a", order[0], 1), document("a", order[1], 2))
		if got := w.arrived()["a"]; got != order[1] {
			t.Errorf("%v: arrived as %q", order, got)
		}
	}
}

// What the ledger of one route says proves nothing where another route writes the same object.
func TestLedgerIsNotTrustedWhereRoutesMeet(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) {
		routed(s)
		s.Source.Read = "full"
		s.Routes.Cases[0].When = "rev == 2"
		s.Routes.Cases[0].Destination, s.Routes.Cases[0].Mapping = target("to", "upsert"), "other"
	})
	w.model.Mappings["other"] = &config.Resource[config.Mapping]{Spec: config.Mapping{Fields: config.Fields{
		{Name: "id", Field: config.Field{From: "id"}}, {Name: "name", Field: config.Field{Expr: `"other"`}},
	}}}
	w.model.Mappings["m"].Spec.Fields = w.model.Mappings["m"].Spec.Fields[:2]
	for rev, want := range []string{"one", "other", "one"} {
		w.put("a", "one", int64(rev+1))
		w.run(run.Options{})
		if got := w.arrived()["a"]; got != want {
			t.Errorf("version %d arrived as %q, want %q", rev+1, got, want)
		}
	}
}

func TestWhatTheDestinationRefuses(t *testing.T) {
	tests := map[string]struct {
		missing, refused string
		counts           state.Counts
		letters          int
		parked           bool
	}{
		"reject":         {"reject", "reject", state.Counts{Read: 2, Rejected: 2}, 2, false},
		"skip missing":   {"skip", "reject", state.Counts{Read: 2, Skipped: 1, Rejected: 1}, 1, false},
		"skip refused":   {"reject", "skip", state.Counts{Read: 2, Skipped: 1, Rejected: 1}, 1, false},
		"review refused": {"skip", "review", state.Counts{Read: 2, Skipped: 1, Parked: 1}, 1, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(s *config.Touchpoint) {
				s.Routes = &config.Routes{Match: "first", Cases: []config.Case{
					{Name: "r", Destination: target("side", "update"), WhenMissing: tt.missing, WhenRefused: tt.refused},
				}}
				s.Destination = config.DestinationSpec{}
			})
			w.side.Put([]record.Value{record.StringValue("a"), record.StringValue("old"), record.IntValue(0)})
			w.put("a", "bad", 1)
			w.put("b", "absent", 2)
			r := w.run(run.Options{})
			if r.Counts != tt.counts {
				t.Errorf("got %+v, want %+v", r.Counts, tt.counts)
			}
			open := w.letters(state.DeadLetterOpen)
			if len(open) != tt.letters || tt.parked != slices.ContainsFunc(open, func(d state.DeadLetter) bool { return d.Parked }) {
				t.Errorf("dead letters: %+v", open)
			}
		})
	}
}

func TestPruneRoute(t *testing.T) {
	w := newWorld(t, routed)
	w.put("a", "one", 1)
	w.put("b", "side", 2)
	w.put("c", "bad", 3)
	w.put("d", "side bad", 4)
	w.side.Refuse = func(row []record.Value) string {
		if strings.Contains(row[1].Text(), "bad") {
			return "name is bad"
		}
		return ""
	}
	w.run(run.Options{})
	if n := len(w.letters(state.DeadLetterOpen)); n != 2 {
		t.Fatalf("%d dead letters are open", n)
	}
	if err := run.PruneRoute(t.Context(), w.store, w.tp.ID, "aside"); err != nil {
		t.Fatal(err)
	}
	open := w.letters("")
	if len(open) != 1 || open[0].Route != "" {
		t.Errorf("dead letters: %+v", open)
	}
	found := map[string]bool{}
	h := must(w.store.Hasher(w.tp))(t)
	for _, key := range []string{"a", "b", "c", "d"} {
		for _, hash := range run.SearchHashes(h, key, "aside") {
			f := must(w.store.Find(t.Context(), w.tp.ID, hash))(t)
			for _, e := range f.Ledger {
				found[string(e.Key)+e.Route] = true
			}
		}
	}
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, []string{`["a"]`, `["c"]`}) {
		t.Errorf("the ledger has %v", got)
	}
	w.src.again = true
	w.side.Refuse = nil
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 4, Duplicates: 2, Unchanged: 1, Created: 1})
}
