package state

import "time"

// RunStatus is what became of a run's records.
type RunStatus string

// The states of a run. The first two are active, the others final.
const (
	// RunQueued: created, no slice has begun.
	RunQueued RunStatus = "queued"
	// RunRunning: at least one slice has begun.
	RunRunning RunStatus = "running"
	// RunSucceeded: every record read was delivered, found unchanged, or left out on purpose.
	RunSucceeded RunStatus = "succeeded"
	// RunPartial: some records were delivered and some rejected.
	RunPartial RunStatus = "partial"
	// RunEmpty: nothing was read.
	RunEmpty RunStatus = "empty"
	// RunFailed: stopped by an error, or every record was rejected.
	RunFailed RunStatus = "failed"
	// RunParked: a limit was reached; it waits for a person.
	RunParked RunStatus = "parked"
	// RunSuperseded: a new revision changed what the run's state means.
	RunSuperseded RunStatus = "superseded"
	// RunCanceled: stopped by a person, or its touchpoint is gone.
	RunCanceled RunStatus = "canceled"
)

// Final reports whether a run in this state has ended.
func (s RunStatus) Final() bool { return s != RunQueued && s != RunRunning }

// Counts says what became of records. In a [Commit] it is what is added.
type Counts struct {
	Read, Filtered                        int64
	Created, Updated, Unchanged, Deleted  int64
	Skipped, Rejected, Parked, Duplicates int64
}

// Add adds d to c.
func (c *Counts) Add(d Counts) {
	c.Read += d.Read
	c.Filtered += d.Filtered
	c.Created += d.Created
	c.Updated += d.Updated
	c.Unchanged += d.Unchanged
	c.Deleted += d.Deleted
	c.Skipped += d.Skipped
	c.Rejected += d.Rejected
	c.Parked += d.Parked
	c.Duplicates += d.Duplicates
}

// Run is one execution of a touchpoint.
type Run struct {
	// ID grows with each run.
	ID int64
	// TouchpointID is whose run it is.
	TouchpointID int64
	// Generation is the touchpoint's generation when the run was created.
	Generation int64
	// Trigger says why it runs, in a word: "schedule", "manual", "resync", …
	Trigger string
	// Revision is the commit the last slice worked with.
	Revision string
	// Status is what became of it.
	Status RunStatus
	// Code is the kind of the error that ended or last interrupted it; "" when none did.
	Code string
	// Detail is the error's text; opened for [Store.Run] only, "" in lists.
	Detail string
	// Counts is the sum over all its commits.
	Counts Counts
	// Epoch is the number of slices begun.
	Epoch int64
	// DueAt is the time of the schedule that asked for it; zero for other triggers.
	DueAt time.Time
	// CreatedAt, StartedAt and EndedAt are zero until they have happened.
	CreatedAt, StartedAt, EndedAt time.Time
}

// NewRun is what [Store.StartRun] creates a run from.
type NewRun struct {
	TouchpointID int64
	// Trigger is a word of the program, never text of a user.
	Trigger string
	// Revision is the commit that is applied now.
	Revision string
	// DueAt makes the creation idempotent: one run for each touchpoint and due time. Zero: always a new run.
	DueAt time.Time
	// Enqueue inserts the first slice's job in the same transaction.
	Enqueue bool
}

// Fence is the right to write for one slice of a run. The next slice that
// begins takes it away. It is a value and may be shared by goroutines.
type Fence struct {
	RunID int64
	Epoch int64
}

// RunFilter chooses runs. The zero filter chooses all, newest first.
type RunFilter struct {
	// TouchpointID is whose runs; 0 means all.
	TouchpointID int64
	// Status lists the wanted states; empty means all.
	Status []RunStatus
	// Before is the page cursor: only runs with a lower id; 0 starts at the newest.
	Before int64
	// Limit is the page size; 0 means 100; at most 1000.
	Limit int
}
