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
// one goroutine at a time.
type session struct {
	ends    ends
	fetcher *fetcher
	stage   *stage
	patient *patience
	seq     int64 // of the last committed checkpoint
	read    int64 // records read, for a limit
	limits  *allowance
	asked   bool // a person asked for this run, which moves no checkpoint of the flow
	backs   []*backLane
	sweep   *sweep // nil: nothing counts as gone
	removes map[*lane]*remover
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
	hasher, err := r.Store.Hasher(t)
	if err != nil {
		return err
	}
	s.stage = newStage(&s.ends, hasher, r.Now, &r.locks, t.Generation)
	if s.sweep != nil {
		s.stage.watch()
	}
	if s.limits, err = r.allowance(ctx, s.ends.flow.Spec.Limits, t.ID); err != nil {
		return err
	}
	req, err := s.ends.readRequest(c.Cursor, t.CreatedAt, int(w.options.Limit))
	if err != nil {
		return err
	}
	if s.ends.flow.Spec.Mode != "observe" {
		for _, l := range s.stage.lanes {
			if err := l.open(ctx); err != nil {
				return blamed(l.Destination.Connection, err)
			}
		}
		if err := s.openBacks(ctx, r.Now); err != nil {
			return err
		}
	}
	if s.asked || s.sweep != nil && s.sweep.Complete {
		return nil
	}
	reader, err := s.ends.source.OpenRead(ctx, req)
	if err != nil {
		return blamed(s.ends.flow.Spec.Source.Connection, err)
	}
	s.fetcher = fetch(context.WithoutCancel(ctx), reader)
	return nil
}

// close gives everything back, in reverse order of opening.
func (s *session) close(ctx context.Context) {
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
	b, err := s.fetcher.next(patient)
	if b == nil && ctx.Err() == nil { // a source without an end has nothing new
		return errHandOver
	}
	if b == nil {
		return err
	}
	defer s.fetcher.giveBack(b)
	if errors.Is(err, io.EOF) {
		return s.finish(ctx, r, w, b)
	}
	if err != nil {
		return &readError{err}
	}
	return s.batch(ctx, r, w, b)
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

// batch maps, writes and commits one batch.
func (s *session) batch(ctx context.Context, r *Runner, w *work, b *record.Batch) error {
	limit := 0
	if w.options.Limit > 0 {
		limit = int(w.options.Limit - s.read)
	}
	var sent state.Counts
	c := state.Commit{Revision: s.ends.flow.Revision}
	s.equip(r, w)
	read, err := s.stage.fill(ctx, b, limit, &c.Counts)
	sent.Created += s.stage.steps.takeCreated()
	if err != nil {
		return errors.Join(err, s.keepCounts(ctx, r, w, sent))
	}
	s.read += int64(read)
	if err := s.consult(ctx, r, w.touchpoint.ID, &c.Counts); err != nil {
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
	whole := written == nil && read == b.Len()
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
	if err := r.Store.Commit(commit, w.fence, c); err != nil {
		return errors.Join(err, written)
	}
	w.done.Add(c.Counts)
	r.observe(s.ends.flow.Name, c.Counts)
	if written != nil {
		return written
	}
	s.patient.progress()
	s.sample(ctx, r, w, b, read)
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

// consult asks the ledger about every record of the batch.
func (s *session) consult(ctx context.Context, r *Runner, touchpointID int64, n *state.Counts) error {
	hashes := make([]state.KeyHash, 0, len(s.stage.items))
	for i := range s.stage.items {
		if it := &s.stage.items[i]; it.fate != left {
			hashes = append(hashes, it.hash)
		}
	}
	if len(hashes) == 0 {
		return nil
	}
	entries, err := r.Store.Lookup(ctx, touchpointID, hashes)
	if err != nil {
		return err
	}
	at := 0
	for i := range s.stage.items {
		if it := &s.stage.items[i]; it.fate != left {
			s.stage.judge(it, entries[at])
			at++
		}
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
