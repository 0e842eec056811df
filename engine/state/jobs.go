package state

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
)

// sliceArgs are the arguments of a slice's job. Jobs carry ids only.
type sliceArgs struct {
	RunID int64 `json:"run_id"`
}

// Kind implements [river.JobArgs].
func (sliceArgs) Kind() string { return "slice" }

// dueArgs are the arguments of the job that starts a run on schedule.
type dueArgs struct {
	TouchpointID int64 `json:"touchpoint_id"`
	// Due is in microseconds.
	Due int64 `json:"due"`
}

// Kind implements [river.JobArgs].
func (dueArgs) Kind() string { return "due" }

// liveStates are the states of a job that is still to be worked. Completed is not
// among them: the last slice's job must not stop the next.
func liveStates() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
	}
}

// insertSlice inserts the job of a run's next slice, unless one waits or runs.
func (t *txn) insertSlice(runID int64, after time.Duration) error {
	opts := &river.InsertOpts{Queue: queueSlices, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: liveStates()}}
	if after > 0 {
		opts.ScheduledAt = t.s.now().Add(after)
	}
	return t.insertJob(sliceArgs{RunID: runID}, opts)
}

// insertDue inserts the job of a due time, once.
func (t *txn) insertDue(touchpointID int64, due time.Time) error {
	// One that was completed counts too, so that a due time is asked for once.
	states := append(liveStates(), rivertype.JobStateCompleted)
	opts := &river.InsertOpts{Queue: queueDue, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: states}}
	if due.After(t.s.now()) {
		opts.ScheduledAt = due
	}
	return t.insertJob(dueArgs{TouchpointID: touchpointID, Due: micros(due)}, opts)
}

// insertJob inserts a job in this transaction and wakes its queue afterwards.
func (t *txn) insertJob(args river.JobArgs, opts *river.InsertOpts) error {
	if opts.ScheduledAt.IsZero() {
		t.after = append(t.after, func() { t.s.bell.ring(opts.Queue) })
	}
	_, err := t.s.inserter.InsertTx(t.ctx, t.tx, args, opts)
	return err
}

// sliceJob is the job that a context belongs to.
type sliceJob struct {
	job *river.Job[sliceArgs]
	// ended reports that a commit has completed it.
	ended atomic.Bool
}

type sliceJobKey struct{}

// completeJob completes the job that this transaction's context belongs to, if it is the run's.
func (t *txn) completeJob(runID int64) error {
	current, _ := t.ctx.Value(sliceJobKey{}).(*sliceJob)
	if current == nil || current.job.Args.RunID != runID || current.ended.Load() {
		return nil
	}
	t.after = append(t.after, func() { current.ended.Store(true) })
	_, err := river.JobCompleteTx[*riversqlite.Driver](t.ctx, t.tx, current.job)
	if errors.Is(err, rivertype.ErrNotFound) {
		return nil // it was rescued and waits again; that job is the next slice
	}
	return err
}

// workers hands jobs to the handler.
type workers struct {
	s       *Store
	handler Handler
}

// call runs f and turns what comes of it into what River may know: nothing, a
// wait, or a code.
func (w *workers) call(kind string, id int64, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			// The value may hold content; only its type is told.
			w.s.log.Error("a job panicked", "job", kind, "id", id, "type", fmt.Sprintf("%T", r))
			err = errors.New(codeInternal)
		}
	}()
	err = f()
	var known *JobError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &known) || known.Code == "":
		return errors.New(codeInternal)
	case known.Cancel:
		return river.JobCancel(errors.New(known.Code))
	case known.RetryAfter > 0:
		return river.JobSnooze(known.RetryAfter)
	}
	return errors.New(known.Code)
}

// codeInternal is the code of an error that has none.
const codeInternal = "Internal"

type sliceWorker struct {
	river.WorkerDefaults[sliceArgs]
	*workers
}

// Work implements [river.Worker].
func (w *sliceWorker) Work(ctx context.Context, job *river.Job[sliceArgs]) error {
	return w.call("slice", job.Args.RunID, func() error { return w.slice(ctx, job) })
}

// slice works one slice, unless the run has ended. A handler that returns without
// having said what comes next gets another slice, so that no run is forgotten.
func (w *sliceWorker) slice(ctx context.Context, job *river.Job[sliceArgs]) error {
	if active, err := w.active(ctx, job.Args.RunID); err != nil || !active {
		return err
	}
	current := &sliceJob{job: job}
	err := w.handler.Slice(context.WithValue(ctx, sliceJobKey{}, current), job.Args.RunID)
	if err != nil || current.ended.Load() {
		return err
	}
	active, err := w.active(ctx, job.Args.RunID)
	if err != nil || !active {
		return err
	}
	return &JobError{Code: "Unfinished", RetryAfter: time.Second}
}

// active reports whether a run is there and has not ended.
func (w *workers) active(ctx context.Context, runID int64) (bool, error) {
	run, err := w.s.Run(ctx, runID)
	if errors.Is(err, NotFound) {
		return false, nil
	}
	return err == nil && !run.Status.Final(), err
}

type dueWorker struct {
	river.WorkerDefaults[dueArgs]
	*workers
}

// Work implements [river.Worker].
func (w *dueWorker) Work(ctx context.Context, job *river.Job[dueArgs]) error {
	return w.call("due", job.Args.TouchpointID, func() error {
		if _, err := w.s.TouchpointByID(ctx, job.Args.TouchpointID); err != nil {
			return nil //nolint:nilerr // pruned meanwhile: nothing is due
		}
		return w.handler.Due(ctx, job.Args.TouchpointID, fromMicros(job.Args.Due))
	})
}

// retryPolicy doubles the wait from one second to two minutes, with a tenth of jitter.
type retryPolicy struct{ now func() time.Time }

// NextRetry implements [river.ClientRetryPolicy].
func (r retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	wait := 2 * time.Minute
	if n := len(job.Errors); n < 7 {
		wait = time.Second << n
	}
	return r.now().Add(wait + time.Duration(rand.Int64N(int64(wait/10))))
}
