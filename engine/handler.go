package engine

import (
	"context"
	"errors"
	"time"

	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// The triggers of a run.
const (
	TriggerSchedule = "schedule"
	TriggerManual   = "manual"
	TriggerLocal    = "local" // a command without an agent
)

// handler works the queue's jobs.
type handler Engine

// Due starts a run for a touchpoint whose time has come, unless it runs elsewhere, is suspended, parked or still running, once those it comes after are done.
func (h *handler) Due(ctx context.Context, touchpointID int64, due time.Time) error {
	e := (*Engine)(h)
	f := e.flowByID(touchpointID)
	if f == nil || e.elsewhere(f) != "" || e.suspended(ctx, f) {
		return nil
	}
	parked, err := e.parked(ctx, f)
	if err != nil || parked {
		return err
	}
	if ready, err := e.inTurn(ctx, f, due); err != nil || !ready {
		return err
	}
	active, err := e.store.ActiveRuns(ctx, touchpointID)
	if err != nil {
		return err
	}
	if len(normal(active)) > 0 {
		if f.schedule != nil && f.schedule.Queues() {
			return &state.JobError{Code: "Running", RetryAfter: 2 * time.Second}
		}
		e.log.Debug("due while running; left out", "touchpoint", f.Name)
		return nil
	}
	_, _, err = e.store.StartRun(ctx, state.NewRun{TouchpointID: touchpointID, Trigger: TriggerSchedule, Revision: f.Revision, DueAt: due, Enqueue: true})
	return err
}

// Slice works one slice of a run with the flow as it is now.
func (h *handler) Slice(ctx context.Context, runID int64) error {
	e := (*Engine)(h)
	r, err := e.store.Run(ctx, runID)
	if errors.Is(err, state.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	f := e.flowByID(r.TouchpointID)
	if f == nil {
		e.runner.Forget(ctx, runID)
		return e.store.EndRun(ctx, runID, state.RunEnd{Status: state.RunCanceled, Code: "TouchpointGone"})
	}
	if e.elsewhere(f) != "" {
		e.runner.Forget(ctx, runID)
		return e.store.EndRun(ctx, runID, state.RunEnd{Status: state.RunCanceled, Code: "NotHere"})
	}
	if e.suspended(ctx, f) {
		e.runner.Forget(ctx, runID)
		return e.store.EndRun(ctx, runID, state.RunEnd{Status: state.RunCanceled, Code: "Suspended"})
	}
	_, err = e.runner.Slice(ctx, f.Flow, runID, run.Options{Chain: true})
	if errors.Is(err, run.ErrBusy) {
		return &state.JobError{Code: "Waiting", RetryAfter: run.BusyWait}
	}
	if errors.Is(err, state.Fenced) {
		e.log.Debug("slice fenced", "touchpoint", f.Name, "run", runID)
		return nil
	}
	return err
}

// flowByID returns the current flow of a touchpoint; nil when the applied revision has none.
func (e *Engine) flowByID(id int64) *flow {
	g := e.current.Load()
	if g == nil {
		return nil
	}
	return g.flows[g.ids[id]]
}

// suspended reports whether a flow, or one of its connections, is suspended, in the repository or here.
func (e *Engine) suspended(ctx context.Context, f *flow) bool {
	if f.Spec.Suspend {
		return true
	}
	for _, name := range f.Model.ConnectionsOf(&f.Spec) {
		if c := f.Model.Connections[name]; c != nil && c.Spec.Suspend {
			return true
		}
	}
	local, err := e.store.Suspensions(ctx)
	if err != nil {
		e.log.Error("suspensions cannot be read; holding back", "touchpoint", f.Name, "error", err)
		return true
	}
	for _, s := range local {
		if s.TouchpointID == 0 || s.TouchpointID == f.id {
			return true
		}
	}
	return false
}

// parked reports whether the last run waits for a person: a limit was reached, and nothing has changed since.
func (e *Engine) parked(ctx context.Context, f *flow) (bool, error) {
	last, _, err := e.store.Runs(ctx, state.RunFilter{TouchpointID: f.id, Normal: true, Limit: 1})
	if err != nil || len(last) == 0 {
		return false, err
	}
	if last[0].Status != state.RunParked || last[0].Revision != f.Revision {
		return false, nil
	}
	e.log.Warn("not started: the last run is parked; approve it, or change its limits in the repository", "touchpoint", f.Name, "run", last[0].ID)
	return true, nil
}

// ended tells the log and the metrics of a run that ended.
func (e *Engine) ended(touchpoint string, status state.RunStatus, code string, n state.Counts) {
	e.metrics.ended(touchpoint, status)
	if e.options.Ended != nil {
		e.options.Ended(touchpoint, status, code, n)
	}
	log := e.log.Info
	if status == state.RunFailed || status == state.RunParked || status == state.RunPartial {
		log = e.log.Warn
	} else if status == state.RunEmpty {
		log = e.log.Debug
	}
	log("run ended", "touchpoint", touchpoint, "status", status, "code", code, "read", n.Read, "created", n.Created, "updated", n.Updated,
		"unchanged", n.Unchanged, "filtered", n.Filtered, "skipped", n.Skipped, "rejected", n.Rejected, "parked", n.Parked)
}
