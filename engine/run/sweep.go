package run

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/state"
)

// A sweep is a full read after which records that it did not come past count as gone. It belongs to one run: another run begins it anew, so that no
// two halves of different reads are taken for a whole one. Promise 7.
type sweep struct {
	progress
	cursor record.Cursor // of the last checkpoint
	judged bool          // the limits let what is gone go
	// refused is why the destination refused to delete a record. nil: it did not.
	refused *adapters.Error
}

// progress is what a sweep keeps sealed beside its cursor.
type progress struct {
	Run int64 `json:"run"`
	// Seen is how many keys the run's seen log holds.
	Seen int64 `json:"seen"`
	// Blind: a record was read whose key cannot be told, so that nothing can be said to be gone.
	Blind bool `json:"blind,omitempty"`
	// Complete: the read came to its end, and what is gone is being deleted.
	Complete bool `json:"complete,omitempty"`
	// Last is how many records the last complete read saw. 0: there was none.
	Last int64 `json:"last,omitempty"`
}

// sweeps reports whether records that a run of the flow does not come past count as gone.
func (e *ends) sweeps() bool {
	s := &e.flow.Spec
	return s.Source.Read == string(adapters.ReadFull) && !s.Source.Deleted.Ignored() && s.Mode != "observe"
}

// openSweep takes up the sweep of a run where its checkpoint stands, or begins a new one. nil: the run is none.
func (r *Runner) openSweep(ctx context.Context, e *ends, runID int64, c *state.Checkpoint) (*sweep, error) {
	if !e.sweeps() {
		return nil, nil
	}
	if e.key == 0 {
		return nil, &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: e.flow.Spec.Source.Object, Rule: "it has no key, so that nothing can be said to be gone"}
	}
	s := &sweep{}
	if len(c.Bounds) > 0 {
		if err := json.Unmarshal(c.Bounds, &s.progress); err != nil {
			return nil, fmt.Errorf("the sweep's progress cannot be read: %w", err)
		}
	}
	if s.Run != runID {
		s.progress = progress{Run: runID, Last: s.Last}
		c.Cursor = nil
	}
	s.cursor = c.Cursor
	return s, r.Store.KeepSeen(ctx, c.Key.TouchpointID, runID)
}

// saw adds to the commit of a batch what the sweep came past in it. cursor is where a checkpoint may stand behind the batch; nil: nowhere new.
func (s *session) saw(c *state.Commit, t state.Touchpoint, cursor record.Cursor) {
	w := s.sweep
	if w == nil || s.stage.letters != nil { // a dead letter is not at the source
		return
	}
	if cursor != nil {
		w.cursor = cursor
	}
	c.Seen = s.stage.seen
	w.Seen += int64(len(c.Seen))
	w.Blind = w.Blind || s.stage.blind
	c.Checkpoint = s.sweepCheckpoint(t, w.cursor, false)
}

// sweepCheckpoint is the next checkpoint of a sweep.
func (s *session) sweepCheckpoint(t state.Touchpoint, cursor record.Cursor, done bool) *state.CheckpointUpdate {
	bounds, err := json.Marshal(s.sweep.progress)
	if err != nil {
		panic("run: internal error: progress does not marshal")
	}
	return &state.CheckpointUpdate{Key: checkpointKey(t), Cursor: cursor, Bounds: bounds, Seq: s.seq + 1, Done: done}
}

// completeSweep notes that the read came to its end. Only from here on may anything be deleted, also by a process that begins here.
func (s *session) completeSweep(ctx context.Context, r *Runner, w *work) error {
	s.sweep.Complete = true
	if err := r.Store.Commit(ctx, w.fence, state.Commit{Checkpoint: s.sweepCheckpoint(w.touchpoint, s.sweep.cursor, false)}); err != nil {
		return err
	}
	s.seq++
	return nil
}

// removeGone deletes what a completed sweep did not come past. It returns an error of [io.EOF] when all of that is done.
func (s *session) removeGone(ctx context.Context, r *Runner, w *work) error {
	absent := state.Absent{TouchpointID: w.touchpoint.ID, RunID: w.run, Seen: s.sweep.Seen}
	if !s.sweep.judged {
		nothing, err := s.judgeGone(ctx, r, w, absent)
		if err != nil {
			return err
		}
		if nothing != nil {
			return s.endSweep(ctx, r, w, nothing)
		}
		s.sweep.judged = true
	}
	seen, err := r.Store.Gone(ctx, absent, func(list []state.LedgerEntry) error {
		if !r.Now().Before(w.deadline) {
			return errHandOver
		}
		return s.remove(ctx, r, w, list)
	})
	if err != nil {
		return err
	}
	s.sweep.Last = seen
	return s.endSweep(ctx, r, w, s.outcome())
}

// outcome is how a sweep ends whose records are deleted. nil: well.
func (s *session) outcome() *swept {
	if s.sweep.refused == nil {
		return nil
	}
	return &swept{code: "DeleteRefused", detail: "the destination refused to delete a record: " + detail(s.sweep.refused)}
}

// judgeGone decides whether what is gone may be deleted. nothing: it does not count as gone at all.
func (s *session) judgeGone(ctx context.Context, r *Runner, w *work, a state.Absent) (nothing *swept, err error) {
	var gone int64
	seen, err := r.Store.Gone(ctx, a, func(list []state.LedgerEntry) error {
		for i := range list {
			if s.removable(&list[i]) {
				gone++
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case seen == 0:
		return &swept{code: "EmptyRead", detail: fmt.Sprintf("nothing was read: an empty read deletes nothing, and %d records stay", gone)}, nil
	case s.sweep.Blind:
		return &swept{code: "KeyUnknown", detail: "a record was read whose key cannot be told, so that nothing counts as gone"}, nil
	case gone == 0:
		return nil, nil
	}
	if err := s.shrank(ctx, r, w, seen, gone); err != nil {
		return nil, err
	}
	return nil, s.limits.spend(w.done, state.Counts{Deleted: gone})
}

// shrank judges a read that saw far fewer records than there were. A first one is measured by what the ledger knows.
func (s *session) shrank(ctx context.Context, r *Runner, w *work, seen, gone int64) (err error) {
	before := s.sweep.Last
	if before == 0 {
		if before, err = r.Store.LiveKeys(ctx, w.touchpoint.ID); err != nil {
			return err
		}
		before += w.done.Deleted
	}
	part := 50.0
	if l := s.ends.flow.Spec.Limits.MaxShrink; l != nil {
		part = l.Percent
	}
	if s.limits.shrink || float64(seen) >= float64(before)*(1-part/100) {
		return nil
	}
	return &limitError{code: codeShrank, wants: state.Wants{Deleted: gone, Shrank: true}, text: fmt.Sprintf("the read saw %d records, and %d were there before: maxShrink is %g%%; %d would be deleted", seen, before, part, gone)}
}

// codeShrank is the code of a run whose read lacks too much.
const codeShrank = "ReadShrank"

// swept is the end of a sweep that did not do all that it is for. It is an [io.EOF].
type swept struct{ code, detail string }

func (e *swept) Error() string { return e.detail }
func (e *swept) Unwrap() error { return io.EOF }

// endSweep ends a sweep. end is how, when it did not do all that it is for.
func (s *session) endSweep(ctx context.Context, r *Runner, w *work, end *swept) error {
	s.sweep.progress = progress{Run: s.sweep.Run, Last: s.sweep.Last}
	if err := r.Store.Commit(ctx, w.fence, state.Commit{Checkpoint: s.sweepCheckpoint(w.touchpoint, nil, true)}); err != nil {
		return err
	}
	s.seq++
	if err := r.Store.KeepSeen(ctx, w.touchpoint.ID, 0); err != nil {
		return err
	}
	if end != nil {
		return end
	}
	return io.EOF
}
