package state

import (
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestRevisionsKeepTheLastFive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := openIn(t, dir)
	ctx := t.Context()
	for n := range 8 {
		check(t, s.SaveRevision(ctx, Revision{Commit: fmt.Sprint("c", n), Digest: "d", Blob: []byte{byte(n)}}))
	}
	check(t, s.SaveRevision(ctx, Revision{Commit: "c5", Digest: "d", Blob: []byte{99}}))
	check(t, s.SaveApplied(ctx, []byte("model")))
	check(t, s.Close())
	s = openIn(t, dir)
	var got []string
	for _, r := range must(s.Revisions(ctx))(t) {
		got = append(got, fmt.Sprint(r.Commit, "=", r.Blob[0]))
	}
	if want := "[c5=99 c7=7 c6=6 c4=4 c3=3]"; fmt.Sprint(got) != want {
		t.Errorf("kept %v, want %s", got, want)
	}
	if model := must(s.LoadApplied(ctx))(t); string(model) != "model" {
		t.Errorf("applied model is %q", model)
	}
}

func TestHighWaterNeverFalls(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	raise := func(gen int64, digest string) error {
		return s.RaiseHighWater(ctx, "credential", "shop", HighWater{Generation: gen, Digest: []byte(digest)})
	}
	check(t, raise(3, "a"))
	check(t, raise(3, "a"))
	wantReason(t, raise(3, "b"), Outdated)
	wantReason(t, raise(2, "a"), Outdated)
	check(t, raise(4, "b"))
	if w := must(s.HighWater(ctx, "credential", "shop"))(t); w.Generation != 4 || string(w.Digest) != "b" {
		t.Errorf("got %+v", w)
	}
	if w := must(s.HighWater(ctx, "credential", "other"))(t); w.Generation != 0 {
		t.Errorf("got %+v for what was never seen", w)
	}
}

func TestSuspensionsEnd(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	o := options(t, filepath.Join(t.TempDir(), "state"))
	o.Now = func() time.Time { return now }
	s := must(Open(t.Context(), o))(t)
	defer s.Close() //nolint:errcheck // nothing depends on it here
	ctx := t.Context()
	check(t, s.Suspend(ctx, Suspension{TouchpointID: 1, Actor: "kim", Why: "stock-taking", Until: now.Add(time.Hour)}))
	check(t, s.Suspend(ctx, Suspension{TouchpointID: 0, Actor: "kim", Why: "move"}))
	if n := len(must(s.Suspensions(ctx))(t)); n != 2 {
		t.Errorf("%d suspensions, want 2", n)
	}
	now = now.Add(time.Hour)
	list := must(s.Suspensions(ctx))(t)
	if len(list) != 1 || list[0].TouchpointID != 0 || list[0].Why != "move" {
		t.Errorf("got %+v", list)
	}
	check(t, s.Resume(ctx, 0))
	check(t, s.Resume(ctx, 0))
	if n := len(must(s.Suspensions(ctx))(t)); n != 0 {
		t.Errorf("%d suspensions left", n)
	}
	check(t, s.SaveSetting(ctx, "x", []byte("1")))
	check(t, s.SaveSetting(ctx, "x", nil))
	if v := must(s.LoadSetting(ctx, "x"))(t); v != nil {
		t.Errorf("a removed setting is %q", v)
	}
}

func TestPruneKeepsWhatMatters(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	o := options(t, filepath.Join(t.TempDir(), "state"))
	o.Now = func() time.Time { return now }
	s := must(Open(t.Context(), o))(t)
	defer s.Close() //nolint:errcheck // nothing depends on it here
	ctx := t.Context()
	tp, f := begin(t, s, "orders")
	check(t, s.Commit(ctx, f, Commit{
		DeadLetters: []DeadLetterEntry{{KeyHash: hash(1), Trace: []TraceField{{Hash: hash(9)}}}, {KeyHash: hash(2)}},
		End:         &RunEnd{Status: RunPartial},
	}))
	list, _, err := s.DeadLetters(ctx, DeadLetterFilter{})
	check(t, err)
	check(t, s.CloseDeadLetter(ctx, list[1].ID, DeadLetterDiscarded))
	check(t, s.CloseDeadLetter(ctx, list[1].ID, DeadLetterReplayed))
	_, last := begin(t, s, "orders")
	check(t, s.Commit(ctx, last, Commit{End: &RunEnd{Status: RunEmpty}}))

	check(t, s.Prune(ctx, now))
	if runs, _, err := s.Runs(ctx, RunFilter{}); err != nil || len(runs) != 2 {
		t.Errorf("a prune of what is not old left %d runs (%v)", len(runs), err)
	}
	now = now.Add(time.Hour)
	check(t, s.Prune(ctx, now))
	runs, _, err := s.Runs(ctx, RunFilter{TouchpointID: tp.ID})
	check(t, err)
	if len(runs) != 1 || runs[0].ID != last.RunID {
		t.Errorf("left runs %+v", runs)
	}
	list, _, err = s.DeadLetters(ctx, DeadLetterFilter{Content: true})
	check(t, err)
	if len(list) != 1 || list[0].KeyHash != hash(2) || list[0].State != DeadLetterOpen {
		t.Errorf("left dead letters %+v", list)
	}
	var n int
	_, err = s.oneRow(ctx, "SELECT count(*) FROM dead_letter_hashes", nil, &n)
	check(t, err)
	if n != 0 {
		t.Errorf("%d hashes of dropped dead letters left", n)
	}
}
