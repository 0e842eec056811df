package run_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// counted returns a channel that is closed when the source is asked for its n-th batch.
func (w *world) counted(n int) <-chan struct{} {
	reached, reads := make(chan struct{}), 0
	w.src.next = func() error {
		if reads++; reads == n {
			close(reached)
		}
		return nil
	}
	return reached
}

// await waits for something that another goroutine does.
func await(t *testing.T, done <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*run.SliceLength)
	defer cancel()
	select {
	case <-done:
	case <-ctx.Done():
		t.Error("it never happens")
	}
}

// holdFirst makes the first write wait.
func (w *world) holdFirst(until <-chan struct{}) {
	first := true
	w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
		if first {
			first = false
			await(w.t, until)
		}
		return send()
	}
}

// While one batch is written, the next is mapped and the one after it is read.
func TestNextBatchIsMappedMeanwhile(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(45)
	w.holdFirst(w.counted(3)) // the third is read only once the second has been taken for mapping
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 45, Created: 45})
	if c := w.checkpoint(); c.Seq != 5 {
		t.Errorf("checkpoint is number %d", c.Seq)
	}
}

// Records that stand in two batches which are on their way at once are judged by what became of the first.
func TestKeyOnItsWayIsJudgedAfterTheCommit(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) { fromQueue(s); creates(s) })
	w.queue.Batch = 2
	w.holdFirst(w.counted(3))
	w.queue.Push(document("a", "one", 1), document("b", "one", 1), document("a", "one", 1), document("c", "one", 1), document("d", "one", 1), document("a", "one", 1))
	id := w.start()
	w.pump(t.Context(), w.flow("r1"), id, 6)
	if r, want := must(w.store.Run(t.Context(), id))(t), (state.Counts{Read: 6, Created: 4, Duplicates: 2}); r.Counts != want {
		t.Errorf("counts %+v", r.Counts)
	}
}

func TestOrderOfAKeyIsKeptAcrossBatches(t *testing.T) {
	w := newWorld(t, fromQueue)
	w.queue.Batch = 1
	var sent []string
	w.holdFirst(w.counted(3))
	held := w.dst.write
	w.dst.write = func(b *record.Batch, out []adapters.Outcome, send func() error) error {
		sent = append(sent, strings.Clone(b.Row(0)[1].Text()))
		return held(b, out, send)
	}
	w.queue.Push(document("a", "one", 1), document("a", "two", 2), document("a", "three", 3))
	w.pump(t.Context(), w.flow("r1"), w.start(), 3)
	if want := []string{"one", "two", "three"}; !slices.Equal(sent, want) || w.arrived()["a"] != "three" {
		t.Errorf("sent %v, arrived %v", sent, w.arrived())
	}
}

// What was mapped ahead of a batch that fails is read again; nothing is lost and nothing arrives twice.
func TestDraftBehindAFailureIsReadAgain(t *testing.T) {
	for _, write := range []string{"upsert", "create"} {
		t.Run(write, func(t *testing.T) {
			w := newWorld(t, func(s *config.Touchpoint) { s.Destination.Write = write })
			w.fill(45)
			ahead, writes := w.counted(3), 0
			w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
				if writes++; writes == 1 {
					await(t, ahead)
					return &adapters.Error{Kind: adapters.Conflict}
				}
				return send()
			}
			w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 45, Created: 45})
		})
	}
}

// A slice that ends leaves what was mapped ahead to the next, which asks the ledger again: it may know more by then.
func TestDraftIsKeptBetweenSlices(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(45)
	reads := 0
	w.src.open = func(adapters.ReadRequest) { reads++ }
	ahead, writes := w.counted(3), 0
	w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
		if writes++; writes == 1 {
			await(t, ahead)
			w.clock.add(run.SliceLength)
		}
		return send()
	}
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 45, Created: 45})
	if reads != 1 {
		t.Errorf("the source was opened %d times", reads)
	}
}

// A limit counts what is on its way: no record beyond it is sent.
func TestLimitCountsWhatIsOnItsWay(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(45)
	w.holdFirst(w.counted(3))
	w.want(w.run(run.Options{Limit: 20}), state.RunSucceeded, state.Counts{Read: 20, Created: 20})
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 25, Created: 25})
}

// A destination that gains by it gets several batches of the source at once, and the checkpoint falls behind the last of them.
func TestBulkWriterGetsSeveralBatches(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(45)
	w.dst.bulk = 25
	read := w.counted(6)
	var sizes []int
	w.dst.write = func(b *record.Batch, _ []adapters.Outcome, send func() error) error {
		if sizes = append(sizes, b.Len()); len(sizes) == 1 {
			await(t, read)
		}
		return send()
	}
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 45, Created: 45})
	if c := w.checkpoint(); int(c.Seq) != len(sizes) || string(c.Cursor) != "45/a45" {
		t.Errorf("writes of %v; checkpoint is number %d at %q", sizes, c.Seq, c.Cursor)
	}
	if most := slices.Max(sizes); most < 20 || most >= 35 {
		t.Errorf("writes of %v", sizes)
	}
}
