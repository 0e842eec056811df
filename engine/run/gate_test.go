package run_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// second gives the world another touchpoint like its own, changed by edit, and returns a run of it.
func (w *world) second(edit func(*config.Touchpoint)) (*run.Flow, int64) {
	w.t.Helper()
	like := *w.model.Touchpoints["flow"]
	if edit != nil {
		edit(&like.Spec)
	}
	w.model.Touchpoints["second"] = &like
	tp := must(w.store.EnsureTouchpoint(w.t.Context(), "second"))(w.t)
	r, _, err := w.store.StartRun(w.t.Context(), state.NewRun{TouchpointID: tp.ID, Trigger: "test", Revision: "r1"})
	if err != nil {
		w.t.Fatal(err)
	}
	return must(run.NewFlow(w.model, "second", "r1"))(w.t), r.ID
}

// What one touchpoint hears from a connection keeps the others from asking it: a refused credential, a wait, a quota.
func TestOneTouchpointPausesAConnectionForAll(t *testing.T) {
	for name, c := range map[string]struct {
		err  *adapters.Error
		wait time.Duration
		code string
	}{
		"refused": {&adapters.Error{Kind: adapters.Unauthorized, Op: "writing"}, 5 * time.Second, "Unauthorized"},
		"wait":    {&adapters.Error{Kind: adapters.RateLimited, Op: "writing", After: time.Minute}, time.Minute, "RateLimited"},
		"capped":  {&adapters.Error{Kind: adapters.RateLimited, Op: "writing", After: 10 * time.Hour}, 15 * time.Minute, "RateLimited"},
		"quota": {
			&adapters.Error{Kind: adapters.QuotaExhausted, Op: "writing", Until: time.Date(2026, 3, 1, 12, 3, 0, 0, time.UTC)},
			3 * time.Minute, "QuotaExhausted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.fill(3)
			var asked atomic.Int64
			failing := true
			w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
				asked.Add(1)
				if failing {
					return c.err
				}
				return send()
			}
			must(w.runner.Slice(t.Context(), w.flow("r1"), w.start(), run.Options{}))(t)
			f, id := w.second(nil)
			before := asked.Load()
			more := must(w.runner.Slice(t.Context(), f, id, run.Options{}))(t)
			if asked.Load() != before {
				t.Error("the second touchpoint asked all the same")
			}
			if !more.Again || more.After != c.wait {
				t.Errorf("the second touchpoint waits %s, want %s", more.After, c.wait)
			}
			pauses := w.runner.Pool.Pauses()
			if len(pauses) != 1 || pauses[0].Connection != "to" || !pauses[0].Until.Equal(w.clock.now().Add(c.wait)) || pauses[0].Kind.String() != c.code {
				t.Errorf("pauses: %v", pauses)
			}
			failing = false
			w.clock.add(more.After)
			for more.Again {
				more = must(w.runner.Slice(t.Context(), f, id, run.Options{}))(t)
			}
			w.want(must(w.store.Run(t.Context(), id))(t), state.RunSucceeded, state.Counts{Read: 3, Created: 3})
			if p := w.runner.Pool.Pauses(); len(p) != 0 {
				t.Errorf("still paused: %v", p[0])
			}
		})
	}
}

// A pause is of one connection: touchpoints that do not use it go on.
func TestPauseIsOfOneConnection(t *testing.T) {
	w := newWorld(t, nil)
	w.fill(3)
	w.dst.write = func(*record.Batch, []adapters.Outcome, func() error) error {
		return &adapters.Error{Kind: adapters.Unauthorized, Op: "writing"}
	}
	must(w.runner.Slice(t.Context(), w.flow("r1"), w.start(), run.Options{}))(t)
	f, id := w.second(func(s *config.Touchpoint) { s.Destination.Connection, s.Destination.Object = "side", "side" })
	if more := must(w.runner.Slice(t.Context(), f, id, run.Options{}))(t); more.Again {
		t.Errorf("it waits %s for a connection that it does not use", more.After)
	}
	w.want(must(w.store.Run(t.Context(), id))(t), state.RunSucceeded, state.Counts{Read: 3, Created: 3})
}

// When a connection does not answer again and again, whoever asks, the others stop asking; after a while one tries, and when that
// goes well all go on.
func TestBreakerOfAConnection(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) { s.Source.Read = "full" })
	w.fill(3)
	var asked atomic.Int64
	down := true
	w.dst.write = func(_ *record.Batch, _ []adapters.Outcome, send func() error) error {
		asked.Add(1)
		if down {
			return &adapters.Error{Kind: adapters.Unavailable, Op: "writing", Rule: "cannot be reached"}
		}
		return send()
	}
	f, id := w.flow("r1"), w.start()
	for range 100 {
		more := must(w.runner.Slice(t.Context(), f, id, run.Options{}))(t)
		if len(w.runner.Pool.Pauses()) > 0 {
			break
		}
		if w.clock.add(more.After); !more.Again {
			id = w.start()
		}
	}
	if len(w.runner.Pool.Pauses()) != 1 {
		t.Fatal("nothing pauses")
	}
	second, other := w.second(nil)
	before := asked.Load()
	more := must(w.runner.Slice(t.Context(), second, other, run.Options{}))(t)
	if asked.Load() != before || !more.Again || more.After <= 0 || more.After > 5*time.Second {
		t.Errorf("asked %d times, and waits %s", asked.Load()-before, more.After)
	}
	w.clock.add(more.After) // one tries, in vain
	must(w.runner.Slice(t.Context(), second, other, run.Options{}))(t)
	if asked.Load() == before || len(w.runner.Pool.Pauses()) != 1 {
		t.Errorf("asked %d times, pauses %v", asked.Load()-before, w.runner.Pool.Pauses())
	}
	down = false
	w.clock.add(time.Minute)
	for again := true; again; {
		more := must(w.runner.Slice(t.Context(), second, other, run.Options{}))(t)
		again = more.Again
		w.clock.add(more.After)
	}
	w.want(must(w.store.Run(t.Context(), other))(t), state.RunSucceeded, state.Counts{Read: 3, Created: 3})
	if p := w.runner.Pool.Pauses(); len(p) != 0 {
		t.Errorf("still paused: %v", p[0])
	}
}
