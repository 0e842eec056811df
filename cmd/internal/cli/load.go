package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/reconcile"
	"github.com/dray-sync/dray/engine/repo"
)

// environmentFlag adds --environment.
func environmentFlag(c *cobra.Command, into *string) {
	c.Flags().StringVarP(into, "environment", "e", "", "the environment; may be left out where the repository has only one")
}

// folder returns the folder that a command works on: its argument, or the working directory.
func folder(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return "."
}

// load reads and judges the configuration in a folder.
func (a *app) load(ctx context.Context, dir, environment string) (*config.Model, diag.List, *repo.Revision, error) {
	source, err := repo.OpenDirectory(dir, repo.Limits{})
	if err != nil {
		return nil, nil, nil, unreachable(err)
	}
	return a.loadFrom(ctx, source, "", environment)
}

// loadGCPercent keeps the memory of a load near what it has to hold: loads make much garbage, and CI machines are small. Of 10,000 resources it
// takes a sixth more of processor time than 30 would, and a twelfth less of memory.
const loadGCPercent = 20

// loadFrom reads and judges one revision of a source.
func (a *app) loadFrom(ctx context.Context, source repo.Source, rev, environment string) (*config.Model, diag.List, *repo.Revision, error) {
	return a.loadWith(ctx, source, rev, config.Options{Environment: environment})
}

// loadWith is loadFrom with options of the caller's.
func (a *app) loadWith(ctx context.Context, source repo.Source, rev string, o config.Options) (*config.Model, diag.List, *repo.Revision, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(loadGCPercent))
	r, err := source.Fetch(ctx, rev)
	if err != nil {
		return nil, nil, nil, unreachable(err)
	}
	o.Registry, o.Compile, o.Now = a.registry, mapping.Check, a.now()
	model, list, err := config.Load(ctx, r.Tree, o)
	if err != nil {
		return nil, nil, nil, unreachable(err)
	}
	return model, append(reconcile.TreeDiagnostics(r.Tree), list...).Sorted(), r, nil
}

// loadLive judges the configuration with a live object in place of the committed one.
func (a *app) loadLive(ctx context.Context, k *connections, live config.Object) (diag.List, error) {
	source, err := repo.OpenDirectory(k.dir, repo.Limits{})
	if err != nil {
		return nil, unreachable(err)
	}
	_, list, _, err := a.loadWith(ctx, source, "", config.Options{Environment: k.environment, Objects: []config.Object{live}})
	return list, err
}

// valid reads the configuration in a folder and refuses it with all its diagnostics when there is an error among them.
func (a *app) valid(ctx context.Context, dir, environment string) (*config.Model, error) {
	model, list, _, err := a.load(ctx, dir, environment)
	if err != nil {
		return nil, err
	}
	return model, a.refuse(list)
}

// refuse writes diagnostics and ends the command when there is an error among them.
func (a *app) refuse(list diag.List) error {
	if !list.HasErrors() {
		return nil
	}
	a.notef("%s\n", safeLines(list.Error()))
	errs, _ := list.Count()
	return invalid(fmt.Errorf("the configuration has %s", count(errs, "error")))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// missing says that a name does not exist, and which was perhaps meant.
func missing(kind, name string, names []string) error {
	text := fmt.Sprintf("%s %q does not exist", kind, name)
	if n := diag.Nearest(name, names); n != "" {
		text += fmt.Sprintf("; did you mean %q?", n)
	}
	return invalid(errors.New(text))
}
