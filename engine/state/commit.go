package state

import (
	"context"
	"fmt"
	"time"
)

// Commit is what one batch, or the end of a slice, leaves behind. All of it
// becomes durable, or none. The zero Commit only proves the fence.
type Commit struct {
	// Checkpoint moves the read; nil leaves it (an intent, a batch without a safe place).
	Checkpoint *CheckpointUpdate
	// Ledger is one entry for each source key; a key that stands twice keeps the later one.
	Ledger []LedgerEntry
	// DeadLetters are set aside, or updated when their key has an open one.
	DeadLetters []DeadLetterEntry
	// Resolved closes the open dead letters of these keys, if there are any.
	Resolved []Resolution
	// Counts is added to the run's.
	Counts Counts
	// Seen are source keys that a full read came past, whatever became of their records: the run's seen log.
	Seen []KeyHash
	// Revision, when not "", becomes the run's revision.
	Revision string
	// Progress is how far a run beside the normal flow has come, as the caller encoded it; kept sealed. nil leaves it.
	Progress []byte
	// Delivered is the number of the destination's transaction that this belongs to, as [Store.Prepare] was told it; 0: there is none.
	Delivered int64
	// Next inserts the job of the next slice. It excludes End.
	Next *NextSlice
	// End ends the run. It excludes Next.
	End *RunEnd
}

// NextSlice asks for another slice of the run.
type NextSlice struct {
	// After is how long to wait first; 0 means at once. A retry or a rate limit waits.
	After time.Duration
	// Code is the kind of the error that makes it wait; "" when none does.
	Code string
	// Detail is the error's text, kept sealed.
	Detail string
}

// RunEnd ends a run.
type RunEnd struct {
	// Status must be final.
	Status RunStatus
	// Code is the kind of the error that ended it; "" when none did. It never holds content.
	Code string
	// Detail is the error's text, kept sealed.
	Detail string
	// Wants is what a run that parks would do; nil for any other.
	Wants *Wants
}

// Commit makes what a batch leaves behind durable, all of it or none, in one
// transaction. It fails with [Fenced] when f is no longer the right to write,
// and with [OutOfOrder] when the checkpoint is not the next one. After any other
// error it is not known whether the transaction took place: begin a new slice
// and read the checkpoint. Commits of one touchpoint wait for each other. Within
// a [Handler], ctx must be the one the handler got, or derived from it, so that
// the job ends in the same transaction.
func (s *Store) Commit(ctx context.Context, f Fence, c Commit) error {
	if c.Next != nil && c.End != nil {
		return &Error{Reason: Invalid, Text: "a commit cannot both end a run and go on with it"}
	}
	if c.End != nil && !c.End.Status.Final() {
		return &Error{Reason: Invalid, Text: fmt.Sprintf("a run cannot end as %q", c.End.Status)}
	}
	p, err := s.point(f.TouchpointID)
	if err != nil {
		return err
	}
	if len(c.Ledger) > 0 {
		if err := s.folder.admit(ctx, p); err != nil {
			return err
		}
	}
	return s.change(ctx, p, func(t *txn) error {
		for _, step := range []func(Fence, *Commit) error{t.prove, t.finishDelivery, t.saveProgress, t.moveCheckpoint, t.appendSeen, t.appendLedger, t.resolve, t.setAside, t.finish} {
			if err := step(f, &c); err != nil {
				return err
			}
		}
		return nil
	})
}

// prove requires the fence's epoch and adds the counts.
func (t *txn) prove(f Fence, c *Commit) error {
	n := &c.Counts
	var one int
	found, err := t.one(`UPDATE runs SET n_read = n_read + ?, n_filtered = n_filtered + ?, n_created = n_created + ?, n_updated = n_updated + ?,
		n_unchanged = n_unchanged + ?, n_deleted = n_deleted + ?, n_skipped = n_skipped + ?, n_rejected = n_rejected + ?, n_parked = n_parked + ?,
		n_duplicates = n_duplicates + ?, n_unacknowledged = n_unacknowledged + ?, revision = CASE ? WHEN '' THEN revision ELSE ? END
		WHERE id = ? AND epoch = ? AND touchpoint_id = ? AND status = 'running' RETURNING 1`,
		[]any{
			n.Read, n.Filtered, n.Created, n.Updated, n.Unchanged, n.Deleted, n.Skipped, n.Rejected, n.Parked,
			n.Duplicates, n.Unacknowledged, c.Revision, c.Revision, f.RunID, f.Epoch, f.TouchpointID,
		}, &one)
	if err == nil && !found {
		return fenced(f.RunID)
	}
	return err
}

// finish ends the run, or asks for its next slice; either way the slice's job is done.
func (t *txn) finish(f Fence, c *Commit) error {
	if c.Next == nil && c.End == nil {
		return nil
	}
	if err := t.completeJob(f.RunID); err != nil {
		return err
	}
	if c.End != nil {
		return t.endRun(f.RunID, *c.End)
	}
	if err := t.saveDetail(f.RunID, c.Next.Code, c.Next.Detail); err != nil {
		return err
	}
	var queued bool
	if _, err := t.one("SELECT queued FROM runs WHERE id = ?", []any{f.RunID}, &queued); err != nil || !queued {
		return err
	}
	return t.insertSlice(f.RunID, c.Next.After)
}
