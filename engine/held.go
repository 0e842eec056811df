package engine

import (
	"context"

	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/plan"
)

// State says what the agent holds of every touchpoint that has state, by name.
func (e *Engine) State(ctx context.Context) ([]api.Held, error) {
	touchpoints, err := e.store.Touchpoints(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]api.Held, len(touchpoints))
	for i, t := range touchpoints {
		h := plan.Existing{}
		checkpoints, err := e.store.Checkpoints(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		for _, c := range checkpoints {
			if c.Key.Generation == t.Generation {
				h.Checkpoint = true
				h.CheckpointAt = later(h.CheckpointAt, c.At)
			}
		}
		if h.Records, err = e.store.LiveKeys(ctx, t.ID); err != nil {
			return nil, err
		}
		if h.DeadLetters, err = e.store.CountDeadLetters(ctx, t.ID); err != nil {
			return nil, err
		}
		active, err := e.store.ActiveRuns(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		h.Runs = len(active)
		if f := e.current.Load().flow(t.Name); f != nil {
			h.Suspended = e.suspended(ctx, f)
		}
		list[i] = api.Held{Name: t.Name, Existing: h}
	}
	return list, nil
}
