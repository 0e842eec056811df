package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/state"
)

// TriggerApproved is the trigger of a run that a person let go.
const TriggerApproved = "approved"

const (
	actionApprove = "approve"
	// approvedFor is how long an approval holds.
	approvedFor = 24 * time.Hour
)

// Approve lets a parked run go: another run begins where that one stopped, and may do what that one was counted to do, by the same revision.
func (e *Engine) Approve(ctx context.Context, id int64, a api.Approval) (api.Run, error) {
	r, err := e.store.Run(ctx, id)
	if err != nil {
		return api.Run{}, err
	}
	f := e.flowByID(r.TouchpointID)
	if f == nil {
		return api.Run{}, fmt.Errorf("the touchpoint of run %d is not in the applied revision: %w", id, api.ErrNotFound)
	}
	p, err := e.store.Parked(ctx, id)
	switch {
	case err != nil:
		return api.Run{}, err
	case p.Revision != f.Revision:
		return api.Run{}, fmt.Errorf("%w: touchpoint %q has changed since run %d was parked; what it would do now is not known", api.ErrConflict, f.Name, id)
	case e.suspended(ctx, f):
		return api.Run{}, fmt.Errorf("%w: touchpoint %q is suspended, in the repository or on this agent; resume it first", api.ErrConflict, f.Name)
	}
	if err := e.audit(ctx, r.TouchpointID, a.Actor, actionApprove, fmt.Sprintf("run %d", id), auditDetail{Reason: a.Reason}); err != nil {
		return api.Run{}, err
	}
	started, err := e.store.Approve(ctx, state.Approval{RunID: id, Trigger: TriggerApproved, Until: e.options.Now().Add(approvedFor)})
	if errors.Is(err, state.Invalid) {
		return api.Run{}, fmt.Errorf("%w: %s", api.ErrConflict, err.Error())
	}
	return e.runView(started), err
}

// parkedView is what a parked run waits with; nil for any other.
func (e *Engine) parkedView(r state.Run) *api.Parked {
	if r.Status != state.RunParked {
		return nil
	}
	p, err := e.store.Parked(context.Background(), r.ID)
	if err != nil {
		return nil // parked by a version that did not count
	}
	return &api.Parked{Creates: p.Created, Updates: p.Updated, Deletes: p.Deleted, Shrank: p.Shrank, More: p.More, ApprovedBy: p.ApprovedRun}
}
