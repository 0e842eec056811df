package engine

import (
	"context"
	"time"

	"github.com/dray-sync/dray/engine/state"
)

// schedule inserts due jobs as their time comes, until ctx ends. Every agent of a pool comes to the same due times; the queue
// keeps each once.
func (e *Engine) schedule(ctx context.Context) error {
	next := map[string]time.Time{}
	for {
		wait := e.enqueueDue(ctx, next)
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-e.replan:
			timer.Stop()
			e.plan(ctx, next)
		}
	}
}

// longestSleep bounds a sleep, so that a clock that was set is noticed.
const longestSleep = time.Minute

// enqueueDue inserts everything that is due and returns how long nothing will be.
func (e *Engine) enqueueDue(ctx context.Context, next map[string]time.Time) time.Duration {
	now := e.options.Now()
	wait := longestSleep
	g := e.current.Load()
	for name, due := range next {
		f := g.flow(name)
		if f == nil || f.schedule == nil {
			delete(next, name)
			continue
		}
		if due.IsZero() { // its last window is over
			delete(next, name)
			continue
		}
		if at := f.schedule.At(due); at.After(now) {
			wait = min(wait, at.Sub(now))
			continue
		}
		if err := e.store.EnqueueDue(ctx, f.id, due); err != nil {
			e.log.Error("due run could not be queued", "touchpoint", name, "error", err)
			wait = min(wait, time.Second)
			continue
		}
		if next[name] = f.schedule.Next(later(due, now)); !next[name].IsZero() {
			wait = min(wait, max(0, f.schedule.At(next[name]).Sub(now)))
		}
	}
	return wait
}

// later keeps an agent that was held up from working off every due time it slept through.
func later(due, now time.Time) time.Time {
	if now.After(due) {
		return now
	}
	return due
}

// plan computes the next due time of every flow anew: one with an interval that has never run is due at once, one
// that missed its time is caught up with once.
func (e *Engine) plan(ctx context.Context, next map[string]time.Time) {
	now := e.options.Now()
	g := e.current.Load()
	clear(next)
	for name, f := range g.flows {
		if f.schedule == nil {
			continue
		}
		next[name] = f.schedule.Next(now)
		last, err := e.lastDue(ctx, f.id)
		if err != nil {
			e.log.Error("the last due time cannot be read", "touchpoint", name, "error", err)
			continue
		}
		if last.IsZero() && f.schedule.AtOnce(now) {
			next[name] = now.UTC().Truncate(time.Second)
		} else if missed, ok := f.schedule.Missed(last, now); ok && !last.IsZero() {
			next[name] = missed
		}
	}
}

// lastDue returns the due time of the last run that a schedule started; zero when there was none.
func (e *Engine) lastDue(ctx context.Context, id int64) (time.Time, error) {
	const recent = 50
	runs, _, err := e.store.Runs(ctx, state.RunFilter{TouchpointID: id, Normal: true, Limit: recent})
	if err != nil {
		return time.Time{}, err
	}
	for _, r := range runs {
		if !r.DueAt.IsZero() {
			return r.DueAt, nil
		}
	}
	return time.Time{}, nil
}
