package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/state"
)

// SliceLength is how long a slice works before it hands over, softly.
const SliceLength = 15 * time.Second

// A Runner works the runs of one process. Its exported fields are set once. It is safe for concurrent use; one run is worked by one
// call at a time.
type Runner struct {
	Store *state.Store
	Pool  *connect.Pool
	Log   hclog.Logger
	Now   func() time.Time
	// Observe hears of every committed batch. nil: nobody does. It must not block.
	Observe func(touchpoint string, committed state.Counts)
	// Ended hears of every run that ended, with all its counts. nil: nobody does. It must not block.
	Ended func(touchpoint string, status state.RunStatus, code string, counts state.Counts)
	// Sample gets a few of the records of every batch that was read, as JSON, to keep their form. nil: nobody does.
	Sample func(ctx context.Context, t state.Touchpoint, f *Flow, docs [][]byte)

	locks locks // of what steps create
	turns turns // of the runs of a touchpoint

	overlays overlays // of flows whose lookups have overrides

	mu   sync.Mutex
	runs map[int64]*memory
}

// Options vary how a slice is worked.
type Options struct {
	// Limit is how many records the whole run reads at most. 0: all.
	Limit int64
	// Chain inserts the job of the next slice; otherwise the caller calls again.
	Chain bool
}

// More says that a run goes on.
type More struct {
	Again bool
	After time.Duration // wait this long first
}

// work is one slice.
type work struct {
	flow       *Flow
	run        int64
	fence      state.Fence
	touchpoint state.Touchpoint
	memory     *memory
	done       state.Counts // of the whole run
	deadline   time.Time
	options    Options
	beside     *beside // what the run was asked for; nil: it is a normal one
}

// Slice works one slice of a run. The error is one of the state store's: whatever happens to records or applications ends or
// continues the run and is written down there. It is [ErrBusy] while another run of the touchpoint works.
func (r *Runner) Slice(ctx context.Context, f *Flow, runID int64, o Options) (More, error) {
	run, err := r.Store.Run(ctx, runID)
	if err != nil {
		return More{}, err
	}
	giveBack, others := r.turns.take(run.TouchpointID, runID, r.Now())
	if giveBack == nil {
		return More{Again: true, After: BusyWait}, ErrBusy
	}
	defer giveBack()
	run, fence, err := r.Store.BeginSlice(ctx, runID)
	if err != nil {
		return More{}, err
	}
	asked, err := r.besideOf(ctx, run)
	if err != nil {
		return More{}, err
	}
	overrides, err := r.Store.Overrides(ctx)
	if err != nil {
		return More{}, err
	}
	f = asked.flow(r.overlays.flow(f, overrides))
	ctx = connect.WithPriority(ctx, connect.PriorityNamed(f.Spec.Priority))
	t, err := r.Store.TouchpointByID(ctx, run.TouchpointID)
	if err != nil {
		return More{}, err
	}
	m := r.remember(ctx, runID, f)
	defer r.rest(m)
	if others || asked != nil {
		m.drop(ctx) // what was read before another run worked may be older than what that has written
	}
	w := &work{
		flow: f, run: runID, fence: fence, touchpoint: t, memory: m, done: run.Counts,
		deadline: r.Now().Add(SliceLength), options: o, beside: asked,
	}
	if t.Generation != run.Generation {
		return More{}, r.end(ctx, w, &state.RunEnd{Status: state.RunSuperseded, Code: "Reset"})
	}
	return r.conclude(ctx, w, r.guarded(ctx, w))
}

// steps works batches until something ends the slice.
func (r *Runner) steps(ctx context.Context, w *work) error {
	if err := w.flow.open(r.Now()); err != nil {
		return err
	}
	if w.memory.session == nil {
		s, err := r.openSession(ctx, w)
		if err != nil {
			return err
		}
		s.patient, w.memory.session = w.memory.patient, s
		if w.beside != nil {
			return r.workBeside(ctx, w)
		}
		if err := s.retryDeadLetters(ctx, r, w); err != nil {
			return err
		}
	}
	w.memory.session.stage.steps.forget()
	defer w.memory.session.drafter.pause()
	for {
		if err := w.memory.session.step(ctx, r, w); err != nil {
			return err
		}
		if !r.Now().Before(w.deadline) {
			return errHandOver
		}
		if err := w.flow.open(r.Now()); err != nil {
			return err
		}
	}
}

// errHandOver ends a slice whose run goes on at once.
var errHandOver = errors.New("the slice is over")

// errTooMany ends a run that rejected more records than its touchpoint allows.
var errTooMany = errors.New("too many records were rejected")

// errEnough ends a run that has read as many records as were asked for.
var errEnough = errors.New("enough was read")

// judge ends a run that has reached one of its bounds.
func (w *work) judge(s *session) error {
	if stop := int64(s.ends.flow.Spec.StopAfter); stop > 0 && w.done.Rejected >= stop {
		return fmt.Errorf("%w: stopAfter is %d", errTooMany, stop)
	}
	if w.options.Limit > 0 && s.read >= w.options.Limit {
		return errEnough
	}
	return nil
}

// conclude decides by the error alone how the run goes on.
func (r *Runner) conclude(ctx context.Context, w *work, err error) (More, error) {
	if w.beside != nil { // it reads nothing ahead
		w.memory.drop(ctx)
	}
	var reading *readError
	var closed *closedError
	var limit *limitError
	var swept *swept
	var pause *connect.Pause
	switch {
	case errors.As(err, &pause):
		return r.paused(ctx, w, pause)
	case errors.As(err, &closed): // what is open goes, so that nothing is asked meanwhile
		w.memory.drop(ctx)
		return r.closed(ctx, w, closed)
	case errors.As(err, &swept):
		return More{}, r.end(ctx, w, &state.RunEnd{Status: status(w.done), Code: swept.code, Detail: swept.detail})
	case errors.Is(err, io.EOF), errors.Is(err, errEnough):
		return More{}, r.end(ctx, w, w.flagStays(w.beside.end(&state.RunEnd{Status: status(w.done)})))
	case errors.Is(err, errHandOver):
		return r.next(ctx, w, state.NextSlice{})
	case errors.As(err, &limit):
		return More{}, r.park(ctx, w, limit)
	case errors.Is(err, errTooMany):
		return More{}, r.end(ctx, w, &state.RunEnd{Status: state.RunFailed, Code: "TooManyRejected", Detail: err.Error()})
	case state.ReasonOf(err) != "":
		w.memory.drop(ctx)
		return More{}, err
	case ctx.Err() != nil:
		w.memory.drop(ctx)
		return r.next(context.WithoutCancel(ctx), w, state.NextSlice{Code: adapters.Canceled.String()})
	case errors.Is(err, adapters.ErrClosed): // the reader cannot go on: the next slice opens another one
		err = &adapters.Error{Kind: adapters.Unavailable, Op: "reading", Object: w.flow.Spec.Source.Object, Rule: "interrupted", Err: err}
		w.memory.drop(ctx)
	case !errors.As(err, &reading): // what was read and not written must be read again
		w.memory.drop(ctx)
	}
	return r.failed(ctx, w, err)
}

// failed tries again later what may succeed then, and ends the run otherwise.
func (r *Runner) failed(ctx context.Context, w *work, err error) (More, error) {
	wait, again := w.memory.patient.wait(err, r.Now())
	code := adapters.KindOf(err).String()
	r.Log.Warn("run interrupted", "touchpoint", w.flow.Name, "run", w.run, "kind", code, "error", err, "again", again, "after", wait.Round(time.Millisecond).String())
	if !again {
		return More{}, r.end(ctx, w, ended(state.RunFailed, err))
	}
	if s := w.memory.session; s != nil && s.fetcher != nil {
		s.fetcher.retry()
	}
	return r.next(ctx, w, state.NextSlice{After: wait, Code: code, Detail: detail(err)})
}

// closed pauses the run until its connections are open again. It looks again in between, since a new revision may open them earlier.
func (r *Runner) closed(ctx context.Context, w *work, err *closedError) (More, error) {
	wait := min(max(err.until.Sub(r.Now()), 0), longestWait)
	r.Log.Info("run pauses", "touchpoint", w.flow.Name, "run", w.run, "connection", err.connection, "until", err.until)
	return r.next(ctx, w, state.NextSlice{After: wait, Code: "Closed", Detail: err.Error()})
}

// next hands over to another slice.
func (r *Runner) next(ctx context.Context, w *work, n state.NextSlice) (More, error) {
	more := More{Again: true, After: n.After}
	if !w.options.Chain {
		return more, nil
	}
	return more, r.Store.Commit(ctx, w.fence, state.Commit{Next: &n})
}

// end ends the run and closes what it has open.
func (r *Runner) end(ctx context.Context, w *work, end *state.RunEnd) error {
	r.Forget(ctx, w.run)
	err := r.Store.Commit(context.WithoutCancel(ctx), w.fence, state.Commit{End: end})
	if err == nil && r.Ended != nil {
		r.Ended(w.flow.Name, end.Status, end.Code, w.done)
	}
	return err
}

// status is what became of a run, judged by its records.
func status(n state.Counts) state.RunStatus {
	fine := n.Created + n.Updated + n.Unchanged + n.Deleted + n.Skipped + n.Filtered
	switch {
	case n.Read == n.Duplicates:
		return state.RunEmpty
	case n.Rejected+n.Parked+n.Unacknowledged == 0:
		return state.RunSucceeded
	case fine == 0:
		return state.RunFailed
	default:
		return state.RunPartial
	}
}

func (r *Runner) observe(touchpoint string, n state.Counts) {
	if r.Observe != nil {
		r.Observe(touchpoint, n)
	}
}

// pause waits within a slice. false: the slice is over before.
func (r *Runner) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
