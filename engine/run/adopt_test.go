package run_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// has puts a record into the destination that nobody here has delivered.
func (w *world) has(id, name string) {
	w.to.Put([]record.Value{record.StringValue(id), record.StringValue(name), record.IntValue(1)})
}

func TestDuplicateIsAdopted(t *testing.T) {
	w := newWorld(t, creates)
	w.has("a02", "there before")
	w.fill(3)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Created: 2, Unchanged: 1})
	if got := w.arrived()["a02"]; got != "there before" {
		t.Errorf("what was there is %q now", got)
	}
	if n := must(w.store.LiveKeys(t.Context(), w.tp.ID))(t); n != 3 {
		t.Errorf("the ledger knows %d records", n)
	}
}

// Two records of the source that map to one key are two orders, and one of them must not vanish.
func TestDuplicateOfAnotherRecordIsNotAdopted(t *testing.T) {
	for _, batch := range []int{10, 1} { // in one batch, and one after the other
		w := newWorld(t, creates)
		w.model.Mappings["m"].Spec.Fields[0].Field = config.Field{Value: []byte(`"same"`)}
		w.from.Batch = batch
		w.fill(2)
		w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 2, Created: 1, Rejected: 1})
		if l := w.letters(state.DeadLetterOpen); len(l) != 1 || l[0].Kind != adapters.Duplicate.String() {
			t.Errorf("dead letters: %+v", l)
		}
	}
}

// A create does not change what it has created: a later version that is refused has not arrived.
func TestLaterVersionOfACreateIsNotAdopted(t *testing.T) {
	w := newWorld(t, creates)
	w.fill(1)
	w.run(run.Options{})
	w.put("a01", "later", 2)
	w.want(w.run(run.Options{}), state.RunFailed, state.Counts{Read: 1, Rejected: 1})
}

// A server that does not know the filter answers with everything it has: the first of that is somebody else's.
func TestStrangeAnswersProveNothing(t *testing.T) {
	w := newWorld(t, creates)
	w.has("a01", "there before")
	w.has("other", "somebody else")
	w.fill(1)
	w.dst.open = func(req adapters.ReadRequest) { req.Keys[0][0] = record.StringValue("other") }
	w.want(w.run(run.Options{}), state.RunFailed, state.Counts{Read: 1, Rejected: 1})
	if l := w.letters(state.DeadLetterOpen); len(l) != 1 || l[0].Kind != adapters.Ambiguous.String() {
		t.Errorf("dead letters: %+v", l)
	}
}

// remembering is an application that knows the tokens of the writes it has had.
type remembering struct {
	tokens map[string]int
	sent   [][]string
}

func (m *remembering) write(b *record.Batch, out []adapters.Outcome, send func() error) error {
	m.sent = append(m.sent, slices.Clone(b.Tokens))
	for i, token := range b.Tokens {
		if m.tokens[token]++; m.tokens[token] > 1 {
			out[i] = adapters.Outcome{Result: adapters.Created}
		}
	}
	if slices.ContainsFunc(out, func(o adapters.Outcome) bool { return o.Result == adapters.Created }) {
		return nil // all or none, in these tests
	}
	return send()
}

// remember makes the destination one that looks at tokens and cannot be asked.
func remember(w *world) *remembering {
	m := &remembering{tokens: map[string]int{}}
	w.dst.blind, w.dst.knows = true, 24*time.Hour
	w.dst.write = m.write
	return m
}

func TestTokensMakeARepeatHarmless(t *testing.T) {
	w := newWorld(t, creates)
	m := remember(w)
	w.dst.write = func(b *record.Batch, out []adapters.Outcome, send func() error) error {
		if len(m.sent) > 0 {
			return m.write(b, out, send)
		}
		return lost(out, func() error { return m.write(b, out, send) })
	}
	w.fill(3)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Created: 3})
	if len(m.sent) != 2 || !slices.Equal(m.sent[0], m.sent[1]) || len(m.tokens) != 3 {
		t.Errorf("tokens: %v", m.sent)
	}
}

// The process ends between the write and the commit, and is found with another version of the record: it may have sent the one before.
func TestTokensOutliveTheProcess(t *testing.T) {
	w := newWorld(t, creates)
	m := remember(w)
	w.fill(3)
	id, f := w.start(), w.flow("r1")
	w.dst.write = func(b *record.Batch, out []adapters.Outcome, send func() error) error {
		if _, _, err := w.store.BeginSlice(context.WithoutCancel(t.Context()), id); err != nil {
			t.Error(err)
		}
		return m.write(b, out, send)
	}
	if _, err := w.runner.Slice(t.Context(), f, id, run.Options{}); err == nil {
		t.Fatal("the slice was not fenced")
	}
	w.dst.write = m.write
	for more := (run.More{Again: true}); more.Again; {
		more = must(w.runner.Slice(t.Context(), f, id, run.Options{}))(t)
	}
	w.want(must(w.store.Run(t.Context(), id))(t), state.RunSucceeded, state.Counts{Read: 3, Created: 3})
	if len(m.sent) != 2 || !slices.Equal(m.sent[0], m.sent[1]) || len(w.arrived()) != 3 {
		t.Errorf("tokens: %v", m.sent)
	}
	entries, _, err := w.store.ScanLedger(t.Context(), w.tp.ID, state.KeyHash{}, 10)
	if err != nil || len(entries) != 3 {
		t.Fatal(entries, err)
	}
	for _, e := range entries { // what the intent kept is not what the destination calls the record
		if slices.Contains(m.sent[0], string(e.Answer)) {
			t.Errorf("the token of %s is taken for an answer", e.Key)
		}
	}
}

// What the application has forgotten by now is looked up, or left to a person.
func TestTokensAreNotTrustedForEver(t *testing.T) {
	w := newWorld(t, creates)
	m := remember(w)
	w.fill(1)
	id, f := w.start(), w.flow("r1")
	w.dst.write = func(b *record.Batch, out []adapters.Outcome, send func() error) error {
		_, _, err := w.store.BeginSlice(context.WithoutCancel(t.Context()), id)
		if err != nil {
			t.Error(err)
		}
		return m.write(b, out, send)
	}
	if _, err := w.runner.Slice(t.Context(), f, id, run.Options{}); err == nil {
		t.Fatal("the slice was not fenced")
	}
	w.dst.write = m.write
	w.clock.add(25 * time.Hour)
	for more := (run.More{Again: true}); more.Again; {
		more = must(w.runner.Slice(t.Context(), f, id, run.Options{}))(t)
	}
	if l := w.letters(state.DeadLetterOpen); len(l) != 1 || l[0].Kind != adapters.UnknownOutcome.String() || len(m.sent) != 1 {
		t.Errorf("dead letters: %+v, sent %v", l, m.sent)
	}
}

// A token says nothing of chance, and differs by record, version and touchpoint alone.
func TestTokensAreDerived(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) { s.Destination.Unchanged = "send" })
	m := remember(w)
	w.fill(2)
	w.run(run.Options{})
	if _, err := w.store.ResetTouchpoint(t.Context(), w.tp.ID); err != nil {
		t.Fatal(err)
	}
	w.run(run.Options{})
	w.put("a01", "later", 3)
	w.run(run.Options{})
	if len(m.sent) != 3 {
		t.Fatalf("sent %v", m.sent)
	}
	if d := cmp.Diff(m.sent[0], m.sent[1]); d != "" {
		t.Errorf("the same writes have other tokens after a reset:\n%s", d)
	}
	if m.sent[0][0] == m.sent[0][1] || m.sent[2][0] == m.sent[0][0] || len(m.sent[0][0]) != 32 {
		t.Errorf("tokens: %v", m.sent)
	}
}
