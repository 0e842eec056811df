package state

import (
	"time"

	"github.com/dray-sync/dray/adapters/record"
)

// CheckpointKey names one checkpoint. A backfill uses a route of its own, so
// that it never shares the normal cursor.
type CheckpointKey struct {
	TouchpointID int64
	// Route is the name of the route; "" is the only route of a plain touchpoint.
	Route string
	// Generation is the touchpoint's.
	Generation int64
	// Partition is an ordinal; 0 when the read is not divided. Bounds go into [CheckpointUpdate.Bounds].
	Partition int
}

// Checkpoint is how far a read has come.
type Checkpoint struct {
	Key CheckpointKey
	// Cursor is the adapter's; nil is the beginning.
	Cursor record.Cursor
	// Bounds are the partition's bounds, as the caller encoded them.
	Bounds []byte
	// Seq is the number of the last committed checkpoint; 0 when there is none. The next one is Seq+1.
	Seq int64
	// Done reports that the partition was read to its end.
	Done bool
	// At is when it was committed.
	At time.Time
}

// CheckpointUpdate moves a checkpoint by one.
type CheckpointUpdate struct {
	Key    CheckpointKey
	Cursor record.Cursor
	Bounds []byte
	// Seq must be the stored number plus one; otherwise the whole commit is refused with [OutOfOrder].
	Seq  int64
	Done bool
}

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
	// Revision, when not "", becomes the run's revision.
	Revision string
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
}
