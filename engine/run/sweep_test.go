package run_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/mem"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// sweeping reads everything and deletes what is gone, at most ten records.
func sweeping(s *config.Touchpoint) {
	s.Source.Read, s.Source.Deleted = "full", config.Deleted{Action: "delete"}
	s.Limits.MaxDeletes = &config.Limit{Count: 10}
}

// newSweepWorld returns a world that sweeps, with n records delivered.
func newSweepWorld(t *testing.T, n int, edit func(*config.Touchpoint)) *world {
	w := newWorld(t, func(s *config.Touchpoint) {
		sweeping(s)
		if edit != nil {
			edit(s)
		}
	})
	w.fill(n)
	if r := w.run(run.Options{}); r.Status != state.RunSucceeded {
		t.Fatalf("the first run ended %s %s: %s", r.Status, r.Code, r.Detail)
	}
	return w
}

// without takes rows out of the source.
func (w *world) without(ids ...string) {
	left := slices.DeleteFunc(w.from.Rows(), func(row []record.Value) bool { return slices.Contains(ids, row[0].Text()) })
	*w.from = mem.Table{Name: w.from.Name, Columns: w.from.Columns, Key: w.from.Key, Cursor: w.from.Cursor, Batch: w.from.Batch}
	w.from.Put(left...)
}

// fails compares how a run ended that must not delete anything, and what is at the destination.
func (w *world) keepsAll(r state.Run, status state.RunStatus, code string, n int) {
	w.t.Helper()
	if r.Status != status || r.Code != code || r.Counts.Deleted != 0 {
		w.t.Errorf("run ended %s %q with %+v: %s\nwant %s %q, and nothing deleted", r.Status, r.Code, r.Counts, r.Detail, status, code)
	}
	if got := len(w.arrived()); got != n {
		w.t.Errorf("%d records are at the destination, want %d", got, n)
	}
}

func TestWhatIsGoneIsDeleted(t *testing.T) {
	w := newSweepWorld(t, 25, nil)
	w.to.Put([]record.Value{record.StringValue("other"), record.StringValue("of somebody else"), record.IntValue(1)})
	w.without("a03", "a14")
	w.put("a05", "new name", 99)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 23, Updated: 1, Unchanged: 22, Deleted: 2})
	if got := w.arrived(); len(got) != 24 || got["a03"] != "" || got["a14"] != "" || got["other"] == "" {
		t.Errorf("arrived %v", got)
	}
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 23, Unchanged: 23})
	// What comes back is created again.
	w.put("a03", "back", 100)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 24, Created: 1, Unchanged: 23})
}

func TestNothingIsDeletedUnlessSaid(t *testing.T) {
	w := newSweepWorld(t, 25, func(s *config.Touchpoint) { s.Limits.MaxDeletes = nil })
	w.without("a03")
	w.keepsAll(w.run(run.Options{}), state.RunParked, "LimitReached", 25)
	w = newSweepWorld(t, 25, func(s *config.Touchpoint) { s.Source.Deleted = config.Deleted{Action: "ignore"} })
	w.without("a03")
	w.keepsAll(w.run(run.Options{}), state.RunSucceeded, "", 25)
}

func TestDeletesBeyondTheLimitPark(t *testing.T) {
	w := newSweepWorld(t, 40, nil)
	for i := range 11 {
		w.without(fmt.Sprintf("a%02d", i+1))
	}
	w.keepsAll(w.run(run.Options{}), state.RunParked, "LimitReached", 40)
	w.keepsAll(w.run(run.Options{}), state.RunParked, "LimitReached", 40)
	w.model.Touchpoints["flow"].Spec.Limits.MaxDeletes = &config.Limit{Percent: 25} // ten of forty
	w.keepsAll(w.run(run.Options{}), state.RunParked, "LimitReached", 40)
	w.put("a01", "back", 99)
	if r := w.run(run.Options{}); r.Status != state.RunSucceeded || r.Counts.Deleted != 10 {
		t.Errorf("run ended %s with %+v: %s", r.Status, r.Counts, r.Detail)
	}
}

// Deletes of one day count together: many small runs do not do what one large one may not.
func TestDeletesOfADayCountTogether(t *testing.T) {
	w := newSweepWorld(t, 40, nil)
	for i := range 6 {
		w.without(fmt.Sprintf("a%02d", i+1))
	}
	if r := w.run(run.Options{}); r.Counts.Deleted != 6 {
		t.Fatalf("run ended %s with %+v: %s", r.Status, r.Counts, r.Detail)
	}
	for i := range 5 {
		w.without(fmt.Sprintf("a%02d", i+11))
	}
	w.keepsAll(w.run(run.Options{}), state.RunParked, "LimitReached", 34)
	w.clock.add(24*time.Hour + time.Second)
	if r := w.run(run.Options{}); r.Counts.Deleted != 5 {
		t.Errorf("a day later the run ended %s with %+v: %s", r.Status, r.Counts, r.Detail)
	}
}

func TestAnEmptyReadDeletesNothing(t *testing.T) {
	w := newSweepWorld(t, 5, func(s *config.Touchpoint) { s.Limits.MaxShrink = &config.Limit{Percent: 100} })
	w.without("a01", "a02", "a03", "a04", "a05")
	w.keepsAll(w.run(run.Options{}), state.RunEmpty, "EmptyRead", 5)
	w.put("a01", "name 1", 1)
	if r := w.run(run.Options{}); r.Counts.Deleted != 4 {
		t.Errorf("run ended %s with %+v: %s", r.Status, r.Counts, r.Detail)
	}
}

func TestAReadThatShrankDeletesNothing(t *testing.T) {
	w := newSweepWorld(t, 9, nil)
	w.without("a01", "a02", "a03", "a04", "a05") // four of nine are less than half
	w.keepsAll(w.run(run.Options{}), state.RunParked, "ReadShrank", 9)
	w.keepsAll(w.run(run.Options{}), state.RunParked, "ReadShrank", 9) // a second look does not make it right
	w.put("a01", "name 1", 1)
	if r := w.run(run.Options{}); r.Counts.Deleted != 4 {
		t.Errorf("run ended %s with %+v: %s", r.Status, r.Counts, r.Detail)
	}
}

// The first read that deletes has only the ledger to be measured by.
func TestTheFirstSweepIsMeasuredByTheLedger(t *testing.T) {
	w := newSweepWorld(t, 9, func(s *config.Touchpoint) { s.Source.Deleted = config.Deleted{} })
	sweeping(&w.model.Touchpoints["flow"].Spec)
	w.without("a01", "a02", "a03", "a04", "a05")
	w.keepsAll(w.run(run.Options{}), state.RunParked, "ReadShrank", 9)
}

func TestAnInterruptedReadDeletesNothing(t *testing.T) {
	w := newSweepWorld(t, 25, nil)
	w.without("a03", "a24")
	reads := 0
	w.src.next = func() error {
		if reads++; reads == 2 {
			return &adapters.Error{Kind: adapters.Invalid, Op: "reading", Rule: "HTML instead of JSON"}
		}
		return nil
	}
	w.keepsAll(w.run(run.Options{}), state.RunFailed, "Invalid", 25)
	// The next run reads all of it, and not only the other half.
	w.src.next = nil
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 23, Unchanged: 23, Deleted: 2})
}

// A read that goes on after a temporary failure, in the same process or in another one, is one read.
func TestASweepGoesOnInTheSameRun(t *testing.T) {
	w := newSweepWorld(t, 25, nil)
	w.without("a03", "a24")
	id, f := w.start(), w.flow("r1")
	reads := 0
	w.src.next = func() error {
		if reads++; reads == 2 || reads == 4 {
			return &adapters.Error{Kind: adapters.Unavailable, Op: "reading"}
		}
		return nil
	}
	for more := (run.More{Again: true}); more.Again; {
		more = must(w.runner.Slice(t.Context(), f, id, run.Options{}))(t)
		w.runner.Close(t.Context()) // what a new process does not know
	}
	w.want(must(w.store.Run(t.Context(), id))(t), state.RunSucceeded, state.Counts{Read: 23, Unchanged: 23, Deleted: 2})
	if got := w.arrived(); len(got) != 23 {
		t.Errorf("arrived %v", got)
	}
}

// Promise 9, between the seen log and the deletes, and between a delete and what is written down of it.
func TestKilledWhileDeleting(t *testing.T) {
	for _, sent := range []bool{false, true} {
		t.Run(fmt.Sprintf("sent=%t", sent), func(t *testing.T) {
			w := newSweepWorld(t, 25, nil)
			w.without("a03", "a24")
			id, f := w.start(), w.flow("r1")
			w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
				if sent {
					if err := send(); err != nil {
						return err
					}
				}
				_, _, err := w.store.BeginSlice(t.Context(), id) // whoever wrote can write nothing down any more
				return errors.Join(err, &adapters.Error{Kind: adapters.Internal, Op: "deleting"})
			}
			if _, err := w.runner.Slice(t.Context(), f, id, run.Options{}); !errors.Is(err, state.Fenced) {
				t.Fatalf("got error %v", err)
			}
			w.runner.Close(t.Context())
			w.dst.write = nil
			opened := false
			w.src.open = func(r adapters.ReadRequest) { opened = opened || r.Mode == adapters.ReadFull }
			for more := (run.More{Again: true}); more.Again; {
				more = must(w.runner.Slice(t.Context(), f, id, run.Options{}))(t)
			}
			if opened {
				t.Error("a read that was complete was read again")
			}
			r := must(w.store.Run(t.Context(), id))(t)
			if got := w.arrived(); r.Status != state.RunSucceeded || r.Counts.Deleted+r.Counts.Unchanged != 25 || len(got) != 23 {
				t.Errorf("run ended %s with %+v, arrived %d", r.Status, r.Counts, len(got))
			}
			w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 23, Unchanged: 23})
		})
	}
}

// Pages that shift while they are read leave out records that are there: each is asked for by its key before it is deleted.
func TestARecordThatAPageMissedIsNotDeleted(t *testing.T) {
	w := newSweepWorld(t, 25, nil)
	missing := w.from.Rows()[12]
	w.without("a13", "a20")
	back := func(r adapters.ReadRequest) {
		if r.Mode == adapters.ReadKeys {
			w.from.Put(missing)
		}
	}
	w.src.open = back
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 23, Unchanged: 23, Deleted: 1})
	if got := w.arrived(); got["a13"] == "" || got["a20"] != "" {
		t.Errorf("arrived %v", got)
	}
}

func TestARecordWithoutAKeyMakesASweepBlind(t *testing.T) {
	w := newSweepWorld(t, 25, nil)
	w.without("a03")
	w.from.Put([]record.Value{record.StringValue(" "), record.StringValue("blank"), record.IntValue(1)})
	w.keepsAll(w.run(run.Options{}), state.RunPartial, "KeyUnknown", 25)
}

func TestWhatIsFilteredOrRejectedIsNotGone(t *testing.T) {
	w := newSweepWorld(t, 25, func(s *config.Touchpoint) { s.Source.Where = `name != "out"` })
	w.put("a01", "out", 90)
	w.put("a02", "bad", 91)
	w.put("a03", "skip", 92)
	w.put("a04", "park", 93)
	w.keepsAll(w.run(run.Options{}), state.RunPartial, "", 25)
}

// What was delivered before a reset may be somewhere else.
func TestAnEarlierGenerationIsNotDeleted(t *testing.T) {
	w := newSweepWorld(t, 25, nil)
	w.without("a03")
	must(w.store.ResetTouchpoint(t.Context(), w.tp.ID))(t)
	w.keepsAll(w.run(run.Options{}), state.RunSucceeded, "", 25)
	w.without("a04") // delivered in this generation, too
	if r := w.run(run.Options{}); r.Counts.Deleted != 1 {
		t.Errorf("run ended %s with %+v: %s", r.Status, r.Counts, r.Detail)
	}
}

// A reset in the middle of a run ends it.
func TestAResetWhileDeletingDeletesNothing(t *testing.T) {
	w := newSweepWorld(t, 25, nil)
	w.without("a03")
	id, f := w.start(), w.flow("r1")
	w.src.open = func(r adapters.ReadRequest) {
		if r.Mode == adapters.ReadKeys {
			must(w.store.ResetTouchpoint(context.WithoutCancel(t.Context()), w.tp.ID))(t)
		}
	}
	w.dst.write = func(*record.Batch, []adapters.Outcome, func() error) error {
		return &adapters.Error{Kind: adapters.Unavailable, Op: "deleting"}
	}
	_, _ = w.runner.Slice(t.Context(), f, id, run.Options{})
	w.keepsAll(must(w.store.Run(t.Context(), id))(t), state.RunSuperseded, "", 25)
}

// Two source records that are one at the destination: it is deleted with the last of them.
func TestASharedDestinationRecordGoesWithTheLast(t *testing.T) {
	w := newWorld(t, sweeping)
	w.model.Mappings["m"].Spec.Fields[0].Field = config.Field{Expr: `lower(id)`}
	w.put("A", "first", 1)
	w.put("a", "first", 2)
	w.put("b", "other", 3)
	w.run(run.Options{})
	w.without("A")
	if r := w.run(run.Options{}); r.Counts.Deleted != 0 || w.arrived()["a"] == "" {
		t.Errorf("run ended %s with %+v, arrived %v", r.Status, r.Counts, w.arrived())
	}
	w.without("a")
	if r := w.run(run.Options{}); r.Counts.Deleted != 1 || w.arrived()["a"] != "" {
		t.Errorf("run ended %s with %+v, arrived %v", r.Status, r.Counts, w.arrived())
	}
}

func TestWhatIsGoneIsMarked(t *testing.T) {
	w := newSweepWorld(t, 25, func(s *config.Touchpoint) {
		s.Source.Deleted = config.Deleted{Action: "set", Set: config.Fields{{Name: "name", Field: config.Field{Value: []byte(`"inactive"`)}}}}
	})
	w.without("a03")
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 24, Unchanged: 24, Deleted: 1})
	if got := w.arrived(); len(got) != 25 || got["a03"] != "inactive" || got["a04"] != "name 4" {
		t.Errorf("arrived %v", got)
	}
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 24, Unchanged: 24})
}

func TestEachRouteDeletesItsOwn(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) {
		sweeping(s)
		routed(s)
	})
	w.put("a", "side one", 1)
	w.put("b", "plain", 2)
	w.put("c", "side two", 3)
	w.put("d", "plain", 4)
	w.run(run.Options{})
	w.without("a", "d")
	if r := w.run(run.Options{}); r.Counts.Deleted != 2 {
		t.Errorf("run ended %s with %+v: %s", r.Status, r.Counts, r.Detail)
	}
	if d := cmp.Diff(names(w.side), map[string]string{"c": "side two"}); d != "" {
		t.Errorf("at the side (-got +want):\n%s", d)
	}
	if d := cmp.Diff(w.arrived(), map[string]string{"b": "plain"}); d != "" {
		t.Errorf("arrived (-got +want):\n%s", d)
	}
}

// A destination that refuses to delete is asked again by the next sweep.
func TestARefusedDeleteIsSaid(t *testing.T) {
	w := newSweepWorld(t, 25, nil)
	w.without("a03", "a04")
	w.dst.write = func(b *record.Batch, out []adapters.Outcome, send func() error) error {
		err := send()
		out[0] = adapters.Outcome{Result: adapters.Rejected, Err: &adapters.Error{Kind: adapters.Conflict, Op: "deleting", Rule: "it has orders"}}
		return err
	}
	r := w.run(run.Options{})
	if r.Status != state.RunPartial || r.Code != "DeleteRefused" || r.Counts.Deleted != 1 || r.Counts.Rejected != 1 {
		t.Errorf("run ended %s %s with %+v: %s", r.Status, r.Code, r.Counts, r.Detail)
	}
	w.dst.write = nil
	if r = w.run(run.Options{}); r.Status != state.RunSucceeded {
		t.Errorf("run ended %s %s with %+v: %s", r.Status, r.Code, r.Counts, r.Detail)
	}
}

func TestAPartOfTheRecordsIsNoSweep(t *testing.T) {
	w := newSweepWorld(t, 25, nil)
	w.without("a03")
	w.keepsAll(w.run(run.Options{Limit: 15}), state.RunSucceeded, "", 25)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 24, Unchanged: 24, Deleted: 1})
}

func TestObserveDeletesNothing(t *testing.T) {
	w := newSweepWorld(t, 25, nil)
	w.model.Touchpoints["flow"].Spec.Mode = "observe"
	w.without("a03")
	w.keepsAll(w.run(run.Options{}), state.RunSucceeded, "", 25)
}
