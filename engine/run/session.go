package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
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
	backs   []*backLane
}

// openSession opens both ends where the last checkpoint stands.
func (r *Runner) openSession(ctx context.Context, f *Flow, t state.Touchpoint, limit int) (*session, error) {
	s := &session{ends: ends{flow: f, store: r.Store}}
	if err := r.fillSession(ctx, s, t, limit); err != nil {
		s.close(ctx)
		return nil, err
	}
	return s, nil
}

func (r *Runner) fillSession(ctx context.Context, s *session, t state.Touchpoint, limit int) error {
	if err := s.ends.open(ctx, r.Pool); err != nil {
		return err
	}
	c, err := r.Store.Checkpoint(ctx, checkpointKey(t))
	if err != nil {
		return err
	}
	s.seq = c.Seq
	hasher, err := r.Store.Hasher(t)
	if err != nil {
		return err
	}
	s.stage = newStage(&s.ends, hasher, r.Now, &r.locks, t.Generation)
	if s.limits, err = r.allowance(ctx, s.ends.flow.Spec.Limits, t.ID); err != nil {
		return err
	}
	req, err := s.ends.readRequest(c.Cursor, t.CreatedAt, limit)
	if err != nil {
		return err
	}
	if s.ends.flow.Spec.Mode != "observe" {
		for _, l := range s.stage.lanes {
			if err := l.open(ctx); err != nil {
				return err
			}
		}
		if err := s.openBacks(ctx, r.Now); err != nil {
			return err
		}
	}
	reader, err := s.ends.source.OpenRead(ctx, req)
	if err != nil {
		return err
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
	}
	s.ends.close(ctx)
}

func checkpointKey(t state.Touchpoint) state.CheckpointKey {
	return state.CheckpointKey{TouchpointID: t.ID, Generation: t.Generation}
}

// allowance is what a run may still do. A nil number is unlimited.
type allowance struct {
	creates, updates, deletes *int64
}

// allowance resolves the limits of a touchpoint; a percentage is of the ledger's live keys.
func (r *Runner) allowance(ctx context.Context, l limits, touchpointID int64) (*allowance, error) {
	var live int64
	for _, limit := range []*config.Limit{l.MaxCreates, l.MaxUpdates, l.MaxDeletes} {
		if limit == nil || limit.Percent == 0 || live > 0 {
			continue
		}
		var err error
		if live, err = r.Store.LiveKeys(ctx, touchpointID); err != nil {
			return nil, err
		}
	}
	a := &allowance{creates: resolve(l.MaxCreates, live), updates: resolve(l.MaxUpdates, live), deletes: resolve(l.MaxDeletes, live)}
	if a.deletes == nil {
		a.deletes = new(int64) // nothing is deleted unless said
	}
	return a, nil
}

// errLimit ends a run that would do more than its touchpoint allows.
var errLimit = errors.New("limit reached")

// spend judges what a batch is going to do, given what the run has done.
func (a *allowance) spend(done, next state.Counts) error {
	for _, l := range []struct {
		name, verb string
		most       *int64
		n, more    int64
	}{
		{"maxCreates", "create", a.creates, done.Created + next.Created, next.Created},
		{"maxUpdates", "update", a.updates, done.Updated + next.Updated, next.Updated},
		{"maxDeletes", "delete", a.deletes, done.Deleted + next.Deleted, next.Deleted},
	} {
		if l.most != nil && l.n > *l.most && l.more > 0 {
			return fmt.Errorf("%w: %s is %d, and the run would %s %d or more", errLimit, l.name, *l.most, l.verb, l.n)
		}
	}
	return nil
}

// step works one batch. It returns io.EOF when the read completed.
func (s *session) step(ctx context.Context, r *Runner, w *work) error {
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
	if whole && b.Safe != nil {
		c.Checkpoint = &state.CheckpointUpdate{Key: checkpointKey(w.touchpoint), Cursor: b.Safe, Seq: s.seq + 1}
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
