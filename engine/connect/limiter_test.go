package connect

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/dray-sync/dray/engine/config"
)

func TestLimiterConcurrency(t *testing.T) {
	l := newLimiter(&config.Rate{Concurrency: 1})
	release, err := l.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	go func() { _, err := l.Acquire(ctx); waiting <- err }()
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("a second request: %v", err)
	}
	release()
	release() // takes nothing from others
	again, err := l.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestLimiterRate(t *testing.T) {
	l := newLimiter(&config.Rate{RequestsPerSecond: 0.001, Concurrency: 1})
	release, err := l.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := l.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("beyond the rate: %v", err)
	}
	if len(l.slots) != 0 {
		t.Error("the slot of a refused request is not given back")
	}
}

func TestNoLimit(t *testing.T) {
	l := newLimiter(nil)
	for range 1000 {
		if _, err := l.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
