package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sync/errgroup"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/reconcile"
	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// Options set an agent up.
type Options struct {
	Source      repo.Source
	Repository  string // how status and messages name the source; without credentials
	Path        string // the folder in the repository that is served; empty: all of it
	Environment string
	Identity    *secret.Identity
	StateDir    string
	Registry    *adapters.Registry
	Egress      connect.Egress
	AllowPaths  []connect.AllowedPath
	NeverPaths  []string // beside the state directory: the identity's file
	// AllowRewrite takes revisions that do not descend from the applied one.
	AllowRewrite bool
	Interval     time.Duration // between looks at the remote; 0 means a minute
	Grace        time.Duration // how long a stop waits for running slices; 0 means 20 s
	Workers      int           // slices at once; 0 means 4
	Samples      SampleOptions // the zero options keep none
	Log          hclog.Logger
	Now          func() time.Time // nil means time.Now
	// Use is for whom the credentials are that may be opened. Empty: for agents.
	Use secret.Use
	// Ring seals the state in place of the repository's key ring, for a state that is thrown away. nil: the repository's.
	Ring *secret.Ring
	// ObserveOnly runs every touchpoint in the mode observe, whatever it says: nothing is written to any application.
	ObserveOnly bool
	// Judge judges a valid model further. With an error among what it says the model is not applied. nil: nothing more is judged.
	Judge func(ctx context.Context, m *config.Model) diag.List
	// Ended hears of every run that ended, with all its counts. nil: nobody does. It must not block.
	Ended func(touchpoint string, status state.RunStatus, code string, counts state.Counts)
	// Serve are the surfaces: each runs until its context ends. They start when the state is open.
	Serve []func(ctx context.Context, e *Engine) error
}

// An Engine is an agent. Make one with New; Run may be called once. Its other methods are safe for concurrent use while Run runs.
type Engine struct {
	options    Options
	log        hclog.Logger
	identity   *secret.Identity
	store      *state.Store
	queue      *state.Queue
	pool       *connect.Pool
	runner     *run.Runner
	reconciler *reconcile.Reconciler
	cache      *config.Cache
	metrics    *metrics
	current    atomic.Pointer[generation]
	replan     chan struct{} // the schedule must be computed anew
	samples    sampler
	outdated   sync.Map // conditions by the connection whose credential went back
}

// New returns an agent that has touched nothing yet.
func New(o Options) (*Engine, error) {
	switch {
	case o.Identity == nil:
		return nil, errors.New("an agent needs an identity")
	case o.Environment == "":
		return nil, errors.New("an agent serves one environment; name it with --environment")
	case o.StateDir == "":
		return nil, errors.New("an agent needs a state directory; name it with --state")
	case o.Samples.Number < 0 || o.Samples.Number > MaxSamples:
		return nil, fmt.Errorf("an agent keeps from 0 to %d samples of a touchpoint, and not %d", MaxSamples, o.Samples.Number)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Interval <= 0 {
		o.Interval = time.Minute
	}
	if o.Grace <= 0 {
		o.Grace = 20 * time.Second
	}
	return &Engine{
		options: o, log: o.Log, identity: o.Identity, cache: new(config.Cache), metrics: newMetrics(), replan: make(chan struct{}, 1),
	}, nil
}

// Run works until ctx ends: then it stops scheduling, lets running slices finish within the grace, and closes everything in
// reverse order of opening. An error means that it could not start or that the state failed.
func (e *Engine) Run(ctx context.Context) (err error) {
	restored, err := e.start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.stop(context.WithoutCancel(ctx))) }()
	e.reconciler = reconcile.New(e.reconcileOptions(restored))
	if err := e.queue.Start(context.WithoutCancel(ctx), (*handler)(e)); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return e.reconciler.Run(ctx) })
	g.Go(func() error { return e.schedule(ctx) })
	g.Go(func() error { return e.maintain(ctx) })
	for _, serve := range e.options.Serve {
		g.Go(func() error { return serve(ctx, e) })
	}
	return g.Wait()
}

// start opens the state with what git or the last run left, and prepares everything that needs it.
func (e *Engine) start(ctx context.Context) (*generation, error) {
	files, repositoryID, err := e.firstLook(ctx)
	if err != nil {
		return nil, err
	}
	if e.store, err = e.openState(ctx, files, repositoryID); err != nil {
		return nil, err
	}
	if err := e.prepare(ctx, repositoryID); err != nil {
		return nil, errors.Join(err, e.store.Close())
	}
	restored, err := e.restore(ctx)
	if err != nil {
		return nil, errors.Join(err, e.store.Close())
	}
	return restored, nil
}

func (e *Engine) prepare(ctx context.Context, repositoryID string) error {
	e.pool = connect.NewPool(connect.Options{
		Registry: e.options.Registry,
		Vault: &connect.Vault{
			Identity: e.identity, RepositoryID: repositoryID, Environment: e.options.Environment, Use: cmp.Or(e.options.Use, secret.UseAgent),
			Memory: memory{e.store}, Now: e.options.Now,
		},
		Egress: e.options.Egress,
		Paths:  connect.NewPaths(e.options.AllowPaths, append([]string{e.options.StateDir}, e.options.NeverPaths...)...),
		Log:    e.log, Now: e.options.Now, Notice: e.noticeCredential,
	})
	e.runner = &run.Runner{Store: e.store, Pool: e.pool, Log: e.log.Named("run"), Now: e.options.Now, Observe: e.metrics.observe, Ended: e.ended}
	if e.options.Samples.Number > 0 {
		e.runner.Sample = e.keepSamples
	}
	e.metrics.registry.MustRegister(&stateCollector{e})
	if err := e.endOrphans(ctx); err != nil {
		return err
	}
	var err error
	e.queue, err = e.store.NewQueue(state.QueueOptions{Workers: e.options.Workers})
	return err
}

// endOrphans ends runs that a command on this machine began and did not finish.
func (e *Engine) endOrphans(ctx context.Context) error {
	runs, err := e.store.ActiveRuns(ctx, 0)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if r.Trigger == TriggerLocal {
			if err := e.store.EndRun(ctx, r.ID, state.RunEnd{Status: state.RunCanceled, Code: "Interrupted"}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) noticeCredential(connection string, err error) {
	e.log.Warn("credential is older than the accepted one, which serves on", "connection", connection, "reason", reasonOutdated, "error", err)
	e.outdated.Store(connection, reconcile.Condition{
		Type: reconcile.Decrypted, Status: "False", Reason: reasonOutdated, Message: fmt.Sprintf("connection %q: %s", connection, err), LastTransitionTime: e.options.Now(),
	})
}

// reasonOutdated is why a credential of the repository is not the one in use.
const reasonOutdated = "CredentialOutdated"

// stop closes everything in reverse order of opening.
func (e *Engine) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, e.options.Grace)
	defer cancel()
	begin := e.options.Now()
	err := e.queue.Stop(ctx)
	e.log.Info("queue drained", "took", e.options.Now().Sub(begin).Round(time.Millisecond))
	e.runner.Close(ctx)
	err = errors.Join(err, e.store.Close())
	e.log.Info("stopped", "took", e.options.Now().Sub(begin).Round(time.Millisecond))
	return err
}

// firstLook fetches the repository once, for its identity and key ring. When git does not answer, or the newest revision does not say
// which repository it is, but the state directory knows both, files is nil and the agent starts all the same.
func (e *Engine) firstLook(ctx context.Context) (files fs.FS, repositoryID string, err error) {
	files, repositoryID, err = e.lookAt(ctx)
	if err == nil {
		return files, repositoryID, nil
	}
	if id := e.rememberedRepository(); id != "" {
		e.log.Warn("the repository cannot be read; starting with what was applied last", "error", err)
		return nil, id, nil
	}
	return nil, "", err
}

// lookAt fetches the repository and finds out which one it is.
func (e *Engine) lookAt(ctx context.Context) (files fs.FS, repositoryID string, err error) {
	rev, err := e.options.Source.Fetch(ctx, "")
	if err != nil {
		return nil, "", err
	}
	tree := rev.Tree
	if e.options.Path != "" {
		if tree, err = tree.Sub(e.options.Path); err != nil {
			return nil, "", err
		}
	}
	id, err := FindRepositoryID(tree)
	if err != nil {
		return nil, "", err
	}
	return tree, id, nil
}

func (e *Engine) reconcileOptions(restored *generation) reconcile.Options {
	o := reconcile.Options{
		Source: e.options.Source, Repository: e.options.Repository, Path: e.options.Path, Environment: e.options.Environment,
		Load: e.load, Apply: e, AllowRewrite: e.options.AllowRewrite, Interval: e.options.Interval, Log: e.log.Named("reconcile"), Now: e.options.Now,
	}
	if restored != nil {
		o.Applied, o.AppliedCommit = restored.model, restored.commit
	}
	return o
}

func (e *Engine) load(ctx context.Context, tree *repo.Tree) (*config.Model, diag.List, error) {
	m, list, err := config.Load(ctx, tree, config.Options{Environment: e.options.Environment, Registry: e.options.Registry, Cache: e.cache, Compile: mapping.Check})
	if err != nil || m == nil || e.options.Judge == nil {
		return m, list, err
	}
	return m, append(list, e.options.Judge(ctx, m)...).Sorted(), nil
}

// use makes a generation the current one.
func (e *Engine) use(g *generation) {
	e.current.Store(g)
	e.outdated.Clear()
	e.metrics.applied(g)
	select {
	case e.replan <- struct{}{}:
	default:
	}
}

// acceptRing takes a newer key ring of the repository into use.
func (e *Engine) acceptRing(ctx context.Context, m *config.Model) error {
	if e.options.Ring != nil {
		return nil
	}
	r, ok := m.KeyRings[e.options.Environment]
	if !ok {
		return fmt.Errorf("the repository has no key ring for environment %q any more", e.options.Environment)
	}
	file, err := secret.ParseRing(r.Spec.Raw)
	if err != nil {
		return err
	}
	if file.Digest() == e.store.Ring().File().Digest() {
		return nil
	}
	facts, err := e.store.RingFacts(ctx)
	if err != nil {
		return err
	}
	ring, err := e.openRing(r.Spec.Raw, facts)
	if err != nil {
		return err
	}
	if err := e.store.AcceptRing(ctx, ring); err != nil {
		return err
	}
	doc, err := file.Encode()
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(e.options.StateDir, ringCopy), doc)
}
