package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/plan"
	"github.com/dray-sync/dray/engine/repo"
)

// A world is a repository, a loader and an applier whose answers a test sets.
type world struct {
	mu        sync.Mutex
	head      string
	headErr   error
	fetchErr  error
	descent   repo.Descent
	descentEr error
	models    map[string]*config.Model
	invalid   map[string]bool
	loadErr   error
	applyErr  error
	fetches   int
	applied   []string
	onApply   func()
	now       time.Time
}

func newWorld() *world {
	return &world{
		head: "a", descent: repo.DescentYes, invalid: map[string]bool{}, now: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC),
		models: map[string]*config.Model{"a": model("orders"), "b": model("orders"), "c": model("invoices")},
	}
}

// model has one touchpoint that reads an object.
func model(object string) *config.Model {
	t := &config.Resource[config.Touchpoint]{Metadata: config.Metadata{Name: "flow"}, Digest: "sha256:" + object}
	t.Spec.Source.Object = object
	return &config.Model{Digest: t.Digest, Touchpoints: map[string]*config.Resource[config.Touchpoint]{"flow": t}}
}

func (w *world) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *world) Head(context.Context) (repo.Ref, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return repo.Ref{Name: "refs/heads/main", Commit: w.head}, w.headErr
}

func (w *world) Fetch(context.Context, string) (*repo.Revision, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fetches++
	if w.fetchErr != nil {
		return nil, w.fetchErr
	}
	return &repo.Revision{Commit: w.head, Branch: "main", Tree: new(repo.Tree)}, nil
}

func (w *world) IsDescendant(context.Context, string, *repo.Revision) (repo.Descent, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.descent, w.descentEr
}

func (w *world) load(context.Context, *repo.Tree) (*config.Model, diag.List, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.loadErr != nil {
		return nil, nil, w.loadErr
	}
	if w.invalid[w.head] {
		return nil, diag.List{{Code: "config/type", Severity: diag.Error, Pos: diag.Pos{File: "dray.yaml", Line: 3}, Message: "not a number"}}, nil
	}
	return w.models[w.head], nil, nil
}

func (w *world) Apply(_ context.Context, _ plan.Changes, _ *config.Model, rev *repo.Revision) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.onApply != nil {
		w.onApply()
	}
	if w.applyErr != nil {
		return w.applyErr
	}
	w.applied = append(w.applied, rev.Commit)
	return nil
}

func (w *world) options() Options {
	return Options{
		Source: w, Repository: "https://git.example/flows", Environment: "production", Load: w.load, Apply: w, Interval: time.Hour,
		Log: hclog.NewNullLogger(), Now: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.now
		},
	}
}

// expect compares conditions, written as Type=Status/Reason.
func expect(t *testing.T, s Status, want ...string) {
	t.Helper()
	for _, w := range want {
		found := slices.ContainsFunc(s.Conditions, func(c Condition) bool {
			return fmt.Sprintf("%s=%s/%s", c.Type, c.Status, c.Reason) == w
		})
		if !found {
			t.Errorf("condition %s is missing of %+v", w, s.Conditions)
		}
	}
}

func TestAppliesWhatIsNew(t *testing.T) {
	w := newWorld()
	r := New(w.options())
	expect(t, r.Status(), "Ready=False/Starting")
	var working Condition
	w.onApply = func() { working = r.Status().Condition(Reconciling) }

	r.once(t.Context())
	s := r.Status()
	expect(t, s, "Ready=True/Applied", "Fetched=True/Succeeded", "Valid=True/Valid", "Stalled=False/Progressing", "Reconciling=False/Applied")
	if s.LastAppliedRevision != "main@sha1:a" || s.LastAttemptedRevision != "main@sha1:a" || !s.LastAppliedAt.Equal(w.now) {
		t.Errorf("revisions: %+v", s)
	}
	if working.Status != "True" {
		t.Errorf("while applying: %+v", working)
	}

	r.once(t.Context()) // nothing is new
	if w.fetches != 1 || len(w.applied) != 1 || len(r.Status().History) != 1 {
		t.Errorf("without anything new: %d fetches, applied %v, history %v", w.fetches, w.applied, r.Status().History)
	}
	w.set(func() { w.head = "b" })
	r.once(t.Context())
	if diff := cmp.Diff([]string{"a", "b"}, w.applied); diff != "" {
		t.Error(diff)
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(*world)
		again  bool // the same commit is attempted again by itself
		result string
		want   []string
	}{
		"invalid":          {func(w *world) { w.invalid["b"] = true }, false, "Invalid", []string{"Ready=False/Invalid", "Valid=False/Invalid", "Stalled=True/Invalid"}},
		"blocked":          {func(w *world) { w.models["b"] = model("invoices") }, false, "Blocked", []string{"Ready=False/Blocked", "Valid=True/Valid", "Stalled=True/Blocked"}},
		"rewritten":        {func(w *world) { w.descent = repo.DescentNo }, false, "Rewritten", []string{"Ready=False/HistoryRewritten", "Stalled=True/HistoryRewritten"}},
		"descent unknown":  {func(w *world) { w.descent, w.descentEr = repo.DescentUnknown, errors.New("reset") }, true, "FetchFailed", []string{"Ready=False/FetchFailed", "Fetched=False/FetchFailed", "Stalled=False/FetchFailed"}},
		"cannot be loaded": {func(w *world) { w.loadErr = errors.New("no memory") }, true, "Invalid", []string{"Ready=False/LoadFailed", "Stalled=False/LoadFailed"}},
		"cannot apply":     {func(w *world) { w.applyErr = errors.New("disk full") }, true, "ApplyFailed", []string{"Ready=False/ApplyFailed", "Valid=True/Valid", "Stalled=False/ApplyFailed"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			r := New(w.options())
			r.once(t.Context())
			w.set(func() { w.head = "b"; c.spoil(w) })
			r.once(t.Context())
			s := r.Status()
			expect(t, s, append(c.want, "Reconciling=False/"+c.result)...)
			if s.LastAppliedRevision != "main@sha1:a" || s.LastAttemptedRevision != "main@sha1:b" || s.History[0].Result != c.result {
				t.Errorf("status: %+v", s)
			}
			if len(s.Diagnostics) > 0 != (name == "invalid") {
				t.Errorf("diagnostics: %v", s.Diagnostics)
			}
			before := w.fetches
			r.once(t.Context())
			if again := w.fetches > before; again != c.again {
				t.Errorf("attempted again: %v, want %v", again, c.again)
			}
			if diff := cmp.Diff([]string{"a"}, w.applied); diff != "" {
				t.Errorf("applied: %s", diff)
			}
			// What stood in the way goes, and a request has the same commit attempted again.
			w.set(func() {
				w.invalid, w.models["b"], w.loadErr, w.applyErr = nil, model("orders"), nil, nil
				w.descent, w.descentEr = repo.DescentYes, nil
			})
			r.Request()
			r.once(t.Context())
			expect(t, r.Status(), "Ready=True/Applied", "Stalled=False/Progressing", "Fetched=True/Succeeded", "Valid=True/Valid")
			if s := r.Status(); s.LastAppliedRevision != "main@sha1:b" || len(s.Diagnostics) > 0 {
				t.Errorf("afterwards: %+v", s)
			}
		})
	}
}

func TestFetchFailureLeavesTheAppliedRevisionReady(t *testing.T) {
	w := newWorld()
	r := New(w.options())
	w.headErr = errors.New("no route")
	r.once(t.Context())
	expect(t, r.Status(), "Ready=False/FetchFailed", "Fetched=False/FetchFailed")
	w.headErr = nil
	r.once(t.Context())
	w.set(func() { w.head, w.fetchErr = "b", errors.New("cut off") })
	r.once(t.Context())
	expect(t, r.Status(), "Ready=True/Applied", "Fetched=False/FetchFailed")
	w.set(func() { w.fetchErr = nil })
	r.once(t.Context())
	if got := r.Status().LastAppliedRevision; got != "main@sha1:b" {
		t.Errorf("after git answers again: %s", got)
	}
}

func TestRewriteIsTakenWhereAllowed(t *testing.T) {
	w := newWorld()
	o := w.options()
	o.Applied, o.AppliedCommit, o.AllowRewrite = w.models["a"], "z", true
	w.descent = repo.DescentNo
	r := New(o)
	expect(t, r.Status(), "Ready=True/ServingLastGood")
	r.once(t.Context())
	expect(t, r.Status(), "Ready=True/Applied")
}

func TestWait(t *testing.T) {
	w := newWorld()
	r := New(w.options())
	token := r.Request()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Wait(ended, token); !errors.Is(err, context.Canceled) {
		t.Errorf("before it is handled: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	s, err := r.Wait(t.Context(), token)
	if err != nil || s.LastHandledRequest != token || s.LastAppliedRevision != "main@sha1:a" {
		t.Errorf("handled: %+v, %v", s, err)
	}
	w.set(func() { w.head = "b" })
	if s, err = r.Wait(t.Context(), r.Request()); err != nil || s.LastAppliedRevision != "main@sha1:b" {
		t.Errorf("a second request: %+v, %v", s, err)
	}
	changed := r.Changed()
	r.Poke()
	<-changed
	// A request may find its commit applied by a look just before it, and then has it applied again.
	if diff := cmp.Diff([]string{"a", "b"}, slices.Compact(w.appliedSoFar())); diff != "" {
		t.Error(diff)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func (w *world) appliedSoFar() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.applied)
}

func TestTransitionTimeMovesWithTheStatusOnly(t *testing.T) {
	w := newWorld()
	r := New(w.options())
	r.once(t.Context())
	first := w.now
	w.set(func() { w.now, w.head = w.now.Add(time.Minute), "b" })
	r.once(t.Context())
	if c := r.Status().Condition(Ready); !c.LastTransitionTime.Equal(first) || c.ObservedRevision != "main@sha1:b" {
		t.Errorf("still ready: %+v", c)
	}
	w.set(func() { w.now, w.head = w.now.Add(time.Minute), "c" })
	r.once(t.Context())
	if c := r.Status().Condition(Ready); !c.LastTransitionTime.Equal(w.now) {
		t.Errorf("no longer ready: %+v", c)
	}
}

func TestHistoryIsBoundedAndMergesRepetitions(t *testing.T) {
	var s Status
	for i := range historyLength + 10 {
		s.remember(HistoryRecord{Revision: fmt.Sprint(i), Result: "Applied"})
		s.remember(HistoryRecord{Revision: fmt.Sprint(i), Result: "Applied", Summary: "again"})
	}
	if len(s.History) != historyLength || s.History[0].Revision != fmt.Sprint(historyLength+9) || s.History[0].Summary != "again" {
		t.Errorf("%d entries, the newest %+v", len(s.History), s.History[0])
	}
	kept := s.clone()
	s.remember(HistoryRecord{Revision: s.History[0].Revision, Result: "Applied", Summary: "changed"})
	if kept.History[0].Summary != "again" {
		t.Error("a copy changed with the original")
	}
}
