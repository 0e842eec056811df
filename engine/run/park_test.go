package run_test

import (
	"testing"
	"time"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// approve lets a parked run go and works the run that follows.
func (w *world) approve(r state.Run, revision string, until time.Time) state.Run {
	w.t.Helper()
	next := must(w.store.Approve(w.t.Context(), state.Approval{RunID: r.ID, Trigger: "approved", Until: until}))(w.t)
	f := w.flow(revision)
	for more := (run.More{Again: true}); more.Again; {
		more = must(w.runner.Slice(w.t.Context(), f, next.ID, run.Options{}))(w.t)
	}
	return must(w.store.Run(w.t.Context(), next.ID))(w.t)
}

func TestAParkedRunIsCountedAndApproved(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) { s.Limits.MaxCreates = &config.Limit{Count: 15} })
	w.fill(35)
	r := w.run(run.Options{})
	if r.Status != state.RunParked || r.Counts.Created != 10 {
		t.Fatalf("run ended %s with %+v", r.Status, r.Counts)
	}
	p := must(w.store.Parked(t.Context(), r.ID))(t)
	if want := (state.Wants{Created: 25}); p.Wants != want {
		t.Errorf("it waits with %+v, want %+v", p.Wants, want)
	}
	w.put("b", "not counted", 99)
	again := w.approve(r, "r1", w.clock.now().Add(time.Hour))
	if again.Status != state.RunParked || again.Counts.Created != 20 { // the last batch has one more than was shown
		t.Errorf("the approved run ended %s with %+v: %s", again.Status, again.Counts, again.Detail)
	}
	w.want(w.approve(again, "r1", w.clock.now().Add(time.Hour)), state.RunSucceeded, state.Counts{Read: 6, Created: 6})
	if _, err := w.store.Approve(t.Context(), state.Approval{RunID: r.ID, Trigger: "approved"}); err == nil {
		t.Error("a run was approved twice")
	}
}

func TestAnApprovalEnds(t *testing.T) {
	for _, tt := range []struct {
		name, revision string
		after          time.Duration
	}{{"it is too old", "r1", time.Hour}, {"another revision", "r2", 0}} {
		t.Run(tt.name, func(t *testing.T) {
			w := newSweepWorld(t, 25, func(s *config.Touchpoint) { s.Limits.MaxDeletes = nil })
			w.without("a03")
			r := w.run(run.Options{})
			if p := must(w.store.Parked(t.Context(), r.ID))(t); p.Deleted != 1 || p.Shrank {
				t.Errorf("it waits with %+v", p.Wants)
			}
			until := w.clock.now().Add(time.Hour)
			w.clock.add(tt.after)
			w.keepsAll(w.approve(r, tt.revision, until), state.RunParked, "LimitReached", 25)
		})
	}
}

func TestApprovedDeletesAreThoseThatWereShown(t *testing.T) {
	w := newSweepWorld(t, 9, nil)
	w.without("a01", "a02", "a03", "a04", "a05")
	r := w.run(run.Options{})
	if p := must(w.store.Parked(t.Context(), r.ID))(t); p.Deleted != 5 || !p.Shrank {
		t.Errorf("it waits with %+v", p.Wants)
	}
	done := w.approve(r, "r1", w.clock.now().Add(time.Hour))
	w.want(done, state.RunSucceeded, state.Counts{Read: 4, Unchanged: 4, Deleted: 5})
	// What was approved does not use up the day.
	w.without("a06")
	if r := w.run(run.Options{}); r.Counts.Deleted != 1 {
		t.Errorf("run ended %s with %+v: %s", r.Status, r.Counts, r.Detail)
	}
}

func TestAnApprovedRunThatFindsMoreParksAgain(t *testing.T) {
	w := newSweepWorld(t, 40, func(s *config.Touchpoint) { s.Limits.MaxDeletes = nil })
	w.without("a01", "a02")
	r := w.run(run.Options{})
	w.without("a03")
	w.keepsAll(w.approve(r, "r1", w.clock.now().Add(time.Hour)), state.RunParked, "LimitReached", 40)
}

func TestANewerRunStandsBeforeAnApproval(t *testing.T) {
	w := newSweepWorld(t, 40, func(s *config.Touchpoint) { s.Limits.MaxDeletes = nil })
	w.without("a01", "a02")
	r := w.run(run.Options{})
	w.run(run.Options{})
	if _, err := w.store.Approve(t.Context(), state.Approval{RunID: r.ID, Trigger: "approved"}); err == nil {
		t.Error("a run was approved after which another one ran")
	}
}
