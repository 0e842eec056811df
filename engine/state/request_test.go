package state

import (
	"testing"
	"time"
)

func TestRequestAndProgressOfARun(t *testing.T) {
	s := open(t)
	tp := must(s.EnsureTouchpoint(t.Context(), "orders"))(t)
	r, _, err := s.StartRun(t.Context(), NewRun{TouchpointID: tp.ID, Trigger: "resync", Request: []byte("keys")})
	check(t, err)
	if !r.Beside {
		t.Error("a run with a request is not beside the normal flow")
	}
	_, f, err := s.BeginSlice(t.Context(), r.ID)
	check(t, err)
	for _, p := range []string{"one", "two"} {
		check(t, s.Commit(t.Context(), f, Commit{Progress: []byte(p)}))
		request, progress, err := s.RunRequest(t.Context(), r.ID)
		check(t, err)
		if string(request) != "keys" || string(progress) != p {
			t.Errorf("request %q, progress %q", request, progress)
		}
	}
	normal, _ := begin(t, s, "other")
	request, _, err := s.RunRequest(t.Context(), 2)
	check(t, err)
	if request != nil {
		t.Errorf("a normal run has request %q", request)
	}
	list, _, err := s.Runs(t.Context(), RunFilter{Normal: true})
	check(t, err)
	if len(list) != 1 || list[0].TouchpointID != normal.ID {
		t.Errorf("normal runs: %+v", list)
	}
}

// TestPruneNeverStopsRuns drops history under runs that are at work.
func TestPruneNeverStopsRuns(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := options(t, t.TempDir()+"/state")
	o.Now = func() time.Time { return now }
	s := must(Open(t.Context(), o))(t)
	t.Cleanup(func() { check(t, s.Close()) })
	tp, f := begin(t, s, "orders")
	for i := range 5 {
		check(t, s.Commit(t.Context(), f, Commit{
			Ledger:      []LedgerEntry{{KeyHash: hash(i + 1), State: LedgerRejected}},
			DeadLetters: []DeadLetterEntry{{KeyHash: hash(i + 1), Kind: "Invalid"}, {KeyHash: hash(100 + i), Kind: "Invalid", Trace: []TraceField{{Path: "a", Value: "b", Hash: hash(7)}}}},
		}))
		check(t, s.Commit(t.Context(), f, Commit{Resolved: []Resolution{{KeyHash: hash(100 + i), State: DeadLetterDiscarded}}}))
	}
	check(t, s.Commit(t.Context(), f, Commit{End: &RunEnd{Status: RunPartial}}))
	ended, _, err := s.StartRun(t.Context(), NewRun{TouchpointID: tp.ID, Trigger: "replay", Request: []byte("all")})
	check(t, err)
	check(t, s.EndRun(t.Context(), ended.ID, RunEnd{Status: RunCanceled}))
	at, _, err := s.StartRun(t.Context(), NewRun{TouchpointID: tp.ID, Trigger: "resync", Request: []byte("keys")})
	check(t, err)
	_, g, err := s.BeginSlice(t.Context(), at.ID)
	check(t, err)
	work, err := begun(t, s, tp)
	check(t, err)

	now = now.Add(365 * 24 * time.Hour)
	for i := range 3 {
		check(t, s.Prune(t.Context(), now.Add(-time.Hour)))
		check(t, s.Commit(t.Context(), g, Commit{Progress: []byte{byte(i + 1)}, Ledger: []LedgerEntry{{KeyHash: hash(50 + i), State: LedgerWritten}}}))
		check(t, s.Commit(t.Context(), work, Commit{Counts: Counts{Read: 1}}))
	}
	if n := must(s.CountDeadLetters(t.Context(), tp.ID))(t); n != 5 {
		t.Errorf("%d open dead letters are left of 5", n)
	}
	if closed, _, err := s.DeadLetters(t.Context(), DeadLetterFilter{State: DeadLetterDiscarded}); err != nil || len(closed) != 0 {
		t.Errorf("closed ones are left: %d, %v", len(closed), err)
	}
	if _, err := s.Run(t.Context(), f.RunID); ReasonOf(err) != NotFound {
		t.Errorf("the run of last year: %v", err)
	}
	if request, _, err := s.RunRequest(t.Context(), ended.ID); err != nil || request != nil {
		t.Errorf("the request of a run that was dropped: %q, %v", request, err)
	}
	check(t, s.Commit(t.Context(), g, Commit{End: &RunEnd{Status: RunSucceeded}}))
	check(t, s.Commit(t.Context(), work, Commit{End: &RunEnd{Status: RunSucceeded}}))
	found, err := s.Find(t.Context(), tp.ID, hash(1))
	check(t, err)
	if len(found.Ledger) != 1 || len(found.DeadLetters) != 1 || len(found.Runs) != 0 {
		t.Errorf("a record whose run was dropped: %+v", found)
	}
}

// begun starts another run of a touchpoint.
func begun(t *testing.T, s *Store, tp Touchpoint) (Fence, error) {
	t.Helper()
	r, _, err := s.StartRun(t.Context(), NewRun{TouchpointID: tp.ID, Trigger: "manual"})
	if err != nil {
		return Fence{}, err
	}
	_, f, err := s.BeginSlice(t.Context(), r.ID)
	return f, err
}
