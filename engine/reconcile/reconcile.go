// Package reconcile makes the agent match its repository: fetch, validate, plan, apply, and again.
//
// A revision that does not validate, or whose plan is blocked, is reported and not applied: the last good one serves on. What is
// applied is exactly what the plan shows; nothing else is compared.
package reconcile

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/plan"
	"github.com/dray-sync/dray/engine/repo"
)

// An Applier makes the agent do what a plan says.
type Applier interface {
	// Apply takes a model into use. All of it or, with an error, nothing. rev is where it comes from.
	Apply(ctx context.Context, changes plan.Changes, m *config.Model, rev *repo.Revision) error
}

// Options set a reconciler up.
type Options struct {
	Source      repo.Source
	Repository  string // how status names the source; without credentials
	Path        string // the folder in the repository that holds the configuration; empty: all of it
	Environment string
	// Load turns files into a model.
	Load func(ctx context.Context, tree *repo.Tree) (*config.Model, diag.List, error)
	// Apply takes a model into use.
	Apply Applier
	// Applied is the model in use at the start and the commit it comes from; nil and "" when there is none.
	Applied       *config.Model
	AppliedCommit string
	AllowRewrite  bool // take a commit that does not descend from the applied one
	// Interval is how often the remote is asked, give or take a tenth.
	Interval time.Duration
	Log      hclog.Logger
	Now      func() time.Time
}

// A Reconciler follows one branch. Its methods are safe for concurrent use.
type Reconciler struct {
	options Options
	wake    chan struct{}

	mu       sync.Mutex
	status   Status
	applied  *config.Model
	commit   string // of applied
	tried    string // the last commit that was attempted
	requests []string
	changed  chan struct{} // closed at every change of status
}

// New returns a reconciler that has attempted nothing yet.
func New(o Options) *Reconciler {
	r := &Reconciler{options: o, applied: o.Applied, commit: o.AppliedCommit, wake: make(chan struct{}, 1), changed: make(chan struct{})}
	r.status = Status{Repository: o.Repository, Environment: o.Environment}
	if o.Applied != nil {
		r.status.LastAppliedRevision = repo.Ref{Commit: o.AppliedCommit}.String()
		r.status.set(Ready, true, "ServingLastGood", "serving the revision applied before the restart", o.Now())
	} else {
		r.status.set(Ready, false, "Starting", "no revision was attempted yet", o.Now())
	}
	return r
}

// Run reconciles until ctx ends. Failures are reported in Status and tried again.
func (r *Reconciler) Run(ctx context.Context) error {
	for {
		r.once(ctx)
		timer := time.NewTimer(r.jittered())
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-r.wake:
			timer.Stop()
		}
	}
}

func (r *Reconciler) jittered() time.Duration {
	d := r.options.Interval
	return d - d/10 + mathrand.N(d/5+1)
}

// Request asks for a reconcile now, also of a revision that was attempted before, and returns a token to wait for.
func (r *Reconciler) Request() string {
	token := rand.Text()
	r.mu.Lock()
	r.requests = append(r.requests, token)
	r.mu.Unlock()
	r.Poke()
	return token
}

// Poke asks for a look at the remote now.
func (r *Reconciler) Poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Status returns what is known now.
func (r *Reconciler) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status.clone()
}

// Wait returns the status as soon as the request with that token, or a later one, has been handled, or ctx ends.
func (r *Reconciler) Wait(ctx context.Context, token string) (Status, error) {
	for {
		r.mu.Lock()
		pending := false
		for _, t := range r.requests {
			pending = pending || t == token
		}
		status, changed := r.status.clone(), r.changed
		r.mu.Unlock()
		if !pending {
			return status, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return status, ctx.Err()
		}
	}
}

// Changed returns a channel that is closed when the status next changes.
func (r *Reconciler) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// update changes the status, holding the lock, and tells whoever waits.
func (r *Reconciler) update(f func(*Status)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.status)
	close(r.changed)
	r.changed = make(chan struct{})
}

// once looks at the remote and works what is new, or what was asked for again.
func (r *Reconciler) once(ctx context.Context) {
	r.mu.Lock()
	asked := append([]string(nil), r.requests...)
	tried := r.tried
	r.mu.Unlock()

	result := r.attempt(ctx, tried, len(asked) > 0)
	if ctx.Err() != nil {
		return
	}
	r.update(func(s *Status) {
		r.requests = r.requests[len(asked):] // under the same lock, so that who waits sees the outcome
		if len(asked) > 0 {
			s.LastHandledRequest = asked[len(asked)-1]
		}
		if result != nil {
			result(s)
		}
	})
}

// attempt returns how the status changes; nil when nothing is new.
func (r *Reconciler) attempt(ctx context.Context, tried string, force bool) func(*Status) {
	now := r.options.Now()
	head, err := r.options.Source.Head(ctx)
	if err != nil {
		return r.fetchFailed(err)
	}
	if head.Commit == tried && !force {
		return func(s *Status) { s.set(Fetched, true, "Succeeded", "git answers", now) }
	}
	rev, err := r.options.Source.Fetch(ctx, "")
	if err != nil {
		return r.fetchFailed(err)
	}
	var commit string
	var applied *config.Model
	r.update(func(s *Status) {
		r.tried, commit, applied = rev.Commit, r.commit, r.applied
		s.set(Reconciling, true, "Progressing", "working on "+rev.String(), now)
	})
	attempted := func(result string, f func(*Status)) func(*Status) {
		return func(s *Status) {
			s.LastAttemptedRevision = rev.String()
			s.set(Fetched, true, "Succeeded", "git answers", now)
			s.Diagnostics, s.Plan = nil, nil
			f(s)
			s.set(Reconciling, false, result, s.Condition(Ready).Message, now)
			s.remember(HistoryRecord{Revision: rev.String(), At: now, Result: result, Summary: s.Condition(Ready).Message})
		}
	}
	rewritten, err := r.judgeHistory(ctx, commit, rev)
	if err != nil {
		r.tryAgain()
		r.options.Log.Warn("descent of the revision could not be found out", "revision", rev.String(), "error", err)
		return attempted("FetchFailed", func(s *Status) {
			s.set(Fetched, false, "FetchFailed", err.Error(), now)
			r.refuse(s, "FetchFailed", err.Error(), false)
		})
	}
	if rewritten != nil {
		r.options.Log.Error("revision refused", "revision", rev.String(), "error", rewritten)
		return attempted("Rewritten", func(s *Status) { r.refuse(s, "HistoryRewritten", rewritten.Error(), true) })
	}
	model, diagnostics, err := r.load(ctx, rev)
	if err != nil {
		r.tryAgain()
		r.options.Log.Error("revision could not be loaded; the last good one serves on", "revision", rev.String(), "error", err)
		return attempted("Invalid", func(s *Status) { r.refuse(s, "LoadFailed", err.Error(), false) })
	}
	if model == nil || diagnostics.HasErrors() {
		errs, _ := diagnostics.Count()
		r.options.Log.Error("revision is not valid; the last good one serves on", "revision", rev.String(), "errors", errs, "diagnostics", diagnostics.Error())
		return attempted("Invalid", func(s *Status) {
			s.Diagnostics = diagnostics
			s.set(Valid, false, "Invalid", "the first of its diagnostics: "+firstError(diagnostics), now)
			r.refuse(s, "Invalid", fmt.Sprintf("%s is not valid: see its diagnostics (%d)", rev, errs), true)
		})
	}
	return r.apply(ctx, rev, model, applied, diagnostics, attempted)
}

func (r *Reconciler) apply(ctx context.Context, rev *repo.Revision, model, applied *config.Model, warnings diag.List,
	attempted func(string, func(*Status)) func(*Status),
) func(*Status) {
	now := r.options.Now()
	changes := plan.Diff(applied, model)
	if len(changes.Blocked) > 0 {
		r.options.Log.Error("revision is blocked; the last good one serves on", "revision", rev.String(), "reasons", changes.Blocked)
		return attempted("Blocked", func(s *Status) {
			s.Diagnostics, s.Plan = warnings, &changes
			s.set(Valid, true, "Valid", "the revision is valid", now)
			r.refuse(s, "Blocked", changes.Blocked[0], true)
		})
	}
	if err := r.options.Apply.Apply(ctx, changes, model, rev); err != nil {
		r.options.Log.Error("revision could not be applied; the last good one serves on", "revision", rev.String(), "error", err)
		r.tryAgain()
		return attempted("ApplyFailed", func(s *Status) {
			s.Diagnostics, s.Plan = warnings, &changes
			s.set(Valid, true, "Valid", "the revision is valid", now)
			r.refuse(s, "ApplyFailed", err.Error(), false)
		})
	}
	r.options.Log.Info("revision applied", "revision", rev.String(), "touchpoints", len(model.Touchpoints), "changes", changes.Summary())
	r.mu.Lock()
	r.commit, r.applied = rev.Commit, model
	r.mu.Unlock()
	return attempted("Applied", func(s *Status) {
		s.LastAppliedRevision, s.LastAppliedAt = rev.String(), now
		s.Diagnostics, s.Plan = warnings, &changes
		s.set(Valid, true, "Valid", "the revision is valid", now)
		s.set(Stalled, false, "Progressing", "nothing is in the way", now)
		s.set(Ready, true, "Applied", "applied "+rev.String(), now)
	})
}

// tryAgain has the same commit attempted again at the next look.
func (r *Reconciler) tryAgain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tried = ""
}

// refuse reports a revision that is not applied. stalled: trying again is useless until the repository changes.
func (r *Reconciler) refuse(s *Status, reason, message string, stalled bool) {
	now := r.options.Now()
	s.set(Ready, false, reason, message, now)
	s.set(Stalled, stalled, reason, message, now)
}

// fetchFailed reports that git does not answer; what is applied serves on, and stays ready.
func (r *Reconciler) fetchFailed(err error) func(*Status) {
	now := r.options.Now()
	r.options.Log.Warn("git does not answer", "error", err)
	return func(s *Status) {
		s.set(Fetched, false, "FetchFailed", err.Error(), now)
		if s.LastAppliedRevision == "" {
			s.set(Ready, false, "FetchFailed", err.Error(), now)
		}
		s.remember(HistoryRecord{Revision: s.LastAttemptedRevision, At: now, Result: "FetchFailed", Summary: err.Error()})
	}
}

// judgeHistory returns why a revision that does not descend from the applied one is refused, or an error when that could not
// be found out.
func (r *Reconciler) judgeHistory(ctx context.Context, applied string, rev *repo.Revision) (rewritten, err error) {
	if applied == "" || applied == rev.Commit || r.options.AllowRewrite {
		return nil, nil
	}
	descent, err := r.options.Source.IsDescendant(ctx, applied, rev)
	switch {
	case err == nil && descent == repo.DescentYes:
		return nil, nil
	case err == nil && descent == repo.DescentNo:
		return repo.RewrittenError(r.options.Repository, applied, rev), nil
	default:
		return nil, fmt.Errorf("whether %s descends from the applied revision could not be found out: %w", rev, err)
	}
}

// load reads the files of a revision. What a repository may not contain comes as diagnostics.
func (r *Reconciler) load(ctx context.Context, rev *repo.Revision) (*config.Model, diag.List, error) {
	tree := rev.Tree
	if r.options.Path != "" {
		sub, err := tree.Sub(r.options.Path)
		if err != nil {
			return nil, nil, err
		}
		tree = sub
	}
	model, diagnostics, err := r.options.Load(ctx, tree)
	diagnostics = append(TreeDiagnostics(tree), diagnostics...)
	return model, diagnostics.Sorted(), err
}

const codeNotAllowed = "repo/not-allowed"

// Codes returns the explanation of the codes that [TreeDiagnostics] gives.
func Codes() []diag.CodeDoc {
	return []diag.CodeDoc{{
		Code: codeNotAllowed, Doc: "The repository holds something that is never read: a symbolic link, a submodule, a file that is too large, or a name that some systems cannot have.",
		Hint: "remove it, or put a plain file in its place",
	}}
}

// TreeDiagnostics returns what a repository may not contain as diagnostics.
func TreeDiagnostics(tree *repo.Tree) (l diag.List) {
	for _, p := range tree.Problems() {
		l.Add(diag.Diagnostic{Code: codeNotAllowed, Severity: diag.Error, Pos: diag.Pos{File: p.Path}, Message: p.Message, Hint: p.Hint})
	}
	return l
}

func firstError(l diag.List) string {
	for _, d := range l {
		if d.Severity != diag.Warning {
			return d.Error()
		}
	}
	return ""
}
