package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// LocalRun is one run of a touchpoint here and now, without an agent.
type LocalRun struct {
	Options    Options // StateDir, Environment, Identity, Registry, Egress, AllowPaths, Log and Now count
	Files      fs.FS   // the repository, for its key ring
	Model      *config.Model
	Touchpoint string
	Revision   string
	Limit      int64                // records to read at most; 0: all
	Observe    func(n state.Counts) // hears of every committed batch; nil: nobody does
}

// Do runs the touchpoint and returns the run as it ended. Whatever happens to records is in its counts and its status; an error means
// that there was no run, or that the state failed.
func (l LocalRun) Do(ctx context.Context) (ended state.Run, err error) {
	e, err := New(l.Options)
	if err != nil {
		return state.Run{}, err
	}
	if e.store, err = e.openState(ctx, l.Files, l.Model.Repository.Metadata.Name); err != nil {
		return state.Run{}, err
	}
	defer func() { err = errors.Join(err, e.store.Close()) }()
	flow, err := run.NewFlow(l.Model, l.Touchpoint, l.Revision)
	if err != nil {
		return state.Run{}, err
	}
	t, err := e.store.EnsureTouchpoint(ctx, l.Touchpoint)
	if err != nil {
		return state.Run{}, err
	}
	if err := e.endOrphans(ctx); err != nil {
		return state.Run{}, err
	}
	r, _, err := e.store.StartRun(ctx, state.NewRun{TouchpointID: t.ID, Trigger: TriggerLocal, Revision: l.Revision})
	if err != nil {
		return state.Run{}, err
	}
	if err := l.slices(ctx, e, flow, r.ID); err != nil {
		return state.Run{}, err
	}
	return e.store.Run(context.WithoutCancel(ctx), r.ID)
}

// slices works the run to its end, or until ctx ends.
func (l LocalRun) slices(ctx context.Context, e *Engine, flow *run.Flow, id int64) error {
	runner := &run.Runner{Store: e.store, Pool: l.pool(e, l.Model), Log: e.log, Now: e.options.Now}
	if l.Observe != nil {
		runner.Observe = func(_ string, n state.Counts) { l.Observe(n) }
	}
	defer runner.Close(context.WithoutCancel(ctx))
	for {
		more, err := runner.Slice(ctx, flow, id, run.Options{Limit: l.Limit})
		if err == nil && more.Again && ctx.Err() != nil {
			return e.cancelRun(ctx, id)
		}
		if err != nil || !more.Again {
			return err
		}
		timer := time.NewTimer(more.After)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return e.cancelRun(ctx, id)
		}
	}
}

// cancelRun ends a run that was stopped.
func (e *Engine) cancelRun(ctx context.Context, id int64) error {
	return e.store.EndRun(context.WithoutCancel(ctx), id, state.RunEnd{Status: state.RunCanceled, Code: "Canceled"})
}

func (l LocalRun) pool(e *Engine, m *config.Model) *connect.Pool {
	return LocalPool(e.options, m, memory{e.store})
}

// LocalPool opens the connections of a model for commands on this machine. memory may be nil: nothing is remembered.
func LocalPool(o Options, m *config.Model, memory connect.Memory) *connect.Pool {
	log := o.Log
	if log == nil {
		log = hclog.NewNullLogger()
	}
	never := append([]string{}, o.NeverPaths...)
	if o.StateDir != "" {
		never = append(never, o.StateDir)
	}
	return connect.NewPool(connect.Options{
		Registry: o.Registry,
		Vault: &connect.Vault{
			Identity: o.Identity, RepositoryID: m.Repository.Metadata.Name, Environment: m.Environment, Use: secret.UseLocal, Memory: memory, Now: o.Now,
		},
		Egress: o.Egress, Paths: connect.NewPaths(o.AllowPaths, never...), Log: log, Now: o.Now,
		Notice: func(connection string, err error) {
			log.Warn("credential is older than the accepted one, which serves on", "connection", connection, "error", err)
		},
	})
}

// DryRun reads and maps at most limit records (0: all) from the touchpoint's start, and shows what would be written. Nothing is
// written anywhere.
func DryRun(ctx context.Context, o Options, m *config.Model, touchpoint string, limit int64, show func(run.DryRecord) error) (state.Counts, error) {
	flow, err := run.NewFlow(m, touchpoint, "")
	if err != nil {
		return state.Counts{}, err
	}
	n, err := run.Dry(ctx, flow, LocalPool(o, m, nil), o.Now, limit, show)
	if err != nil {
		return n, fmt.Errorf("touchpoint %q: %w", touchpoint, err)
	}
	return n, nil
}
