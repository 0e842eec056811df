package run

import (
	"context"
	"math"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/state"
)

// A draft is a batch before it is delivered: read and, where nothing but the records themselves decides, mapped and looked up.
type draft struct {
	batch *record.Batch // of the fetcher, to be given back; nil: nothing came in time
	err   error         // of the read

	read    int    // how many of its records count
	stage   *stage // it is mapped there; nil: it is not mapped yet
	counts  state.Counts
	entries []state.LedgerEntry // what the ledger knows of the stage's items, in order; nil: it is to be asked
}

// fill maps the records that count.
func (d *draft) fill(s *stage) {
	s.fill(d.batch, d.read, &d.counts)
	d.stage = s
}

// A drafter makes the next draft while a batch is delivered. That changes nothing anywhere: only the session writes, records and commits,
// batch by batch. Its methods are for one goroutine.
type drafter struct {
	stages [2]*stage // they take turns; the second is nil where applications or ledgers are asked before a record is mapped, which is done in order
	draft  *draft    // made, or being made
	made   chan struct{}
	cancel context.CancelFunc
}

// start begins a draft of at most limit records unless there is one. busy is the stage of a batch that is not committed yet; nil: there is
// none. ctx bounds the wait for the source.
func (d *drafter) start(ctx context.Context, f *fetcher, store *state.Store, touchpointID int64, limit int, busy *stage) {
	if d.draft != nil {
		return
	}
	next, made := new(draft), make(chan struct{})
	ctx, d.cancel = context.WithCancel(ctx)
	d.draft, d.made = next, made
	free := d.stages[0]
	if busy == free {
		free = d.stages[1]
	}
	alone := d.stages[1] == nil
	go func() { // take and pause join it
		defer close(made)
		next.batch, next.err = f.next(ctx)
		if next.batch == nil || next.err != nil {
			return
		}
		if next.read = min(next.batch.Len(), limit); alone {
			return
		}
		next.fill(free)
		next.lookUp(ctx, store, touchpointID, busy)
	}()
}

// lookUp asks the ledger, unless a record is also in the batch that is not committed yet: then what it will know is still to come.
func (d *draft) lookUp(ctx context.Context, store *state.Store, touchpointID int64, busy *stage) {
	if len(d.stage.items) == 0 || busy != nil && d.stage.overlaps(busy) {
		return
	}
	if entries, err := store.Lookup(ctx, touchpointID, d.stage.hashes()); err == nil { // else whoever delivers it asks, and hears why
		d.entries = entries
	}
}

// take returns the draft once it is made. nil: ctx ended before, and it is still being made.
func (d *drafter) take(ctx context.Context) *draft {
	select {
	case <-d.made:
	case <-ctx.Done():
		return nil
	}
	d.cancel()
	made := d.draft
	d.draft = nil
	return made
}

// pause ends the wait for the source and keeps what has been made. The ledger is asked again after a pause, however long it is.
func (d *drafter) pause() {
	if d.draft == nil {
		return
	}
	d.cancel()
	<-d.made
	if d.draft.entries = nil; d.draft.batch == nil {
		d.draft = nil
	}
}

// setStages makes a stage for the batch at hand and, unless steps or lookups could see what becomes of that, one for the next.
func (s *session) setStages(make func() *stage) {
	s.stage = make()
	s.drafter.stages[0] = s.stage
	if s.stage.steps == nil && s.stage.lookups == nil {
		s.drafter.stages[1] = make()
	}
	if s.sweep == nil {
		return
	}
	for _, st := range s.drafter.stages {
		if st != nil {
			st.watch()
		}
	}
}

// openLanes prepares to write. All stages write with the same writers.
func (s *session) openLanes(ctx context.Context) error {
	for i, l := range s.stage.lanes {
		l.exact = s.exact
		if err := l.open(ctx); err != nil {
			return blamed(l.Destination.Connection, err)
		}
		if next := s.drafter.stages[1]; next != nil {
			next.lanes[i].writer, next.lanes[i].exact = l.writer, l.exact
		}
	}
	return nil
}

// bulk returns how many records are delivered at once where so many have been read; 0: as they come. Steps, lookups and write-backs ask
// applications about every record, which takes its time.
func (s *session) bulk() int {
	if s.drafter.stages[1] == nil || len(s.backs) > 0 {
		return 0
	}
	least := 0
	for _, l := range s.stage.lanes {
		w, ok := l.writer.(adapters.BulkWriter)
		if !ok {
			return 0
		}
		if n := w.Bulk(); least == 0 || n < least {
			least = n
		}
	}
	return least
}

// draftNext begins the next draft. onTheirWay are the records of the batch at hand, which busy holds; nil: there is none.
func (s *session) draftNext(ctx context.Context, r *Runner, w *work, onTheirWay int, busy *stage) {
	s.drafter.start(ctx, s.fetcher, r.Store, w.touchpoint.ID, s.left(w, onTheirWay), busy)
}

// left returns how many more records the run reads, beside some that are on their way.
func (s *session) left(w *work, onTheirWay int) int {
	if w.options.Limit == 0 {
		return math.MaxInt
	}
	return int(max(0, w.options.Limit-s.read-int64(onTheirWay)))
}

// hashes returns what the ledger knows the items by.
func (s *stage) hashes() []state.KeyHash {
	hashes := make([]state.KeyHash, len(s.items))
	for i := range s.items {
		hashes[i] = s.items[i].hash
	}
	return hashes
}

// overlaps reports whether two stages hold one record, on whatever route.
func (s *stage) overlaps(o *stage) bool {
	held := make(map[state.KeyHash]struct{}, len(o.items))
	for i := range o.items {
		held[o.items[i].source] = struct{}{}
	}
	for i := range s.items {
		if _, ok := held[s.items[i].source]; ok {
			return true
		}
	}
	return false
}
