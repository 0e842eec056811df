package run_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// writesBack gives the touchpoint a write-back into side.
func writesBack(on string, fields config.Fields) func(*config.Touchpoint) {
	return func(s *config.Touchpoint) {
		s.WriteBack = append(s.WriteBack, config.WriteBack{On: on, Connection: "side", Object: "side", Write: "upsert", Fields: fields})
	}
}

// answered are fields that hold what the destination says.
var answered = config.Fields{{Name: "name", Field: config.Field{Expr: `"got " + $result.name`}}, {Name: "rev", Field: config.Field{From: "rev"}}}

func TestWriteBackOfDelivered(t *testing.T) {
	w := newWorld(t, writesBack("delivered", answered))
	w.put("a", "one", 1)
	w.put("b", "bad", 2)
	w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 2, Created: 1, Rejected: 1})
	if d := cmp.Diff(names(w.side), map[string]string{"a": "got one"}); d != "" {
		t.Errorf("written back (-got +want):\n%s", d)
	}
	calls := 0
	w.aside.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error { calls++; return send() }
	w.put("a", "one", 3) // another version that comes out differently is delivered again
	w.run(run.Options{})
	if calls != 1 {
		t.Errorf("%d write-backs", calls)
	}
}

func TestWriteBackOfRejected(t *testing.T) {
	w := newWorld(t, writesBack("rejected", config.Fields{
		{Name: "name", Field: config.Field{Expr: `$result.kind + ": " + $result.rule`}}, {Name: "rev", Field: config.Field{From: "rev"}},
	}))
	w.put("a", "bad", 1)
	w.put("b", "fine", 2)
	w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 2, Created: 1, Rejected: 1})
	if d := cmp.Diff(names(w.side), map[string]string{"a": "Invalid: name is bad"}); d != "" {
		t.Errorf("written back (-got +want):\n%s", d)
	}
}

func (w *world) ledger(key string) state.LedgerState {
	w.t.Helper()
	h := must(w.store.Hasher(w.tp))(w.t)
	f := must(w.store.Find(w.t.Context(), w.tp.ID, run.SearchHashes(h, key)[0]))(w.t)
	if len(f.Ledger) == 0 {
		return state.LedgerNone
	}
	return f.Ledger[0].State
}

func TestOnlyTheWriteBackIsTriedAgain(t *testing.T) {
	w := newWorld(t, writesBack("delivered", answered))
	w.aside.write = func(*record.Batch, []adapters.Outcome, func() error) error {
		return &adapters.Error{Kind: adapters.RateLimited, After: time.Hour, Rule: "busy"}
	}
	w.put("a", "one", 1)
	w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 1, Created: 1, Unacknowledged: 1})
	if s := w.ledger("a"); s != state.LedgerUnacknowledged {
		t.Errorf("the ledger says %d", s)
	}
	if c := w.checkpoint(); string(c.Cursor) != "1/a" {
		t.Errorf("the checkpoint stands at %q", c.Cursor)
	}
	h := must(w.store.Hasher(w.tp))(t)
	f := must(w.store.Find(t.Context(), w.tp.ID, run.SearchHashes(h, "a")[0]))(t)
	if len(f.DeadLetters) != 1 || f.DeadLetters[0].Stage != state.StageWriteBack || f.DeadLetters[0].Field != "writeBack[0]" || f.DeadLetters[0].Rule != "busy" {
		t.Fatalf("dead letters: %+v", f.DeadLetters)
	}
	if n := must(w.store.CountUnacknowledged(t.Context(), w.tp.ID))(t); n != 1 {
		t.Errorf("%d are unacknowledged", n)
	}
	// What was read again is known as delivered.
	w.src.again = true
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{Read: 1, Duplicates: 1})
	w.src.again = false
	w.aside.write = nil
	sent := 0
	w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error { sent++; return send() }
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{})
	if sent != 0 || names(w.side)["a"] != "got one" || w.ledger("a") != state.LedgerWritten {
		t.Errorf("%d writes, written back: %v, ledger %d", sent, names(w.side), w.ledger("a"))
	}
	if open, done := w.letters(state.DeadLetterOpen), w.letters(state.DeadLetterReplayed); len(open) != 0 || len(done) != 1 || done[0].Attempts != 2 {
		t.Errorf("open %+v, replayed %+v", open, done)
	}
}

func TestNewerDeliveryAcknowledges(t *testing.T) {
	w := newWorld(t, writesBack("delivered", answered))
	w.side.Refuse = func([]record.Value) string { return "closed" }
	w.put("a", "one", 1)
	w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 1, Created: 1, Unacknowledged: 1})
	w.side.Refuse = nil
	w.aside.write = func(b *record.Batch, _ []adapters.Outcome, send func() error) error {
		if b.Row(0)[0].Text() == "got one" {
			return &adapters.Error{Kind: adapters.RateLimited, After: time.Hour}
		}
		return send()
	}
	w.put("a", "two", 2)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Updated: 1})
	if open, gone := w.letters(state.DeadLetterOpen), w.letters(state.DeadLetterSuperseded); len(open) != 0 || len(gone) != 1 || w.ledger("a") != state.LedgerWritten {
		t.Errorf("open %+v, superseded %d, ledger %d", open, len(gone), w.ledger("a"))
	}
}

func TestWriteBackOfEachDestination(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) {
		s.Destination = config.DestinationSpec{}
		s.Destinations = []config.NamedDestination{{Name: "x", DestinationSpec: target("to", "upsert")}, {Name: "y", Mapping: "loud", DestinationSpec: target("to", "create")}}
		writesBack("delivered", answered)(s)
	})
	w.model.Mappings["loud"] = &config.Resource[config.Mapping]{Spec: config.Mapping{Fields: config.Fields{
		{Name: "id", Field: config.Field{Expr: `"loud " + id`}}, {Name: "name", Field: config.Field{Expr: `name + "!"`}}, {Name: "rev", Field: config.Field{From: "rev"}},
	}}}
	var got []string
	w.aside.write = func(b *record.Batch, _ []adapters.Outcome, send func() error) error {
		for i := range b.Len() {
			got = append(got, b.Row(i)[0].Text())
		}
		return send()
	}
	w.put("a", "one", 1)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 2})
	if d := cmp.Diff(got, []string{"got one", "got one!"}); d != "" {
		t.Errorf("written back (-got +want):\n%s", d)
	}
}

// A slice that is stopped in the middle of a write-back has delivered, and says so.
func TestStoppedWhileWritingBack(t *testing.T) {
	w := newWorld(t, writesBack("delivered", answered))
	ctx, cancel := context.WithCancel(t.Context())
	w.aside.write = func(*record.Batch, []adapters.Outcome, func() error) error {
		cancel()
		return ctx.Err()
	}
	w.put("a", "one", 1)
	id := w.start()
	if _, err := w.runner.Slice(ctx, w.flow("r1"), id, run.Options{}); err != nil {
		t.Fatal(err)
	}
	if w.ledger("a") != state.LedgerUnacknowledged || len(w.letters(state.DeadLetterOpen)) != 1 {
		t.Errorf("ledger %d, open %+v", w.ledger("a"), w.letters(state.DeadLetterOpen))
	}
}
