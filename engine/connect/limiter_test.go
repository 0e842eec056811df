package connect

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
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

// TestLimiterWindows holds that no minute sees more requests than allowed, the first one neither.
func TestLimiterWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(&config.Rate{RequestsPerMinute: 30, RequestsPerHour: 600, RequestsPerDay: 100_000})
		var at []time.Time
		for begin := time.Now(); time.Since(begin) < 2*time.Hour; {
			release, err := l.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			release()
			at = append(at, time.Now())
		}
		for i := range at {
			if j := i + 30; j < len(at) && at[j].Sub(at[i]) < time.Minute {
				t.Fatalf("31 requests within %v", at[j].Sub(at[i]))
			}
			if j := i + 600; j < len(at) && at[j].Sub(at[i]) < time.Hour {
				t.Fatalf("601 requests within %v", at[j].Sub(at[i]))
			}
		}
		if len(at) < 1000 {
			t.Errorf("only %d requests in two hours: the bound is far from used", len(at))
		}
	})
}

func TestNoLimit(t *testing.T) {
	l := newLimiter(nil)
	for range 1000 {
		if _, err := l.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
