package engine

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/reconcile"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// Status returns what the agent knows of its configuration.
func (e *Engine) Status() reconcile.Status { return e.withCredentials(e.reconciler.Status()) }

// withCredentials adds what became known of credentials since the revision was applied: they are opened when they are used.
func (e *Engine) withCredentials(s reconcile.Status) reconcile.Status {
	s.Conditions = slices.Clone(s.Conditions)
	for _, c := range e.outdated.Range {
		s.Conditions = append(s.Conditions, c.(reconcile.Condition))
	}
	if paused, ok := e.paused(); ok {
		s.Conditions = append(s.Conditions, paused)
	}
	if late, ok := e.late(context.Background()); ok {
		s.Conditions = append(s.Conditions, late)
	}
	if drifted, ok := e.drifted(context.Background()); ok {
		s.Conditions = append(s.Conditions, drifted)
	}
	return s
}

// WaitStatus returns the status once a reconcile request has been handled.
func (e *Engine) WaitStatus(ctx context.Context, token string) (reconcile.Status, error) {
	s, err := e.reconciler.Wait(ctx, token)
	return e.withCredentials(s), err
}

// Changed returns a channel that is closed when the status next changes.
func (e *Engine) Changed() <-chan struct{} { return e.reconciler.Changed() }

// Reconcile asks for a look at the repository now.
func (e *Engine) Reconcile() string { return e.reconciler.Request() }

// Touchpoints returns the touchpoints of the applied revision, by name.
func (e *Engine) Touchpoints(ctx context.Context) ([]api.Touchpoint, error) {
	list := []api.Touchpoint{}
	g := e.current.Load()
	if g == nil {
		return list, nil
	}
	for _, f := range g.flows {
		t := api.Touchpoint{
			Name: f.Name, Source: f.Spec.Source.Connection + "/" + f.Spec.Source.Object,
			Destination: destinations(&f.Spec),
			Mode:        f.Spec.Mode, Suspended: e.suspended(ctx, f), NotHere: e.elsewhere(f), Revision: f.Revision,
		}
		if s, ok := g.model.ScheduleOf(&f.Spec); ok && f.schedule != nil {
			t.Schedule = s.Cron
			if s.Every > 0 {
				t.Schedule = "every " + s.Every.String()
			}
			t.NextDue = f.schedule.Next(e.options.Now())
		}
		var err error
		if t.LateSince, _, err = e.lateSince(ctx, f); err != nil {
			return nil, err
		}
		if t.DeadLetters, err = e.store.CountDeadLetters(ctx, f.id); err != nil {
			return nil, err
		}
		if t.Unacknowledged, err = e.store.CountUnacknowledged(ctx, f.id); err != nil {
			return nil, err
		}
		last, _, err := e.store.Runs(ctx, state.RunFilter{TouchpointID: f.id, Normal: true, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(last) > 0 {
			r := e.runView(last[0])
			t.LastRun = &r
		}
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b api.Touchpoint) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// find returns a flow of the applied revision.
func (e *Engine) find(name string) (*flow, error) {
	if f := e.current.Load().flow(name); f != nil {
		return f, nil
	}
	return nil, fmt.Errorf("touchpoint %q is not in the applied revision: %w", name, api.ErrNotFound)
}

// Trigger runs a touchpoint now. A run that has not ended is returned as it is.
func (e *Engine) Trigger(ctx context.Context, name string) (api.Run, error) {
	f, err := e.find(name)
	if err != nil {
		return api.Run{}, err
	}
	if pool := e.elsewhere(f); pool != "" {
		return api.Run{}, fmt.Errorf("%w: touchpoint %q does not run here: a connection of it is reached from pool %q, to which this agent does not belong", api.ErrConflict, name, pool)
	}
	if e.suspended(ctx, f) {
		return api.Run{}, fmt.Errorf("%w: touchpoint %q is suspended, in the repository or on this agent; resume it first", api.ErrConflict, name)
	}
	active, err := e.store.ActiveRuns(ctx, f.id)
	if err != nil {
		return api.Run{}, err
	}
	if active = normal(active); len(active) > 0 {
		return e.runView(active[0]), nil
	}
	parked, err := e.parked(ctx, f)
	if err == nil && parked {
		err = fmt.Errorf("%w: the last run of touchpoint %q is parked; approve it, or change its limits in the repository", api.ErrConflict, name)
	}
	if err != nil {
		return api.Run{}, err
	}
	r, _, err := e.store.StartRun(ctx, state.NewRun{TouchpointID: f.id, Trigger: TriggerManual, Revision: f.Revision, Enqueue: true})
	return e.runView(r), err
}

// Suspend stops a touchpoint on this agent.
func (e *Engine) Suspend(ctx context.Context, name string, s api.Suspension) error {
	f, err := e.find(name)
	if err != nil {
		return err
	}
	return e.store.Suspend(ctx, state.Suspension{TouchpointID: f.id, Actor: s.Actor, Why: s.Reason, Until: s.Until})
}

// Resume ends a local suspension.
func (e *Engine) Resume(ctx context.Context, name string) error {
	f, err := e.find(name)
	if err != nil {
		return err
	}
	return e.store.Resume(ctx, f.id)
}

// Runs lists runs, newest first.
func (e *Engine) Runs(ctx context.Context, f api.RunFilter) ([]api.Run, int64, error) {
	filter := state.RunFilter{Before: f.Before, Limit: f.Limit}
	if f.Touchpoint != "" {
		t, err := e.store.Touchpoint(ctx, f.Touchpoint)
		if err != nil {
			return nil, 0, err
		}
		filter.TouchpointID = t.ID
	}
	if f.Status != "" {
		filter.Status = []state.RunStatus{state.RunStatus(f.Status)}
	}
	runs, next, err := e.store.Runs(ctx, filter)
	list := make([]api.Run, len(runs))
	for i, r := range runs {
		list[i] = e.runView(r)
	}
	return list, next, err
}

// RunByID returns one run.
func (e *Engine) RunByID(ctx context.Context, id int64) (api.Run, error) {
	r, err := e.store.Run(ctx, id)
	return e.runView(r), err
}

// Record returns what is known of one record.
func (e *Engine) Record(ctx context.Context, touchpoint, id string) (api.Record, error) {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != len(state.KeyHash{}) {
		return api.Record{}, fmt.Errorf("record %q: %w", id, api.ErrNotFound)
	}
	list, err := e.records(ctx, touchpoint, []state.KeyHash{state.KeyHash(raw)})
	if err != nil {
		return api.Record{}, err
	}
	for _, r := range list {
		if r.ID == id {
			return r, nil
		}
	}
	return api.Record{}, fmt.Errorf("record %q: %w", id, api.ErrNotFound)
}

// Search finds records by source key, destination key or traced field.
func (e *Engine) Search(ctx context.Context, touchpoint, value string) ([]api.Record, error) {
	t, err := e.store.Touchpoint(ctx, touchpoint)
	if err != nil {
		return nil, err
	}
	h, err := e.store.Hasher(t)
	if err != nil {
		return nil, err
	}
	return e.records(ctx, touchpoint, run.SearchHashes(h, value, e.routesOf(touchpoint)...))
}

// records returns what is known of the records that some hashes stand for, each once, newest first.
func (e *Engine) records(ctx context.Context, touchpoint string, hashes []state.KeyHash) ([]api.Record, error) {
	t, err := e.store.Touchpoint(ctx, touchpoint)
	if err != nil {
		return nil, err
	}
	byID := map[string]*api.Record{}
	for _, h := range hashes {
		found, err := e.store.Find(ctx, t.ID, h)
		if err != nil {
			return nil, err
		}
		runs := map[int64]api.Run{}
		for _, r := range found.Runs {
			runs[r.ID] = e.runView(r)
		}
		for _, entry := range found.Ledger {
			r := e.recordView(t.Name, entry)
			byID[r.ID] = &r
		}
		for _, d := range found.DeadLetters {
			view := e.deadLetterView(d)
			if closed, ok := runs[d.ClosedRun]; ok {
				view.ClosedBy = &closed
			}
			r := byID[view.RecordID]
			if r == nil {
				r = &api.Record{ID: view.RecordID, Touchpoint: t.Name, Route: view.Route, State: "unknown", Trace: view.Trace}
				e.places(r)
				byID[r.ID] = r
			}
			r.DeadLetters = append(r.DeadLetters, view)
		}
		for _, r := range byID {
			if view, ok := runs[r.RunID]; ok {
				r.Run = &view
			}
		}
	}
	list := make([]api.Record, 0, len(byID))
	for _, r := range byID {
		if err := e.tellLetters(ctx, t.ID, r); err != nil {
			return nil, err
		}
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b api.Record) int { return b.At.Compare(a.At) })
	return list, nil
}

// DeadLetters lists records that could not be delivered.
func (e *Engine) DeadLetters(ctx context.Context, f api.DeadLetterFilter) ([]api.DeadLetter, string, error) {
	filter := state.DeadLetterFilter{State: state.DeadLetterState(f.State), Page: f.Page, Limit: f.Limit, Content: true}
	var err error
	if filter.Cause, err = causeOf(f.Cause); err != nil {
		return nil, "", err
	}
	if f.Touchpoint != "" {
		t, err := e.store.Touchpoint(ctx, f.Touchpoint)
		if err != nil {
			return nil, "", err
		}
		filter.TouchpointID = t.ID
	}
	letters, next, err := e.store.DeadLetters(ctx, filter)
	list := make([]api.DeadLetter, len(letters))
	for i, d := range letters {
		list[i] = e.deadLetterView(d)
	}
	return list, next, err
}
