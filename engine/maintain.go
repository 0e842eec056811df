package engine

import (
	"context"
	"time"
)

const (
	maintainEvery = 6 * time.Hour
	// keptFor is how long ended runs and closed dead letters are kept.
	keptFor = 90 * 24 * time.Hour
)

// maintain drops what is too old to be of use, until ctx ends. It never stops runs.
func (e *Engine) maintain(ctx context.Context) error {
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		if err := e.dropSamples(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("old samples could not be dropped; trying again later", "error", err)
		}
		if err := e.store.Prune(ctx, e.options.Now().Add(-keptFor)); err != nil && ctx.Err() == nil {
			e.log.Warn("old runs and dead letters could not be dropped; trying again later", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
