package run_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// newSplitWorld returns a world that makes a record of each line of the documents in its queue.
func newSplitWorld(t *testing.T, edit func(*config.Touchpoint)) *world {
	w := newWorld(t, func(s *config.Touchpoint) {
		fromQueue(s)
		s.Mapping, s.Split = "line", &config.Split{Each: "lines", Key: []string{"no"}}
		if edit != nil {
			edit(s)
		}
	})
	w.model.Mappings["line"] = &config.Resource[config.Mapping]{Spec: config.Mapping{Fields: config.Fields{
		{Name: "id", Field: config.Field{Expr: `$root.id + "-" + string(no)`}}, {Name: "name", Field: config.Field{From: "what"}}, {Name: "rev", Field: config.Field{From: "$root.rev"}},
	}}}
	return w
}

func TestSplit(t *testing.T) {
	w := newSplitWorld(t, nil)
	r := w.push(`{"id":"a","rev":1,"lines":[{"no":1,"what":"x"},{"no":2,"what":"y"}]}`, `{"id":"b","rev":1,"lines":[{"no":1,"what":"z"}]}`,
		`{"id":"c","rev":1,"lines":[]}`, `{"id":"d","rev":1}`, `{"id":"e","rev":1,"lines":"none"}`)
	if want := (state.Counts{Read: 5, Created: 3, Filtered: 2, Rejected: 1}); r.Counts != want {
		t.Errorf("got %+v, want %+v", r.Counts, want)
	}
	want := map[string]string{"a-1": "x", "a-2": "y", "b-1": "z"}
	if d := cmp.Diff(w.arrived(), want); d != "" {
		t.Errorf("arrived (-got +want):\n%s", d)
	}
	// Only the line that changed is sent.
	calls := 0
	w.dst.write = func(b *record.Batch, _ []adapters.Outcome, send func() error) error { calls += b.Len(); return send() }
	w.push(`{"id":"a","rev":2,"lines":[{"no":1,"what":"x"},{"no":2,"what":"new"}]}`)
	if calls != 2 || w.arrived()["a-2"] != "new" { // rev is mapped, so that both lines differ
		t.Errorf("%d records were sent, arrived %v", calls, w.arrived())
	}
	hash := run.SearchHashes(must(w.store.Hasher(w.tp))(t), "a-2")[0]
	f := must(w.store.Find(t.Context(), w.tp.ID, hash))(t)
	if len(f.Ledger) != 1 || string(f.Ledger[0].Key) != `["a",2]` {
		t.Errorf("the ledger has %+v", f.Ledger)
	}
}

func TestSplitSetsAsideOneElement(t *testing.T) {
	w := newSplitWorld(t, func(s *config.Touchpoint) {
		s.OnReject.Retry = &config.Retry{Every: config.Duration(time.Minute), For: config.Duration(time.Hour)}
	})
	w.push(`{"id":"a","rev":1,"lines":[{"no":1,"what":"x"},{"no":2,"what":"bad"},{"no":1,"what":"again"},{"what":"blank"}]}`)
	rules := map[string]string{}
	for _, l := range w.letters(state.DeadLetterOpen) {
		rules[string(l.Key)] = l.Field + " " + l.Rule + " " + l.Text
	}
	if rules[`["a",2]`] == "" || rules[`["a",1]`] != "split key it is there twice" || len(rules) != 3 {
		t.Fatalf("dead letters: %v", rules)
	}
	w.to.Refuse = nil
	w.clock.add(2 * time.Minute)
	sent := 0
	w.dst.write = func(b *record.Batch, _ []adapters.Outcome, send func() error) error { sent += b.Len(); return send() }
	w.push(`{"id":"z","rev":1,"lines":[]}`)
	if sent != 1 || w.arrived()["a-2"] != "bad" {
		t.Errorf("%d records were sent again, arrived %v", sent, w.arrived())
	}
}

func TestSplitWithStepsAndRoutes(t *testing.T) {
	w := newSplitWorld(t, func(s *config.Touchpoint) {
		finds("reject")(s)
		s.Mapping = "line"
		s.Steps[0].Find[0].Field.From = "what"
		routed(s)
		s.Routes.Cases[0].When = "$steps.partner.rev > 5 and no < 9"
	})
	w.partner("big", "Big", 6)
	w.partner("small", "Small", 1)
	r := w.push(`{"id":"a","rev":1,"lines":[{"no":1,"what":"big"},{"no":2,"what":"small"},{"no":3,"what":"none"}]}`)
	if want := (state.Counts{Read: 1, Created: 2, Rejected: 1}); r.Counts != want {
		t.Errorf("got %+v, want %+v", r.Counts, want)
	}
	if names(w.side)["a-1"] != "big" || w.arrived()["a-2"] != "small" {
		t.Errorf("arrived %v and %v", w.arrived(), names(w.side))
	}
}
