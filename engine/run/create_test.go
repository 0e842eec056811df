package run_test

import (
	"testing"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

func creates(s *config.Touchpoint) { s.Destination.Write = "create" }

// lost sends a write and loses the answer.
func lost(out []adapters.Outcome, send func() error) error {
	if err := send(); err != nil {
		return err
	}
	for i := range out {
		out[i] = adapters.Outcome{Result: adapters.Unknown}
	}
	return &adapters.Error{Kind: adapters.UnknownOutcome, Op: "writing"}
}

// once returns a fault for the first write alone.
func once(fault func(out []adapters.Outcome, send func() error) error) func(*record.Batch, []adapters.Outcome, func() error) error {
	first := true
	return func(_ *record.Batch, out []adapters.Outcome, send func() error) error {
		if first {
			first = false
			return fault(out, send)
		}
		return send()
	}
}

// The table refuses a second create of a key, so that a create sent twice shows as a rejection.
func TestUnknownCreatesAreLookedUp(t *testing.T) {
	w := newWorld(t, creates)
	w.fill(3)
	w.dst.write = once(lost)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Created: 3})
}

func TestUnknownCreatesAreNotSentAgainBeforeTheLookUp(t *testing.T) {
	w := newWorld(t, creates)
	w.fill(3)
	w.dst.write = once(lost)
	lookups := 0
	w.dst.lookup = func() error {
		if lookups++; lookups < 3 {
			return &adapters.Error{Kind: adapters.Unavailable, Op: "looking up"}
		}
		return nil
	}
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Created: 3})
	if lookups != 3 {
		t.Errorf("%d look-ups", lookups)
	}
}

func TestUnknownCreatesThatCannotBeLookedUpAreSetAside(t *testing.T) {
	for name, cannot := range map[string]func(*faults){
		"no way to": func(f *faults) { f.blind = true },
		"not declared": func(f *faults) {
			f.lookup = func() error { return &adapters.Error{Kind: adapters.Invalid, Op: "looking up"} }
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, creates)
			cannot(w.dst)
			w.fill(3)
			w.dst.write = once(lost)
			w.want(w.run(run.Options{}), state.RunFailed, state.Counts{Read: 3, Rejected: 3})
			if l := w.letters(state.DeadLetterOpen); len(l) != 3 || l[0].Kind != adapters.UnknownOutcome.String() {
				t.Errorf("dead letters: %+v", l)
			}
		})
	}
}

func TestCreatesThatWereNotSentAreNoSecret(t *testing.T) {
	w := newWorld(t, creates)
	w.dst.blind = true
	w.fill(3)
	w.dst.write = once(func([]adapters.Outcome, func() error) error {
		return &adapters.Error{Kind: adapters.Unauthorized, Op: "writing"}
	})
	w.want(w.run(run.Options{}), state.RunFailed, state.Counts{})
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Created: 3})
}

// A slice that dies between the write and the commit leaves intents; the next one looks them up.
func TestIntentsOfADeadSliceAreLookedUp(t *testing.T) {
	w := newWorld(t, creates)
	w.fill(3)
	id, f := w.start(), w.flow("r1")
	w.dst.write = once(func(_ []adapters.Outcome, send func() error) error {
		if _, _, err := w.store.BeginSlice(t.Context(), id); err != nil {
			t.Error(err)
		}
		return send()
	})
	if _, err := w.runner.Slice(t.Context(), f, id, run.Options{}); err == nil {
		t.Fatal("the slice was not fenced")
	}
	if n := len(must(w.store.Intended(t.Context(), w.tp.ID, 0))(t)); n != 3 {
		t.Fatalf("%d intents", n)
	}
	for more := (run.More{Again: true}); more.Again; {
		more = must(w.runner.Slice(t.Context(), f, id, run.Options{}))(t)
	}
	w.want(must(w.store.Run(t.Context(), id))(t), state.RunSucceeded, state.Counts{Read: 3, Created: 3})
	if n := len(must(w.store.Intended(t.Context(), w.tp.ID, 0))(t)); n != 0 {
		t.Errorf("%d intents are left", n)
	}
}
