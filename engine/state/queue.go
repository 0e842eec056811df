package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/riverqueue/river"
)

// Handler works jobs. Its methods are called by several goroutines at once, never
// twice at the same time for one run or for one due time. A panic is caught and
// counts as an error with the code "Internal".
type Handler interface {
	// Due starts, or declines to start, a run for a touchpoint whose time has
	// come. It may be called again for the same due time after a crash;
	// [NewRun.DueAt] makes that harmless.
	Due(ctx context.Context, touchpointID int64, due time.Time) error
	// Slice works one slice of a run: [Store.BeginSlice], batches, and a last
	// [Commit] with Next or End. ctx ends after [SliceTimeout]. An error makes
	// the same job come again after a backoff.
	Slice(ctx context.Context, runID int64) error
}

// SliceTimeout is when a slice's context ends. Aim for 15 s of work.
const SliceTimeout = 25 * time.Second

// JobError is an error of a [Handler] that says how the queue should go on. Any
// other error counts as Code "Internal" with River's backoff.
type JobError struct {
	// Code is the error's kind; the only text that reaches the queue's tables.
	Code string
	// RetryAfter is how long to wait; 0 means the queue's own backoff.
	RetryAfter time.Duration
	// Cancel gives the job up instead of retrying it.
	Cancel bool
	// Err is the cause, for logs of the caller; the queue never stores it.
	Err error
}

// Error returns the code, and the cause when there is one.
func (e *JobError) Error() string {
	if e.Err == nil {
		return e.Code
	}
	return e.Code + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *JobError) Unwrap() error { return e.Err }

// QueueOptions sets up a queue.
type QueueOptions struct {
	// Workers is how many slices run at the same time; 0 means 4.
	Workers int
}

// QueueStats says what waits.
type QueueStats struct {
	// Available wait for a worker, Running have one, Scheduled wait for their time, Retryable for their next attempt.
	Available, Running, Scheduled, Retryable int64
}

const (
	queueSlices = "slices"
	queueDue    = "due"
	dueWorkers  = 2
	// rescueAfter is when a job whose worker says nothing is given to another.
	rescueAfter = 30 * time.Second
	// maxAttempts is as good as for ever: who gives up is the handler.
	maxAttempts = 30_000
)

// Queue works the jobs of one store. Make it with [Store.NewQueue].
type Queue struct {
	s      *Store
	client *river.Client[*sql.Tx]
	work   *workers

	mu sync.Mutex
	// cancel ends what runs when Stop has waited long enough; nil while stopped.
	cancel context.CancelFunc
}

// newInserter returns a client that only inserts.
func newInserter(driver *bellDriver, log hclog.Logger) (*river.Client[*sql.Tx], error) {
	client, err := river.NewClient(driver, &river.Config{Logger: slog.New(riverHandler{log: log}), MaxAttempts: maxAttempts})
	if err != nil {
		return nil, fmt.Errorf("preparing the queue: %w", err)
	}
	return client, nil
}

// NewQueue prepares the queue of a store; nothing runs before [Queue.Start].
// A store has one queue at a time.
func (s *Store) NewQueue(o QueueOptions) (*Queue, error) {
	if o.Workers <= 0 {
		o.Workers = 4
	}
	w := &workers{s: s}
	bundle := river.NewWorkers()
	river.AddWorker(bundle, &sliceWorker{workers: w})
	river.AddWorker(bundle, &dueWorker{workers: w})
	client, err := river.NewClient(newBellDriver(s.db.river, s.bell), &river.Config{
		Logger:  slog.New(riverHandler{log: s.log}),
		Queues:  map[string]river.QueueConfig{queueSlices: {MaxWorkers: o.Workers}, queueDue: {MaxWorkers: dueWorkers}},
		Workers: bundle,

		JobTimeout: SliceTimeout, RescueStuckJobsAfter: rescueAfter, MaxAttempts: maxAttempts, RetryPolicy: retryPolicy{s.now},
		CompletedJobRetentionPeriod: time.Hour, CancelledJobRetentionPeriod: time.Hour, DiscardedJobRetentionPeriod: time.Hour,
	})
	if err != nil {
		return nil, fmt.Errorf("preparing the queue: %w", err)
	}
	return &Queue{s: s, client: client, work: w}, nil
}

// Start gives back to the queue what an earlier process left running, inserts a
// job for each active run of the queue that has none, and begins to work. h is
// used until Stop has returned; ctx bounds only the start.
func (q *Queue) Start(ctx context.Context, h Handler) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.cancel != nil {
		return &Error{Reason: Invalid, Text: "the queue runs already"}
	}
	if err := q.s.requeue(ctx); err != nil {
		return err
	}
	q.work.handler = h
	// River's context is the life of the work, which outlives this call; it keeps ctx's values.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if err := q.client.Start(life); err != nil {
		cancel()
		return fmt.Errorf("starting the queue: %w", q.s.fail(err))
	}
	q.cancel = cancel
	return nil
}

// Stop takes no more jobs and waits for those that run until ctx ends; then it
// cancels them and waits for that. It is idempotent.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.cancel == nil {
		return nil
	}
	err := q.client.Stop(ctx)
	if err != nil && ctx.Err() != nil {
		// Handlers get a canceled context; they return as soon as they can.
		err = q.client.StopAndCancel(context.WithoutCancel(ctx))
	}
	q.cancel()
	q.cancel = nil
	return q.s.fail(err)
}

// requeue makes jobs that a dead process was running available again. Only one
// process has the directory, so whatever runs now runs nowhere.
func (s *Store) requeue(ctx context.Context) error {
	err := s.write(ctx, func(t *txn) error {
		_, err := t.exec("UPDATE river_job SET state = 'available' WHERE state = 'running'")
		return err
	})
	if err != nil {
		return err
	}
	runs, err := s.ActiveRuns(ctx, 0)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if err := s.EnqueueRun(ctx, r.ID); err != nil && !errors.Is(err, NotFound) {
			return err
		}
	}
	return nil
}

// EnqueueRun inserts a job for a run's next slice, unless one waits or runs. From
// then on the run belongs to the queue: each [NextSlice] is a job.
func (s *Store) EnqueueRun(ctx context.Context, runID int64) error {
	return s.write(ctx, func(t *txn) error {
		var one int
		found, err := t.one("UPDATE runs SET queued = 1 WHERE id = ? AND status IN ('queued', 'running') RETURNING 1", []any{runID}, &one)
		if err != nil {
			return err
		}
		if !found {
			return &Error{Reason: NotFound, Text: fmt.Sprintf("run %d does not exist or has ended", runID)}
		}
		return t.insertSlice(runID, 0)
	})
}

// EnqueueDue asks [Handler.Due] once for a touchpoint and due time, however often
// and by however many agents it is called. A time that lies ahead waits.
func (s *Store) EnqueueDue(ctx context.Context, touchpointID int64, due time.Time) error {
	p, err := s.point(touchpointID)
	if err != nil {
		return err
	}
	if due.IsZero() {
		return &Error{Reason: Invalid, Text: "a due time is missing"}
	}
	return s.write(ctx, func(t *txn) error {
		if err := s.known(p); err != nil {
			return err
		}
		return t.insertDue(touchpointID, due)
	})
}

// queueStats counts jobs.
func (s *Store) queueStats(ctx context.Context) (q QueueStats, err error) {
	err = s.each(ctx, "SELECT state, count(*) FROM river_job WHERE state IN ('available', 'running', 'scheduled', 'retryable') GROUP BY state", nil, func(scan scanner) error {
		var state string
		var n int64
		err := scan(&state, &n)
		switch state {
		case "available":
			q.Available = n
		case "running":
			q.Running = n
		case "scheduled":
			q.Scheduled = n
		case "retryable":
			q.Retryable = n
		}
		return err
	})
	return q, err
}
