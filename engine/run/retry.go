package run

import (
	"context"
	"slices"
	"time"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/state"
)

// retryBatch is how many dead letters are tried again in one batch.
const retryBatch = 500

// retryDeadLetters tries those records again that onReject.retry says are due. What fails once more stays where it is.
func (s *session) retryDeadLetters(ctx context.Context, r *Runner, w *work) error {
	policy := s.ends.flow.Spec.OnReject.Retry
	if policy == nil && !s.ends.waits() && len(s.backs) == 0 {
		return nil
	}
	now := r.Now()
	for page := ""; ; {
		letters, next, err := r.Store.DeadLetters(ctx, state.DeadLetterFilter{
			TouchpointID: w.touchpoint.ID, State: state.DeadLetterOpen, Page: page, Limit: retryBatch, Content: true,
		})
		if err != nil {
			return err
		}
		due := slices.DeleteFunc(letters, func(d state.DeadLetter) bool { return !s.due(&d, policy, now) })
		if err := s.tryAgain(ctx, r, w, due); err != nil {
			return err
		}
		if page = next; page == "" {
			return nil
		}
	}
}

// due reports whether a dead letter is tried again now.
func (s *session) due(d *state.DeadLetter, policy *config.Retry, now time.Time) bool {
	switch {
	case d.Parked:
		return false
	case d.Stage == state.StageWriteBack && policy == nil:
		return len(s.backs) > 0 && now.Sub(d.FirstAt) <= acknowledgeFor
	case d.Waits && s.ends.waits():
		return true
	case policy == nil:
		return false
	default:
		return !d.LastAt.Add(time.Duration(policy.Every)).After(now) && now.Sub(d.FirstAt) <= time.Duration(policy.For)
	}
}

// waits reports whether a step or a lookup waits for what is missing.
func (e *ends) waits() bool {
	for _, l := range e.flow.Model.Lookups {
		if l.Spec.Miss.Action == "wait" {
			return true
		}
	}
	return slices.ContainsFunc(e.steps, func(s *step) bool { return s.WhenMissing == "wait" })
}
