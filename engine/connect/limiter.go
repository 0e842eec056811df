package connect

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/dray-sync/dray/engine/config"
)

// limiter bounds the requests of one account. It is safe for concurrent use.
type limiter struct {
	turns turns
	rates []*rate.Limiter // each bounds another span of time, the longest first
	slots chan struct{}
}

func newLimiter(r *config.Rate) *limiter {
	l := &limiter{}
	if r == nil {
		return l
	}
	l.within(24*time.Hour, r.RequestsPerDay)
	l.within(time.Hour, r.RequestsPerHour)
	l.within(time.Minute, r.RequestsPerMinute)
	if r.RequestsPerSecond > 0 {
		l.rates = append(l.rates, rate.NewLimiter(rate.Limit(r.RequestsPerSecond), max(1, int(r.RequestsPerSecond))))
	}
	if r.Concurrency > 0 {
		l.slots = make(chan struct{}, r.Concurrency)
	}
	return l
}

// within bounds the requests of a span of time, wherever the span begins: a tenth of them may come at once, and the others come in
// evenly, so that the two together are never more.
func (l *limiter) within(span time.Duration, requests int64) {
	if requests <= 0 {
		return
	}
	burst := max(1, requests/10)
	steady := max(1, requests-burst)
	l.rates = append(l.rates, rate.NewLimiter(rate.Limit(float64(steady)/span.Seconds()), int(burst)))
}

// Acquire waits for a free slot and for the rates, with the priority of ctx.
func (l *limiter) Acquire(ctx context.Context) (func(), error) {
	if l.slots == nil && len(l.rates) == 0 {
		return func() {}, ctx.Err()
	}
	if err := l.turns.take(ctx); err != nil {
		return nil, err
	}
	defer l.turns.pass()
	if l.slots != nil {
		select {
		case l.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	release := sync.OnceFunc(func() { // a second release would take another request's slot
		if l.slots != nil {
			<-l.slots
		}
	})
	for _, r := range l.rates {
		if err := r.Wait(ctx); err != nil {
			release()
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, context.DeadlineExceeded // the rate does not come round before the deadline
		}
	}
	return release, nil
}
