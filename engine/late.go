package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dray-sync/dray/engine/reconcile"
	"github.com/dray-sync/dray/engine/state"
)

// reachedEnd are the states of runs that went through all of their records, also where some were set aside: those are told of by
// themselves.
var reachedEnd = []state.RunStatus{state.RunSucceeded, state.RunEmpty, state.RunPartial}

// lateSince returns the time by which a run of a flow was expected to have reached its end; zero: it did, or nothing is expected.
// expects reports whether the schedule expects anything at all.
func (e *Engine) lateSince(ctx context.Context, f *flow) (since time.Time, expects bool, err error) {
	if f.schedule == nil || !f.schedule.Expects() || e.elsewhere(f) != "" || e.suspended(ctx, f) {
		return time.Time{}, false, nil
	}
	t, err := e.store.Touchpoint(ctx, f.Name)
	if err != nil {
		return time.Time{}, true, err
	}
	last, _, err := e.store.Runs(ctx, state.RunFilter{TouchpointID: f.id, Status: reachedEnd, Normal: true, Limit: 1})
	if err != nil {
		return time.Time{}, true, err
	}
	var success time.Time
	if len(last) > 0 {
		success = last[0].EndedAt
	}
	by, late := f.schedule.Late(success, t.CreatedAt, e.options.Now())
	if !late {
		return time.Time{}, true, nil
	}
	return by, true, nil
}

// late returns the condition that says which touchpoints are late. It reports false when no schedule expects anything.
func (e *Engine) late(ctx context.Context) (reconcile.Condition, bool) {
	c := reconcile.Condition{Type: reconcile.Late, Status: "False", Reason: "OnTime", Message: "every touchpoint reached its end by the time expected"}
	g := e.current.Load()
	if g == nil {
		return c, false
	}
	any, names := false, []string{}
	for _, name := range slices.Sorted(maps.Keys(g.flows)) {
		since, expects, err := e.lateSince(ctx, g.flows[name])
		if err != nil {
			e.log.Error("whether a touchpoint is late cannot be told", "touchpoint", name, "error", err)
			continue
		}
		any = any || expects
		if since.IsZero() {
			continue
		}
		names = append(names, fmt.Sprintf("%s (since %s)", name, since.Format(time.RFC3339)))
		if c.LastTransitionTime.IsZero() || since.Before(c.LastTransitionTime) {
			c.LastTransitionTime = since
		}
	}
	if c.LastTransitionTime.IsZero() {
		c.LastTransitionTime = e.options.Now()
	}
	if len(names) > 0 {
		c.Status, c.Reason, c.Message = "True", "ExpectedEarlier", "no run has reached its end in time: "+strings.Join(names, ", ")
	}
	return c, any
}
