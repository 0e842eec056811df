package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/state"
)

// turn is what a due run does about a touchpoint that comes first.
type turn int

const (
	turnCome  turn = iota // go on
	turnWaits             // ask again later
	turnLost              // leave this time out
)

// predecessor is what is known of a touchpoint that comes first.
type predecessor struct {
	wave   time.Time  // its last due time, zero: it has none that matters
	atOnce bool       // it has never run, and is about to
	active bool       // one of its runs has not ended
	last   *state.Run // its newest run; nil: it never ran
}

// turnAfter decides about a run that was due at an instant. The runs of one wave are those whose due times lie no further apart than the
// wait: a touchpoint that runs once a night is not waited for all day.
func turnAfter(a config.After, p predecessor, due, now time.Time) turn {
	within := time.Duration(a.Within)
	over := now.Sub(due) >= within
	begun := !p.atOnce && (p.wave.IsZero() || due.Sub(p.wave) > within || p.last != nil && (!p.last.DueAt.Before(p.wave) || !p.last.CreatedAt.Before(p.wave)))
	ended := begun && !p.active
	good := p.last == nil || p.last.Status == state.RunSucceeded || p.last.Status == state.RunEmpty
	switch {
	case ended && (good || a.On != "succeeded"):
		return turnCome
	case !over:
		return turnWaits
	case a.On == "succeeded":
		return turnLost
	}
	return turnCome
}

// askAgain is how soon a run that waits for another asks again.
const askAgain = 2 * time.Second

// inTurn reports whether every touchpoint that comes before a flow is done. Where one is not, the error has the queue ask again; a time that is
// left out is kept as a canceled run, so that people see why nothing came of it.
func (e *Engine) inTurn(ctx context.Context, f *flow, due time.Time) (bool, error) {
	now := e.options.Now()
	for _, a := range f.Spec.After {
		p, ok, err := e.predecessor(ctx, a, due)
		if err != nil {
			return false, err
		}
		if !ok {
			continue
		}
		switch turnAfter(a, p, due, now) {
		case turnWaits:
			return false, &state.JobError{Code: "Waiting", RetryAfter: askAgain}
		case turnLost:
			e.log.Warn("not started: the touchpoint it comes after has not succeeded in time", "touchpoint", f.Name, "after", a.Touchpoint, "due", due)
			return false, e.leaveOut(ctx, f, due, a.Touchpoint)
		}
	}
	if len(f.Spec.After) == 0 {
		return true, nil
	}
	own, _, err := e.store.Runs(ctx, state.RunFilter{TouchpointID: f.id, Normal: true, Limit: 1})
	if err != nil {
		return false, err
	}
	served := len(own) > 0 && own[0].CreatedAt.After(due) && !own[0].DueAt.Equal(due) // by a time that came due while this one waited
	return !served, nil
}

// predecessor looks a touchpoint up that comes before. false: it is not waited for.
func (e *Engine) predecessor(ctx context.Context, a config.After, due time.Time) (p predecessor, ok bool, err error) {
	first := e.current.Load().flow(a.Touchpoint)
	if first == nil || e.elsewhere(first) != "" || e.suspended(ctx, first) {
		return p, false, nil
	}
	if first.schedule != nil {
		p.wave = first.schedule.Latest(due.Add(-time.Duration(a.Within)-time.Nanosecond), due)
	}
	active, err := e.store.ActiveRuns(ctx, first.id)
	if err != nil {
		return p, false, err
	}
	p.active = len(normal(active)) > 0
	runs, _, err := e.store.Runs(ctx, state.RunFilter{TouchpointID: first.id, Normal: true, Limit: 1})
	if err != nil {
		return p, false, err
	}
	if len(runs) > 0 {
		p.last = &runs[0]
	}
	p.atOnce = len(runs) == 0 && first.schedule != nil && first.schedule.AtOnce(e.options.Now())
	return p, true, nil
}

// leaveOut keeps a due time at which nothing ran.
func (e *Engine) leaveOut(ctx context.Context, f *flow, due time.Time, first string) error {
	r, created, err := e.store.StartRun(ctx, state.NewRun{TouchpointID: f.id, Trigger: TriggerSchedule, Revision: f.Revision, DueAt: due})
	if err != nil || !created {
		return err
	}
	return e.store.EndRun(ctx, r.ID, state.RunEnd{
		Status: state.RunCanceled, Code: "NotInTurn", Detail: fmt.Sprintf("it comes after the touchpoint %q, which has not succeeded in time", first),
	})
}
