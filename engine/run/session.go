package run

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/state"
)

// A session is a run under way: its open ends, its reader, and how far it has come. It lives from slice to slice, and is used by
// one goroutine at a time, beside which a fetcher reads ahead and a drafter maps ahead.
type session struct {
	ends    ends
	fetcher *fetcher
	drafter drafter
	stage   *stage // of the batch at hand
	patient *patience
	seq     int64 // of the last committed checkpoint
	read    int64 // records read, for a limit
	limits  *allowance
	asked   bool // a person asked for this run, which moves no checkpoint of the flow
	backs   []*backLane
	sweep   *sweep // nil: nothing counts as gone
	removes map[*lane]*remover
	exact   *exactly // nil: records are delivered at least once
}

// openSession opens both ends where the last checkpoint stands. A run that was asked for reads for itself.
func (r *Runner) openSession(ctx context.Context, w *work) (*session, error) {
	s := &session{ends: ends{flow: w.flow, store: r.Store}, asked: w.beside != nil}
	if err := r.fillSession(ctx, s, w); err != nil {
		s.close(ctx)
		return nil, err
	}
	return s, nil
}

func (r *Runner) fillSession(ctx context.Context, s *session, w *work) error {
	t := w.touchpoint
	if err := s.ends.open(ctx, r.Pool); err != nil {
		return err
	}
	if err := s.openExactly(ctx, r, w); err != nil {
		return err
	}
	c, err := r.Store.Checkpoint(ctx, checkpointKey(t))
	if err != nil {
		return err
	}
	s.seq = c.Seq
	if !s.asked {
		if s.sweep, err = r.openSweep(ctx, &s.ends, w.run, &c); err != nil {
			return err
		}
	}
	if s.sweep == nil { // which must come past every record
		c.Cursor = s.exact.resume(c.Cursor)
	}
	hasher, err := r.Store.Hasher(t)
	if err != nil {
		return err
	}
	s.setStages(func() *stage { return newStage(&s.ends, hasher.Clone(), r.Now, &r.locks, t.Generation) })
	if s.limits, err = r.allowance(ctx, w); err != nil {
		return err
	}
	if s.ends.flow.Spec.Mode != "observe" {
		if err := s.openLanes(ctx); err != nil {
			return err
		}
		if err := s.openBacks(ctx, r.Now); err != nil {
			return err
		}
	}
	if s.asked || s.sweep != nil && s.sweep.Complete {
		return nil
	}
	reader, err := s.ends.openReader(ctx, c.Cursor, t.CreatedAt, int(w.options.Limit))
	if err != nil {
		return blamed(s.ends.flow.Spec.Source.Connection, err)
	}
	s.fetcher = fetch(context.WithoutCancel(ctx), reader, s.bulk())
	return nil
}

// close gives everything back, in reverse order of opening.
func (s *session) close(ctx context.Context) {
	s.drafter.pause()
	if s.fetcher != nil {
		_ = s.fetcher.close(ctx) // what was read and not written is read again
	}
	if s.stage != nil {
		for _, l := range s.stage.lanes {
			if l.writer != nil {
				_ = l.writer.Close(ctx) // outcomes do not depend on it
			}
		}
		for _, l := range s.backs {
			_ = l.writer.Close(ctx) // as above
		}
		for _, l := range s.removes {
			_ = l.writer.Close(ctx) // as above
		}
	}
	s.ends.close(ctx)
}

func checkpointKey(t state.Touchpoint) state.CheckpointKey {
	return state.CheckpointKey{TouchpointID: t.ID, Generation: t.Generation}
}

// step works one batch. It returns io.EOF when the read completed.
func (s *session) step(ctx context.Context, r *Runner, w *work) error {
	if s.sweep != nil && s.sweep.Complete {
		return s.removeGone(ctx, r, w)
	}
	patient, cancel := context.WithTimeout(ctx, w.deadline.Sub(r.Now()))
	defer cancel()
	s.draftNext(ctx, r, w, 0, nil)
	d := s.drafter.take(patient)
	if d == nil || d.batch == nil {
		if ctx.Err() == nil { // a source without an end has nothing new
			return errHandOver
		}
		return ctx.Err()
	}
	defer s.fetcher.giveBack(d.batch)
	if errors.Is(d.err, io.EOF) {
		return s.finish(ctx, r, w, d.batch)
	}
	if d.err != nil {
		return &readError{d.err}
	}
	if s.left(w, d.read) > 0 {
		s.draftNext(ctx, r, w, d.read, d.stage)
	}
	return s.work(ctx, r, w, d)
}

// A readError comes from the source: the reader waits, and nothing that it has delivered is lost.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// finish commits the checkpoint behind a completed read. A full read begins at its start again.
func (s *session) finish(ctx context.Context, r *Runner, w *work, b *record.Batch) error {
	if s.sweep != nil {
		return s.completeSweep(ctx, r, w)
	}
	full := s.ends.flow.Spec.Source.Read == string(adapters.ReadFull)
	if !full && b.Safe == nil {
		return io.EOF
	}
	update := state.CheckpointUpdate{Key: checkpointKey(w.touchpoint), Seq: s.seq + 1, Done: true}
	if !full {
		update.Cursor = b.Safe
	}
	if err := r.Store.Commit(ctx, w.fence, state.Commit{Checkpoint: &update}); err != nil {
		return err
	}
	s.seq++
	return io.EOF
}

// batch maps, writes and commits one batch that does not come from the reader.
func (s *session) batch(ctx context.Context, r *Runner, w *work, b *record.Batch) error {
	return s.work(ctx, r, w, &draft{batch: b, read: min(b.Len(), s.left(w, 0))})
}

// work maps a draft, unless it is mapped, writes and commits it.
func (s *session) work(ctx context.Context, r *Runner, w *work, d *draft) error {
	b := d.batch
	var sent state.Counts
	s.equip(r, w)
	if d.stage == nil {
		err := s.stage.prepare(ctx, b, d.read)
		sent.Created += s.stage.steps.takeCreated()
		if err != nil {
			return errors.Join(err, s.keepCounts(ctx, r, w, sent))
		}
		d.fill(s.stage)
	}
	s.stage = d.stage
	s.read += int64(d.read)
	c := state.Commit{Revision: s.ends.flow.Revision, Counts: d.counts}
	if err := s.consult(ctx, r, w.touchpoint.ID, d.entries, &c.Counts); err != nil {
		return err
	}
	written := s.deliver(ctx, r, w, &sent)
	s.acknowledge(ctx, r, b)
	now := r.Now()
	if written != nil {
		s.recall(&c, now)
		c.Counts = state.Counts{Read: s.stage.keepSent()}
	}
	c.Counts.Add(sent)
	whole := written == nil && d.read == b.Len()
	if whole {
		w.beside.note(&c)
	}
	if whole && b.Safe != nil {
		c.Checkpoint = &state.CheckpointUpdate{Key: checkpointKey(w.touchpoint), Cursor: b.Safe, Seq: s.seq + 1}
	}
	if whole {
		s.saw(&c, w.touchpoint, b.Safe)
	}
	s.record(b, &c, now)
	// What was written is recorded even when the slice is being stopped.
	commit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.commit(commit, r, w, c); err != nil {
		return errors.Join(err, written)
	}
	w.done.Add(c.Counts)
	w.memory.flagged += s.stage.takeFlagged()
	r.observe(s.ends.flow.Name, c.Counts)
	if written != nil {
		return written
	}
	s.patient.progress()
	s.sample(ctx, r, w, b, d.read)
	if c.Checkpoint != nil {
		s.seq++
	}
	if c.Checkpoint != nil && b.Safe != nil {
		if err := s.fetcher.reader.Ack(ctx, b.Safe); err != nil {
			return err
		}
	}
	return w.judge(s)
}

// consult tells every record of the batch what the ledger knows of it. entries: the answers; nil: it is asked now.
func (s *session) consult(ctx context.Context, r *Runner, touchpointID int64, entries []state.LedgerEntry, n *state.Counts) (err error) {
	if len(s.stage.items) == 0 {
		return nil
	}
	if entries == nil {
		if entries, err = r.Store.Lookup(ctx, touchpointID, s.stage.hashes()); err != nil {
			return err
		}
	}
	for i := range s.stage.items {
		s.stage.judge(&s.stage.items[i], entries[i])
	}
	s.stage.dropRepetitions()
	if err := s.stage.aim(ctx, r.Store, touchpointID); err != nil {
		return err
	}
	s.stage.countDuplicates(n)
	return s.stage.outdated(ctx, r.Store, touchpointID)
}

// equip lets lookups and steps wait, and create as much as the run still may.
func (s *session) equip(r *Runner, w *work) {
	retry := func(ctx context.Context, err error) bool {
		wait, again := s.patient.wait(err, r.Now())
		return again && wait <= inPlace && r.pause(ctx, wait)
	}
	if l := s.stage.lookups; l != nil {
		l.retry = retry
	}
	st := s.stage.steps
	if st == nil {
		return
	}
	st.observe = s.ends.flow.Spec.Mode == "observe"
	st.retry = retry
	st.spend = func(creates int64) error { return s.limits.spend(w.done, state.Counts{Created: st.created + creates}) }
}

// keepCounts writes down what steps have created before something failed.
func (s *session) keepCounts(ctx context.Context, r *Runner, w *work, n state.Counts) error {
	if n == (state.Counts{}) {
		return nil
	}
	w.done.Add(n)
	return r.Store.Commit(context.WithoutCancel(ctx), w.fence, state.Commit{Counts: n})
}
