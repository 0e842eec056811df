package run_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

func TestDelivers(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(25)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 25, Created: 25})
	if n := len(w.arrived()); n != 25 {
		t.Errorf("%d records arrived", n)
	}
	if c := w.checkpoint(); c.Seq != 3 || string(c.Cursor) != "25/a25" {
		t.Errorf("checkpoint is number %d at %q", c.Seq, c.Cursor)
	}
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{})
}

func TestOverlapIsDroppedByVersion(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(12)
	w.run(run.Options{})
	w.src.again = true
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{Read: 12, Duplicates: 12})
	w.put("a03", "new", 13)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 12, Duplicates: 11, Updated: 1})
	if got := w.arrived()["a03"]; got != "new" {
		t.Errorf("a03 arrived as %q", got)
	}
}

func TestUnchangedByFingerprint(t *testing.T) {
	for unchanged, sent := range map[string]bool{"ledger": false, "send": true} {
		w := newWorld(t, func(s *config.Touchpoint) { s.Source.Read, s.Destination.Unchanged = "full", unchanged })
		w.fill(3)
		w.run(run.Options{})
		calls := 0
		w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error { calls++; return send() }
		w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Unchanged: 3})
		if (calls > 0) != sent {
			t.Errorf("unchanged: %s: %d writes", unchanged, calls)
		}
	}
}

func TestRejectedIsSetAsideBeforeTheCheckpoint(t *testing.T) {
	w := newWorld(t, nil)
	w.put("a", "fine", 1)
	w.put("b", "bad", 2)
	w.put("c", "fine", 3)
	w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 3, Created: 2, Rejected: 1})
	open := w.letters(state.DeadLetterOpen)
	if len(open) != 1 || open[0].Rule != "name is bad" || open[0].Kind != "Invalid" || string(open[0].Key) != `["b"]` ||
		string(open[0].Source) != `{"id":"b","name":"bad","rev":2}` {
		t.Fatalf("dead letters: %+v", open)
	}
	if c := w.checkpoint(); string(c.Cursor) != "3/c" {
		t.Errorf("checkpoint at %q", c.Cursor)
	}
	w.src.again = true
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{Read: 3, Duplicates: 3})
	w.to.Refuse = nil
	w.want(w.runAs("r2", run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Duplicates: 2, Created: 1})
	if n := len(w.letters(state.DeadLetterOpen)); n != 0 {
		t.Errorf("%d dead letters are open after delivery", n)
	}
	if l := w.letters(state.DeadLetterSuperseded); len(l) != 1 {
		t.Errorf("%d dead letters are superseded", len(l))
	}
}

// A state that cannot take the dead letters must not see the checkpoint move either: both are one commit.
func TestNothingMovesWhenTheCommitFails(t *testing.T) {
	w := newWorld(t, nil)
	w.put("b", "bad", 1)
	id, f := w.start(), w.flow("r1")
	w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
		_, _, err := w.store.BeginSlice(t.Context(), id) // somebody else takes the run
		return errors.Join(send(), err)
	}
	if _, err := w.runner.Slice(t.Context(), f, id, run.Options{}); !errors.Is(err, state.Fenced) {
		t.Fatalf("got error %v", err)
	}
	if c := w.checkpoint(); c.Seq != 0 {
		t.Errorf("a fenced slice moved the checkpoint to number %d", c.Seq)
	}
	if n := len(w.letters("")); n != 0 {
		t.Errorf("a fenced slice left %d dead letters", n)
	}
	if len(w.committed) != 0 {
		t.Errorf("a fenced slice reported %v", w.committed)
	}
	w.dst.write = nil
	for more := (run.More{Again: true}); more.Again; {
		more = must(w.runner.Slice(t.Context(), f, id, run.Options{}))(t)
	}
	w.want(must(w.store.Run(t.Context(), id))(t), state.RunFailed, state.Counts{Read: 1, Rejected: 1})
}

// fromQueue makes the touchpoint read the queue, whose batches hold a record as often as it was pushed.
func fromQueue(s *config.Touchpoint) { s.Source.Connection = "queue" }

// push runs the touchpoint for documents that come in one batch.
func (w *world) push(docs ...string) state.Run {
	w.t.Helper()
	w.queue.Push(docs...)
	id := w.start()
	w.pump(w.t.Context(), w.flow("r1"), id, len(docs))
	return must(w.store.Run(w.t.Context(), id))(w.t)
}

func TestTwoVersionsInOneBatch(t *testing.T) {
	w := newWorld(t, fromQueue)
	w.push(document("a", "one", 1), document("a", "two", 2), document("b", "bad", 1), document("b", "good", 2))
	if got := w.arrived(); got["a"] != "two" || got["b"] != "good" {
		t.Errorf("arrived: %v", got)
	}
	if l := w.letters(state.DeadLetterOpen); len(l) != 0 {
		t.Errorf("a version that was followed by a good one waits in the dead letters: %+v", l)
	}
	w.push(document("b", "bad", 3))
	w.push(document("b", "good", 4), document("b", "bad", 5))
	if l := w.letters(state.DeadLetterOpen); len(l) != 1 {
		t.Errorf("%d dead letters are open after the last version was refused", len(l))
	}
}

func TestRepetitionInOneBatchIsCreatedOnce(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) { fromQueue(s); creates(s) })
	r := w.push(document("a", "one", 1), document("a", "one", 1))
	if want := (state.Counts{Read: 2, Created: 1, Duplicates: 1}); r.Counts != want {
		t.Errorf("counts %+v", r.Counts)
	}
}

// pump works slices of an endless read until so many records are committed, and ends the run.
func (w *world) pump(ctx context.Context, f *run.Flow, id int64, n int) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var seen int64
	w.runner.Observe = func(_ string, c state.Counts) {
		if seen += c.Read; seen >= int64(n) {
			cancel()
		}
	}
	if _, err := w.runner.Slice(ctx, f, id, run.Options{}); err != nil {
		w.t.Fatal(err)
	}
	w.runner.Forget(w.t.Context(), id)
	if err := w.store.EndRun(w.t.Context(), id, state.RunEnd{Status: state.RunCanceled}); err != nil {
		w.t.Fatal(err)
	}
}

func TestQueueIsAcknowledgedAfterTheCommit(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) { s.Source.Connection = "queue" })
	for i := range 25 {
		w.queue.Push(document(string(rune('a'+i)), "name", i))
	}
	w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
		if got, want := 25-w.queue.Pending(), len(w.arrived()); got > want {
			t.Errorf("%d documents were acknowledged and %d delivered", got, want)
		}
		return send()
	}
	w.pump(t.Context(), w.flow("r1"), w.start(), 25)
	if n := len(w.arrived()); n != 25 {
		t.Errorf("%d arrived", n)
	}
}

func TestStopAfter(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) { s.StopAfter = 2 })
	for i, name := range []string{"bad", "bad", "bad"} {
		w.put(string(rune('a'+i)), name, int64(i))
	}
	w.from.Batch = 1
	r := w.run(run.Options{})
	w.want(r, state.RunFailed, state.Counts{Read: 2, Rejected: 2})
	if r.Code != "TooManyRejected" {
		t.Errorf("code %q", r.Code)
	}
}

func TestLimitsPark(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) { s.Limits.MaxCreates = &config.Limit{Count: 15} })
	w.fill(25)
	r := w.run(run.Options{})
	w.want(r, state.RunParked, state.Counts{Read: 10, Created: 10})
	if r.Code != "LimitReached" || len(w.arrived()) != 10 {
		t.Errorf("code %q, %d arrived", r.Code, len(w.arrived()))
	}
	if c := w.checkpoint(); string(c.Cursor) != "10/a10" {
		t.Errorf("checkpoint at %q", c.Cursor)
	}
}

func TestLimitOfUpdatesAsAPercentage(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) { s.Limits.MaxUpdates = &config.Limit{Percent: 50} })
	w.fill(8)
	w.run(run.Options{})
	for i := range 5 {
		w.put("a0"+string(rune('1'+i)), "changed", int64(100+i))
	}
	w.want(w.run(run.Options{}), state.RunParked, state.Counts{})
}

func TestReadsNoMoreThanAskedFor(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(25)
	w.want(w.run(run.Options{Limit: 13}), state.RunSucceeded, state.Counts{Read: 13, Created: 13})
	if c := w.checkpoint(); string(c.Cursor) != "10/a10" {
		t.Errorf("checkpoint at %q: it passed records that were not delivered", c.Cursor)
	}
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 15, Created: 12, Duplicates: 3})
}

func TestObserveWritesNothing(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) { s.Mode = "observe" })
	w.fill(3)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Skipped: 3})
	if n := len(w.arrived()); n != 0 {
		t.Errorf("%d arrived", n)
	}
}

func TestChecks(t *testing.T) {
	w := newWorld(t, nil)
	w.put("a", "park", 1)
	w.put("b", "skip", 2)
	w.put("c", "fine", 3)
	w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 3, Created: 1, Skipped: 1, Parked: 1})
	if l := w.letters(state.DeadLetterOpen); len(l) != 1 || !l[0].Parked || l[0].Rule != "check parks" {
		t.Errorf("dead letters: %+v", l)
	}
}

func TestBlankKeys(t *testing.T) {
	w := newWorld(t, nil)
	w.put("", "nobody", 1)
	w.put("  ", "nobody either", 2)
	w.put("c", "fine", 3)
	w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 3, Created: 1, Rejected: 2})
	if l := w.letters(state.DeadLetterOpen); len(l) != 2 || l[0].Rule != "key" {
		t.Errorf("dead letters: %+v", l)
	}
}

func TestTemporaryErrorsAreTriedAgain(t *testing.T) {
	for name, kind := range map[string]adapters.Error{
		"unavailable":  {Kind: adapters.Unavailable},
		"rate limited": {Kind: adapters.RateLimited, After: time.Minute},
		"quota":        {Kind: adapters.QuotaExhausted, Until: time.Date(2026, 3, 1, 12, 5, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.fill(25)
			reads, writes := 0, 0
			w.src.next = func() error {
				if reads++; reads == 2 {
					return &kind
				}
				return nil
			}
			w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
				if writes++; writes == 2 {
					return &kind
				}
				return send()
			}
			w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 25, Created: 25})
		})
	}
}

func TestGivesUpAfterEnoughAttempts(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(1)
	w.from.SetOffline(true)
	r := w.run(run.Options{})
	w.want(r, state.RunFailed, state.Counts{})
	if r.Code != "Unavailable" {
		t.Errorf("code %q", r.Code)
	}
}

func TestPartOfABatchArrives(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(4)
	first := true
	w.dst.write = func(b *record.Batch, out []adapters.Outcome, send func() error) error {
		if !first {
			return send()
		}
		first = false
		if err := send(); err != nil {
			return err
		}
		out[2], out[3] = adapters.Outcome{Result: adapters.Unknown}, adapters.Outcome{}
		return &adapters.Error{Kind: adapters.Unauthorized, Op: "writing"}
	}
	w.want(w.run(run.Options{}), state.RunFailed, state.Counts{Read: 2, Created: 2})
	if c := w.checkpoint(); c.Seq != 0 {
		t.Errorf("the checkpoint passed records that are not known to have arrived")
	}
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 4, Duplicates: 2, Unchanged: 2})
}

func TestSessionIsKeptBetweenSlices(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(25)
	w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
		w.clock.add(run.SliceLength) // every batch ends a slice
		return send()
	}
	reads := 0
	w.src.next = func() error { reads++; return nil }
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 25, Created: 25})
	if reads != 4 {
		t.Errorf("%d reads: a slice began the read anew", reads)
	}
}

func TestSupersededAfterReset(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(12)
	w.run(run.Options{})
	id, f := w.start(), w.flow("r1")
	if _, err := w.store.ResetTouchpoint(t.Context(), w.tp.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.runner.Slice(t.Context(), f, id, run.Options{}); !errors.Is(err, state.Fenced) {
		t.Errorf("got error %v", err)
	}
	if r := must(w.store.Run(t.Context(), id))(t); r.Status != state.RunSuperseded {
		t.Errorf("run is %s", r.Status)
	}
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 12, Unchanged: 12}) // sent again, and the same
}

func TestDeadLettersAreRetried(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) {
		s.StopAfter = 2
		s.OnReject.Retry = &config.Retry{Every: config.Duration(time.Hour), For: config.Duration(24 * time.Hour)}
	})
	w.put("a", "bad", 1)
	w.put("b", "bad", 2)
	w.run(run.Options{})
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{}) // not yet
	w.clock.add(time.Hour)
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{Read: 2, Duplicates: 2}) // due, and in vain
	if l := w.letters(state.DeadLetterOpen); len(l) != 2 || l[0].Attempts != 2 {
		t.Errorf("dead letters: %+v", l)
	}
	w.to.Refuse = nil
	w.clock.add(time.Hour)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 2, Created: 2})
	if n := len(w.letters(state.DeadLetterReplayed)); n != 2 {
		t.Errorf("%d dead letters are replayed", n)
	}
}

func TestDeadLettersAreNotRetriedForever(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) {
		s.OnReject.Retry = &config.Retry{Every: config.Duration(time.Hour), For: config.Duration(24 * time.Hour)}
	})
	w.put("a", "bad", 1)
	w.run(run.Options{})
	w.to.Refuse = nil
	w.clock.add(25 * time.Hour)
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{})
}

// A dead letter whose record arrived in a newer version meanwhile must not put the old one back.
func TestOldDeadLettersDoNotReplaceNewRecords(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) {
		s.OnReject.Retry = &config.Retry{Every: config.Duration(time.Hour), For: config.Duration(24 * time.Hour)}
	})
	w.put("a", "bad", 1)
	w.run(run.Options{})
	letter := w.letters(state.DeadLetterOpen)[0]
	w.put("a", "new", 2)
	w.run(run.Options{})
	_, fence, err := w.store.BeginSlice(t.Context(), w.start())
	if err == nil {
		err = w.store.Commit(t.Context(), fence, state.Commit{DeadLetters: []state.DeadLetterEntry{letter.DeadLetterEntry}})
	}
	if err != nil {
		t.Fatal(err)
	}
	w.to.Refuse = nil
	w.clock.add(2 * time.Hour)
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{Read: 1, Duplicates: 1})
	if got := w.arrived()["a"]; got != "new" {
		t.Errorf("the record is %q", got)
	}
	if n := len(w.letters(state.DeadLetterOpen)); n != 0 {
		t.Errorf("%d dead letters are open", n)
	}
}

func TestDryShowsAndWritesNothing(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(12)
	var shown []string
	n, err := run.Dry(t.Context(), w.flow(""), w.runner.Pool, w.clock.now, 2, func(d run.DryRecord) error {
		shown = append(shown, string(d.Output))
		return nil
	})
	if err != nil || n.Read != 2 {
		t.Fatalf("read %d, error %v", n.Read, err)
	}
	if !slices.Equal(shown, []string{`{"id":"a01","name":"name 1","rev":1}`, `{"id":"a02","name":"name 2","rev":2}`}) {
		t.Errorf("shown: %s", shown)
	}
	if len(w.arrived()) != 0 {
		t.Error("a dry run wrote")
	}
}
