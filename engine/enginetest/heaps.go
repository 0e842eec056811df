package enginetest

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine"
	"github.com/dray-sync/dray/engine/reconcile"
	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/secret"
)

// Heaps has an agent reconcile a repository in which another resource changes with every revision, and a revision now and then is broken. It
// returns the bytes of the live heap of this process after so many revisions, in the order of after, which must rise. dir is an empty
// folder for the repository and the agent's state; registry holds the adapters rest and sqlite.
func Heaps(ctx context.Context, registry *adapters.Registry, dir string, after ...int) ([]uint64, error) {
	if len(after) == 0 || after[0] < 1 || !slices.IsSorted(after) {
		return nil, fmt.Errorf("the numbers of revisions %v do not rise from 1", after)
	}
	identity, err := secret.GenerateAgent(secret.Classic)
	if err != nil {
		return nil, err
	}
	r, err := newRepository(filepath.Join(dir, "repository"), identity.Public().Recipient)
	if err != nil {
		return nil, err
	}
	source, err := repo.OpenDirectory(r.dir, repo.Limits{})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var heaps []uint64
	agent, err := engine.New(engine.Options{
		Source: source, Repository: "changing", Environment: environment, Identity: identity, StateDir: filepath.Join(dir, "state"),
		Registry: registry, Interval: 24 * time.Hour,
		Serve: []func(context.Context, *engine.Engine) error{func(ctx context.Context, e *engine.Engine) (err error) {
			defer stop()
			heaps, err = follow(ctx, e, r, after)
			return err
		}},
	})
	if err != nil {
		return nil, err
	}
	return heaps, agent.Run(ctx)
}

// follow changes the repository, waits for the agent to be done with it, and looks at the heap when it is time to.
func follow(ctx context.Context, e *engine.Engine, r *repository, after []int) (heaps []uint64, err error) {
	applied, err := reconciled(ctx, e, "Applied") // what the repository begins with
	if err != nil {
		return nil, err
	}
	for n := range after[len(after)-1] {
		want, err := r.change(n)
		if err != nil {
			return nil, err
		}
		before := applied
		if applied, err = reconciled(ctx, e, want); err != nil {
			return nil, fmt.Errorf("change %d: %w", n, err)
		}
		if (applied != before) != (want == "Applied") {
			return nil, fmt.Errorf("change %d: the agent serves %s after %s, and the change should be %s", n, applied, before, want)
		}
		if slices.Contains(after, n+1) {
			heaps = append(heaps, liveHeap())
		}
	}
	return heaps, nil
}

// reconciled has the agent look at the repository, holds that this has the result wanted, and returns the revision that is served.
func reconciled(ctx context.Context, e *engine.Engine, want string) (applied string, err error) {
	status, err := e.WaitStatus(ctx, e.Reconcile())
	if err != nil {
		return "", err
	}
	if got := status.Condition(reconcile.Ready); got.Reason != want {
		return "", fmt.Errorf("the agent says %s and not %s: %s %w", got.Reason, want, got.Message, status.Diagnostics)
	}
	return status.LastAppliedRevision, nil
}

// liveHeap returns the bytes of the heap that are in use. What has a finalizer, or lies in a pool, is collected the second time.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
