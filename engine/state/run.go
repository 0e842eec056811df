package state

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dray-sync/dray/engine/secret"
)

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
	// Unacknowledged were delivered, and a write-back of the answer failed.
	Unacknowledged int64
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
	c.Unacknowledged += d.Unacknowledged
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
	// Beside reports that it was asked for something of its own and does not move the normal checkpoint.
	Beside bool
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
	// Request is what a run beside the normal flow is asked for, as the caller encoded it; kept sealed. nil: it is a normal run.
	Request []byte
}

// Fence is the right to write for one slice of a run. The next slice that
// begins takes it away. It is a value and may be shared by goroutines.
type Fence struct {
	TouchpointID int64
	RunID        int64
	Epoch        int64
}

// RunFilter chooses runs. The zero filter chooses all, newest first.
type RunFilter struct {
	// TouchpointID is whose runs; 0 means all.
	TouchpointID int64
	// Status lists the wanted states; empty means all.
	Status []RunStatus
	// Normal leaves out runs beside the normal flow.
	Normal bool
	// Before is the page cursor: only runs with a lower id; 0 starts at the newest.
	Before int64
	// Limit is the page size; 0 means 100; at most 1000.
	Limit int
}

// StartRun creates a run. created is false when there already is one for its
// touchpoint and due time, which is then returned.
func (s *Store) StartRun(ctx context.Context, n NewRun) (run Run, created bool, err error) {
	p, err := s.point(n.TouchpointID)
	if err != nil {
		return Run{}, false, err
	}
	if n.Trigger == "" {
		return Run{}, false, &Error{Reason: Invalid, Text: "a run needs a trigger"}
	}
	var key *secret.DataKey
	if n.Request != nil {
		if key, err = s.sealer.Key(ctx, p.scope); err != nil {
			return Run{}, false, err
		}
	}
	err = s.write(ctx, func(t *txn) error {
		created = false
		if err := s.known(p); err != nil {
			return err
		}
		if !n.DueAt.IsZero() {
			found, err := t.one("SELECT id FROM runs WHERE touchpoint_id = ? AND due_at = ?", []any{n.TouchpointID, micros(n.DueAt)}, &run.ID)
			if err != nil || found {
				return err
			}
		}
		created = true
		res, err := t.exec(`INSERT INTO runs (touchpoint_id, generation, trigger_kind, beside, revision, status, queued, due_at, created_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			n.TouchpointID, p.head.Generation, n.Trigger, n.Request != nil, n.Revision, string(RunQueued), n.Enqueue, micros(n.DueAt), micros(s.now()))
		if err != nil {
			return err
		}
		if run.ID, err = res.LastInsertId(); err != nil {
			return err
		}
		if n.Request != nil {
			if err := t.insertRequest(key, n.TouchpointID, run.ID, n.Request); err != nil {
				return err
			}
		}
		if !n.Enqueue {
			return nil
		}
		return t.insertSlice(run.ID, 0)
	})
	if err != nil {
		return Run{}, false, err
	}
	run, err = s.Run(ctx, run.ID)
	return run, created, err
}

// BeginSlice raises a run's epoch, which takes the right to write away from
// every slice before it. It fails with [Fenced] when the run has ended.
func (s *Store) BeginSlice(ctx context.Context, runID int64) (Run, Fence, error) {
	var f Fence
	err := s.write(ctx, func(t *txn) error {
		f = Fence{RunID: runID}
		found, err := t.one(`UPDATE runs SET epoch = epoch + 1, status = 'running', started_at = CASE started_at WHEN 0 THEN ? ELSE started_at END
			WHERE id = ? AND status IN ('queued', 'running') RETURNING touchpoint_id, epoch`, []any{micros(s.now()), runID}, &f.TouchpointID, &f.Epoch)
		if err == nil && !found {
			return fenced(runID)
		}
		return err
	})
	if err != nil {
		return Run{}, Fence{}, err
	}
	run, err := s.Run(ctx, runID)
	return run, f, err
}

func fenced(runID int64) error {
	return &Error{Reason: Fenced, Text: fmt.Sprintf("run %d has ended, or another slice of it has begun", runID)}
}

// EndRun ends a run from outside: its slice, if one runs, is fenced, and its
// waiting job finds nothing to do. A run that has ended already stays as it is.
func (s *Store) EndRun(ctx context.Context, runID int64, end RunEnd) error {
	if !end.Status.Final() {
		return &Error{Reason: Invalid, Text: fmt.Sprintf("a run cannot end as %q", end.Status)}
	}
	run, err := s.Run(ctx, runID)
	if err != nil {
		return err
	}
	p, err := s.point(run.TouchpointID)
	if err != nil {
		return err
	}
	key, err := s.sealer.Key(ctx, p.scope)
	if err != nil {
		return err
	}
	return s.write(ctx, func(t *txn) error {
		t.key = key
		var active int
		found, err := t.one("UPDATE runs SET epoch = epoch + 1 WHERE id = ? AND status IN ('queued', 'running') RETURNING 1", []any{runID}, &active)
		if err != nil || !found {
			return err
		}
		return t.endRun(runID, end)
	})
}

// endRun writes a run's end; t.key is the touchpoint's.
func (t *txn) endRun(runID int64, end RunEnd) error {
	if err := t.saveDetail(runID, end.Code, end.Detail); err != nil {
		return err
	}
	if err := t.savePark(runID, end.Wants); err != nil {
		return err
	}
	_, err := t.exec("UPDATE runs SET status = ?, ended_at = ? WHERE id = ?", string(end.Status), micros(t.s.now()), runID)
	return err
}

// endRuns ends all active runs of a touchpoint without a detail.
func (t *txn) endRuns(touchpointID int64, status RunStatus) error {
	_, err := t.exec(`UPDATE runs SET epoch = epoch + 1, status = ?, ended_at = ?
		WHERE touchpoint_id = ? AND status IN ('queued', 'running')`, string(status), micros(t.s.now()), touchpointID)
	return err
}

// saveDetail writes a run's error: its code in the clear, its text sealed.
func (t *txn) saveDetail(runID int64, code, detail string) error {
	var seq int64
	if _, err := t.one("SELECT row_seq + 1 FROM runs WHERE id = ?", []any{runID}, &seq); err != nil {
		return err
	}
	var sealed []byte
	if detail != "" {
		var err error
		if sealed, err = t.key.Seal(row("runs", be64(runID), uint64(seq)), []byte(detail)); err != nil {
			return err
		}
	}
	_, err := t.exec("UPDATE runs SET code = ?, row_seq = ?, sealed = ? WHERE id = ?", code, seq, sealed, runID)
	return err
}

const runColumns = `id, touchpoint_id, generation, trigger_kind, beside, revision, status, code, epoch, due_at, created_at, started_at, ended_at,
	n_read, n_filtered, n_created, n_updated, n_unchanged, n_deleted, n_skipped, n_rejected, n_parked, n_duplicates, n_unacknowledged, row_seq, sealed`

// scanRun reads runColumns.
func scanRun(scan scanner) (r Run, seq uint64, sealed []byte, err error) {
	var due, created, started, ended int64
	c := &r.Counts
	err = scan(&r.ID, &r.TouchpointID, &r.Generation, &r.Trigger, &r.Beside, &r.Revision, &r.Status, &r.Code, &r.Epoch, &due, &created, &started, &ended,
		&c.Read, &c.Filtered, &c.Created, &c.Updated, &c.Unchanged, &c.Deleted, &c.Skipped, &c.Rejected, &c.Parked, &c.Duplicates, &c.Unacknowledged, &seq, &sealed)
	r.DueAt, r.CreatedAt, r.StartedAt, r.EndedAt = fromMicros(due), fromMicros(created), fromMicros(started), fromMicros(ended)
	return r, seq, sealed, err
}

// Run returns one run with its Detail, or [NotFound].
func (s *Store) Run(ctx context.Context, id int64) (Run, error) {
	var r Run
	var seq uint64
	var sealed []byte
	found := false
	err := s.each(ctx, "SELECT "+runColumns+" FROM runs WHERE id = ?", []any{id}, func(scan scanner) (err error) {
		found = true
		r, seq, sealed, err = scanRun(scan)
		return err
	})
	if err != nil {
		return Run{}, err
	}
	if !found {
		return Run{}, &Error{Reason: NotFound, Text: fmt.Sprintf("there is no run %d", id), Hint: "old runs are dropped"}
	}
	if sealed == nil {
		return r, nil
	}
	p, err := s.point(r.TouchpointID)
	if err != nil {
		return Run{}, err
	}
	detail, err := s.sealer.Open(ctx, p.scope, row("runs", be64(id), seq), sealed)
	r.Detail = string(detail)
	return r, err
}

// pageSize bounds a page.
func pageSize(limit int) int {
	if limit <= 0 {
		return 100
	}
	return min(limit, 1000)
}

// Runs lists runs, newest first, without Detail. next is [RunFilter.Before] of
// the following page; 0 at the end.
func (s *Store) Runs(ctx context.Context, f RunFilter) (runs []Run, next int64, err error) {
	where, args := []string{"1 = 1"}, []any{}
	if f.TouchpointID != 0 {
		where, args = append(where, "touchpoint_id = ?"), append(args, f.TouchpointID)
	}
	if f.Normal {
		where = append(where, "beside = 0")
	}
	if f.Before != 0 {
		where, args = append(where, "id < ?"), append(args, f.Before)
	}
	if len(f.Status) > 0 {
		where = append(where, "status IN (?"+strings.Repeat(", ?", len(f.Status)-1)+")")
		for _, st := range f.Status {
			args = append(args, string(st))
		}
	}
	limit := pageSize(f.Limit)
	args = append(args, limit+1)
	runs, err = s.listRuns(ctx, "WHERE "+strings.Join(where, " AND ")+" ORDER BY id DESC LIMIT ?", args)
	if len(runs) > limit {
		runs = runs[:limit]
		next = runs[limit-1].ID
	}
	return runs, next, err
}

// ActiveRuns lists the runs of a touchpoint, or of all for 0, that have not
// ended, oldest first.
func (s *Store) ActiveRuns(ctx context.Context, touchpointID int64) ([]Run, error) {
	return s.listRuns(ctx, "WHERE status IN ('queued', 'running') AND (touchpoint_id = ? OR ? = 0) ORDER BY id", []any{touchpointID, touchpointID})
}

func (s *Store) listRuns(ctx context.Context, tail string, args []any) (runs []Run, err error) {
	err = s.each(ctx, "SELECT "+runColumns+" FROM runs "+tail, args, func(scan scanner) error {
		r, _, _, err := scanRun(scan)
		runs = append(runs, r)
		return err
	})
	return runs, err
}
