package connect

import (
	"context"
	"sync"

	"golang.org/x/time/rate"

	"github.com/dray-sync/dray/engine/config"
)

// limiter bounds the requests of one account. It is safe for concurrent use.
type limiter struct {
	rate  *rate.Limiter
	slots chan struct{}
}

func newLimiter(r *config.Rate) *limiter {
	l := &limiter{rate: rate.NewLimiter(rate.Inf, 1)}
	if r == nil {
		return l
	}
	if r.RequestsPerSecond > 0 {
		l.rate = rate.NewLimiter(rate.Limit(r.RequestsPerSecond), max(1, int(r.RequestsPerSecond)))
	}
	if r.Concurrency > 0 {
		l.slots = make(chan struct{}, r.Concurrency)
	}
	return l
}

// Acquire waits for a free slot and for the rate.
func (l *limiter) Acquire(ctx context.Context) (func(), error) {
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
	if err := l.rate.Wait(ctx); err != nil {
		release()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, context.DeadlineExceeded // the rate does not come round before the deadline
	}
	return release, nil
}
