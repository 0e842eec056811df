package cli

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/dray-sync/dray/cmd/internal/watch"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/maptest"
	"github.com/dray-sync/dray/engine/repo"
)

// watched is one state of a watched folder.
type watched struct {
	model  *config.Model // nil when there are errors
	list   diag.List
	tree   fs.FS
	commit string
}

// watch judges a folder now and whenever its content changes, and shows each state, until ctx ends. Only what changed is read again.
func (a *app) watch(ctx context.Context, dir, environment string, show func(watched) error) error {
	folder, err := watch.New(dir)
	if err != nil {
		return unreachable(err)
	}
	defer func() { _ = folder.Close() }()
	source, err := repo.OpenDirectory(dir, repo.Limits{})
	if err != nil {
		return unreachable(err)
	}
	cache, last := new(config.Cache), ""
	for {
		model, list, rev, err := a.loadWith(ctx, source, "", config.Options{Environment: environment, Cache: cache})
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			a.notef("dray: %s\n", indent(err.Error())) // the next change may mend it
			last = ""
		case rev.Commit != last:
			last = rev.Commit
			if err := show(watched{model, list, rev.Tree, rev.Commit}); err != nil {
				return err
			}
		}
		if err := folder.Wait(ctx); err != nil {
			if errors.Is(err, ctx.Err()) {
				return nil
			}
			return unreachable(err)
		}
	}
}

// headline begins what is shown of one state.
func (a *app) headline() { a.printf("--- %s\n", a.now().Format(time.TimeOnly)) }

// watchTests runs the tests again as the folder changes: those that a change can matter to.
func (a *app) watchTests(ctx context.Context, dir string, f *testFlags, match func(test, name string) bool) error {
	var tests maptest.Incremental
	return a.watch(ctx, dir, f.environment, func(w watched) error {
		a.headline()
		if w.model == nil {
			return a.writeDiagnostics(w.list, "text", dir, w.tree)
		}
		report, ran, err := tests.Run(ctx, w.model, match, a.now())
		if err != nil {
			return nil // the end
		}
		a.writeFailures(report)
		a.printf("%d passed, %d failed; %d of %s ran\n", report.Passed, report.Failed, ran, count(len(w.model.Tests), "test"))
		return nil
	})
}

// watchDiagnostics validates again as the folder changes.
func (a *app) watchDiagnostics(ctx context.Context, dir, environment string) error {
	return a.watch(ctx, dir, environment, func(w watched) error {
		a.headline()
		if err := a.writeDiagnostics(w.list, "text", dir, w.tree); err != nil {
			return err
		}
		if w.model != nil {
			a.printf("valid: %s\n", inventory(w.model))
		}
		return nil
	})
}
