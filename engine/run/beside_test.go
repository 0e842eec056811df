package run_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// asked begins a run beside the normal flow.
func (w *world) asked(q run.Request) int64 {
	w.t.Helper()
	q.Actor = "kim"
	text := must(q.Encode())(w.t)
	r, _, err := w.store.StartRun(w.t.Context(), state.NewRun{TouchpointID: w.tp.ID, Trigger: "test", Revision: "r1", Request: text})
	if err != nil {
		w.t.Fatal(err)
	}
	return r.ID
}

// ask works a run beside the normal flow to its end; waits pass at once.
func (w *world) ask(q run.Request) state.Run {
	w.t.Helper()
	return w.finish(w.asked(q))
}

func (w *world) finish(id int64) state.Run {
	w.t.Helper()
	f := w.flow("r1")
	for range 100 {
		more := must(w.runner.Slice(w.t.Context(), f, id, run.Options{}))(w.t)
		if !more.Again {
			return must(w.store.Run(w.t.Context(), id))(w.t)
		}
		w.clock.add(more.After)
	}
	w.t.Fatal("the run does not end")
	return state.Run{}
}

func keys(ids ...string) (list []json.RawMessage) {
	for _, id := range ids {
		list = append(list, json.RawMessage(`["`+id+`"]`))
	}
	return list
}

// stays compares the normal checkpoint before and after.
func (w *world) stays(do func()) {
	w.t.Helper()
	before := w.checkpoint()
	do()
	if after := w.checkpoint(); after.Seq != before.Seq || string(after.Cursor) != string(before.Cursor) {
		w.t.Errorf("the normal checkpoint moved from %d %q to %d %q", before.Seq, before.Cursor, after.Seq, after.Cursor)
	}
}

func TestReplayDeliversWhatWasSetAside(t *testing.T) {
	w := newWorld(t, nil)
	w.put("a", "fine", 1)
	w.put("b", "bad", 2)
	w.run(run.Options{})
	w.stays(func() {
		w.want(w.ask(run.Request{Replay: &run.Replay{}}), state.RunFailed, state.Counts{Read: 1, Rejected: 1})
		w.to.Refuse = nil
		r := w.ask(run.Request{Replay: &run.Replay{}})
		w.want(r, state.RunSucceeded, state.Counts{Read: 1, Created: 1})
		closed := w.letters(state.DeadLetterReplayed)
		if len(closed) != 1 || closed[0].ClosedRun != r.ID {
			t.Errorf("closed: %+v", closed)
		}
	})
	if got := w.arrived()["b"]; got != "bad" {
		t.Errorf("b arrived as %q", got)
	}
}

func TestReplayByCauseAndByID(t *testing.T) {
	w := newWorld(t, nil)
	w.put("a", "bad", 1)
	w.put("b", "bad", 2)
	w.put("c", "park", 3)
	w.run(run.Options{})
	w.to.Refuse = nil
	open := w.letters(state.DeadLetterOpen) // newest first
	w.want(w.ask(run.Request{Replay: &run.Replay{IDs: []string{open[2].ID, "gone"}}}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
	if got := w.arrived(); len(got) != 1 || got["a"] != "bad" {
		t.Fatalf("arrived: %v", got)
	}
	w.want(w.ask(run.Request{Replay: &run.Replay{Cause: open[1].Cause}}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
	if left := w.letters(state.DeadLetterOpen); len(left) != 1 || left[0].ID != open[0].ID {
		t.Errorf("left: %+v", left)
	}
}

func TestReplayWithAnEdit(t *testing.T) {
	w := newWorld(t, nil)
	w.put("b", "bad", 2)
	w.run(run.Options{})
	edit := []run.Edit{{Path: "name", Value: json.RawMessage(`"good"`)}}
	w.want(w.ask(run.Request{Replay: &run.Replay{}, Edits: edit}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
	if got := w.arrived()["b"]; got != "good" {
		t.Errorf("b arrived as %q", got)
	}
	edit[0].Path = "name.first"
	w.put("c", "bad", 3)
	w.run(run.Options{})
	if r := w.ask(run.Request{Replay: &run.Replay{}, Edits: edit}); r.Status != state.RunFailed || r.Code != "Invalid" {
		t.Errorf("an edit inside of a text ended %s %s", r.Status, r.Code)
	}
}

func TestANewerSuccessWinsOverAReplay(t *testing.T) {
	w := newWorld(t, nil)
	w.put("b", "bad", 2)
	w.run(run.Options{})
	id := w.asked(run.Request{Replay: &run.Replay{IDs: []string{w.letters(state.DeadLetterOpen)[0].ID}}})
	w.to.Refuse = nil
	w.put("b", "newer", 3)
	w.run(run.Options{})
	w.want(w.finish(id), state.RunEmpty, state.Counts{})
	if got := w.arrived()["b"]; got != "newer" {
		t.Errorf("b is %q", got)
	}
	if n := len(w.letters(state.DeadLetterSuperseded)); n != 1 {
		t.Errorf("%d dead letters are superseded", n)
	}
}

func TestResyncByKey(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(25)
	w.run(run.Options{})
	w.stays(func() {
		w.want(w.ask(run.Request{Resync: &run.Resync{Keys: keys("a03", "a04")}}), state.RunSucceeded, state.Counts{Read: 2, Unchanged: 2})
		w.to.Put([]record.Value{record.StringValue("a03"), record.StringValue("spoilt"), record.IntValue(3)})
		w.want(w.ask(run.Request{Resync: &run.Resync{Keys: keys("a03"), Force: true}}), state.RunSucceeded, state.Counts{Read: 1, Updated: 1})
	})
	if got := w.arrived()["a03"]; got != "name 3" {
		t.Errorf("a03 is %q", got)
	}
	r := w.ask(run.Request{Resync: &run.Resync{Keys: keys("a05", "zz")}})
	if r.Code != "KeysNotFound" || r.Counts.Read != 1 {
		t.Errorf("a key that is not there: %+v", r)
	}
	if r := w.ask(run.Request{Resync: &run.Resync{Keys: keys("zz")}}); r.Status != state.RunFailed {
		t.Errorf("no key is there: %s", r.Status)
	}
}

func TestResyncWithAnEdit(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(3)
	w.run(run.Options{})
	r := w.ask(run.Request{Resync: &run.Resync{Keys: keys("a02")}, Edits: []run.Edit{{Path: "name", Value: json.RawMessage(`"by hand"`)}}})
	w.want(r, state.RunSucceeded, state.Counts{Read: 1, Updated: 1})
	if got := w.arrived()["a02"]; got != "by hand" {
		t.Errorf("a02 is %q", got)
	}
}

func TestResyncDoesNotCreateAgain(t *testing.T) {
	w := newWorld(t, creates)
	w.fill(3)
	w.run(run.Options{})
	w.put("a02", "new", 9)
	w.want(w.ask(run.Request{Resync: &run.Resync{Keys: keys("a02")}}), state.RunSucceeded, state.Counts{Read: 1, Unchanged: 1})
}

func TestResyncByLedger(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(12)
	first := w.run(run.Options{})
	begin := w.clock.now()
	w.clock.add(time.Hour)
	w.put("b01", "later", 20)
	second := w.runAs("r2", run.Options{})
	day := func(from, to time.Time) *run.Window { return &run.Window{From: from, To: to} }
	for _, c := range []struct {
		name string
		q    run.Resync
		n    int64
	}{
		{"run", run.Resync{Run: second.ID}, 1},
		{"run that wrote nothing", run.Resync{Run: 99}, 0},
		{"created", run.Resync{Created: day(begin.Add(time.Minute), begin.Add(2*time.Hour))}, 1},
		{"written", run.Resync{Written: day(begin.Add(-time.Minute), begin.Add(time.Minute))}, 12},
		{"commits", run.Resync{Revisions: []string{"r0", "r1"}}, 13},
	} {
		r := w.ask(run.Request{Resync: &c.q})
		if r.Counts != (state.Counts{Read: c.n, Unchanged: c.n}) {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
	if r := w.ask(run.Request{Resync: &run.Resync{Run: first.ID, Force: true}}); r.Counts.Read != 0 {
		t.Errorf("what was checked again belongs to the run that checked it: %+v", r)
	}
}

func TestResyncOfWhatChanged(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(3)
	w.run(run.Options{})
	if r := w.ask(run.Request{Resync: &run.Resync{Changed: &run.Window{From: w.clock.now(), To: w.clock.now()}}}); r.Status != state.RunFailed || r.Code != "Invalid" {
		t.Errorf("a cursor that is no time: %s %s", r.Status, r.Code)
	}
}

func TestReadAsideWithAnotherFilter(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) { s.Source.Where = `name == "name 2"` })
	w.fill(3)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Filtered: 2, Created: 1})
	w.stays(func() {
		w.want(w.ask(run.Request{Where: `name != "name 3"`}), state.RunSucceeded, state.Counts{Read: 3, Filtered: 1, Created: 1, Duplicates: 1})
	})
	if got := w.arrived(); len(got) != 2 || got["a01"] != "name 1" {
		t.Errorf("arrived: %v", got)
	}
}

func TestRunsOfATouchpointTakeTurns(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(2)
	id, f := w.start(), w.flow("r1")
	var busy error
	w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
		if busy == nil {
			_, busy = w.runner.Slice(t.Context(), f, w.asked(run.Request{Replay: &run.Replay{}}), run.Options{})
		}
		return send()
	}
	for more := (run.More{Again: true}); more.Again; {
		more = must(w.runner.Slice(t.Context(), f, id, run.Options{}))(t)
	}
	if !errors.Is(busy, run.ErrBusy) {
		t.Errorf("a second run of the touchpoint got %v", busy)
	}
}

// A process that ends in the middle goes on where the run's last commit stands.
func TestResyncGoesOnAfterACrash(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(25)
	w.run(run.Options{})
	all := []string{}
	for _, row := range w.from.Rows() {
		all = append(all, row[0].Text())
	}
	reads := 0
	w.src.open = func(adapters.ReadRequest) { reads++ }
	for at := range 4 {
		id := w.asked(run.Request{Resync: &run.Resync{Keys: keys(all...), Force: true}})
		n := 0
		w.src.next = func() error {
			if n++; n == at+1 {
				_, _, _ = w.store.BeginSlice(t.Context(), id) // whoever works it has lost it
			}
			return nil
		}
		_, err := w.runner.Slice(t.Context(), w.flow("r1"), id, run.Options{})
		if !errors.Is(err, state.Fenced) {
			t.Fatalf("step %d: %v", at, err)
		}
		w.src.next = nil
		if r := w.finish(id); r.Status != state.RunSucceeded || r.Counts.Read < 25 {
			t.Errorf("step %d: %+v", at, r)
		}
	}
	if n := len(w.arrived()); n != 25 {
		t.Errorf("%d records are there", n)
	}
}

// What a batch could not write is not passed by the progress of the run.
func TestResyncDoesNotPassWhatWasNotWritten(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(3)
	down := true
	w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
		if down {
			down = false
			return &adapters.Error{Kind: adapters.RateLimited, After: time.Minute}
		}
		return send()
	}
	w.want(w.ask(run.Request{Resync: &run.Resync{Keys: keys("a01", "a02", "a03")}}), state.RunSucceeded, state.Counts{Read: 3, Created: 3})
	if n := len(w.arrived()); n != 3 {
		t.Errorf("%d records arrived", n)
	}
}
