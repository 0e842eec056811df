package state

import (
	"context"
	"time"
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
