package run

import (
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/state"
)

const (
	maxAttempts = 8                // of the same thing without any progress between
	longestWait = 15 * time.Minute // whatever a server asks for
	inPlace     = 2 * time.Second  // shorter waits happen within the slice
)

func temporary(err error) bool {
	e, ok := errors.AsType[*adapters.Error](err)
	return ok && e.Kind.Temporary()
}

// patience counts attempts without progress and says how long to wait.
type patience struct {
	attempts int
	policy   *backoff.ExponentialBackOff
}

func newPatience() *patience {
	p := &patience{policy: backoff.NewExponentialBackOff()}
	p.policy.InitialInterval, p.policy.MaxInterval = 500*time.Millisecond, time.Minute
	p.policy.Reset()
	return p
}

// progress forgets what went wrong before.
func (p *patience) progress() {
	p.attempts = 0
	p.policy.Reset()
}

// wait says how long to wait before another attempt, and false when there is no point in one. Being too fast costs no attempt.
func (p *patience) wait(err error, now time.Time) (time.Duration, bool) {
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok || !e.Kind.Temporary() {
		return 0, false
	}
	switch {
	case e.Kind == adapters.RateLimited && e.After > 0:
		return min(e.After, longestWait), true
	case e.Kind == adapters.QuotaExhausted && e.Until.After(now):
		return min(e.Until.Sub(now), longestWait), true
	}
	p.attempts++
	return p.policy.NextBackOff(), p.attempts < maxAttempts
}

// ended is the end of a run by an error: the kind in the clear, all words sealed.
func ended(status state.RunStatus, err error) *state.RunEnd {
	return &state.RunEnd{Status: status, Code: adapters.KindOf(err).String(), Detail: detail(err)}
}

// detail is an error's text with what the other side said; for sealing only.
func detail(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*adapters.ConfigError](err); ok && e.Hint != "" {
		text += "; " + e.Hint
	}
	if e, ok := errors.AsType[*adapters.Error](err); ok && !e.Detail.IsEmpty() {
		text += "\n" + e.Detail.Raw()
	}
	return text
}
