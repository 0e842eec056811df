package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

type runFlags struct {
	reach
	dir, environment, state string
	dry                     bool
	limit                   int64
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run TOUCHPOINT",
		Short: "Run one touchpoint here and now, without an agent",
		Long: `Reads, maps and writes until the source has no more. It keeps checkpoint and ledger in a state directory, as an
agent does. Credentials must be sealed for local use.

With --dry-run nothing is written anywhere: it prints what would be written, one JSON document a line; what
takes a route, or goes to a named destination, as {"route": …, "record": …}.

` + exitCodesHelp,
		Example: "  dray run orders --dry-run --limit 5\n  dray run orders --allow-path rw:$PWD/data",
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return a.runTouchpoint(c.Context(), &f, args[0]) },
	}
	f.reach.flags(c)
	environmentFlag(c, &f.environment)
	c.Flags().StringVar(&f.dir, "dir", ".", "the folder with the configuration")
	c.Flags().StringVar(&f.state, "state", "", "the state directory (default .dray/state in the folder)")
	c.Flags().BoolVar(&f.dry, "dry-run", false, "write nothing, and show what would be written")
	c.Flags().Int64Var(&f.limit, "limit", 0, "read so many records at most")
	return c
}

func (a *app) runTouchpoint(ctx context.Context, f *runFlags, name string) error {
	m, list, rev, err := a.load(ctx, f.dir, f.environment)
	if err != nil {
		return err
	}
	if err := a.refuse(list); err != nil {
		return err
	}
	if m.Touchpoints[name] == nil {
		return missing("touchpoint", name, keys(m.Touchpoints))
	}
	o, err := a.localOptions(f, m)
	if err != nil {
		return err
	}
	if f.dry {
		return a.dryRun(ctx, o, m, name, f.limit)
	}
	if o.Identity == nil {
		return unreachable(fmt.Errorf("there is no identity at %s to open the state with; name one with --identity", f.identityFile(f.dir)))
	}
	return a.localRun(ctx, f, o, m, rev, name)
}

func (a *app) localOptions(f *runFlags, m *config.Model) (engine.Options, error) {
	if f.state == "" {
		f.state = filepath.Join(f.dir, ".dray", "state")
	}
	if f.logLevel == "info" {
		f.logLevel = "warn" // progress and summary say the rest
	}
	o, err := a.options(&f.reach, f.dir)
	o.Environment, o.StateDir = m.Environment, f.state
	return o, err
}

func (a *app) dryRun(ctx context.Context, o engine.Options, m *config.Model, name string, limit int64) error {
	written := 0
	n, err := engine.DryRun(ctx, o, m, name, limit, func(d run.DryRecord) error {
		if d.Output != nil {
			written++
		}
		switch {
		case d.Output != nil && d.Route != "":
			a.printf(`{"route":%q,"record":%s}`+"\n", d.Route, safe(string(d.Output)))
		case d.Output != nil:
			a.printf("%s\n", safe(string(d.Output)))
		default:
			if why := reasonText(d.Reason); why != "" {
				a.notef("%s: %s\n", d.Outcome, why)
			}
		}
		return nil
	})
	if err != nil {
		return unreachable(explain(err))
	}
	a.notef("dry run: %d read, %d filtered, %d would be written, %d skipped, %d rejected, %d parked; nothing was written\n",
		n.Read, n.Filtered, written, n.Skipped, n.Rejected, n.Parked)
	if n.Rejected > 0 {
		return said(exitFailed)
	}
	return nil
}

func (a *app) localRun(ctx context.Context, f *runFlags, o engine.Options, m *config.Model, rev *repo.Revision, name string) error {
	local := engine.LocalRun{Options: o, Files: rev.Tree, Model: m, Touchpoint: name, Revision: rev.Commit, Limit: f.limit}
	done := func() {}
	if a.terminal(a.err) {
		bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(a.err), progressbar.OptionSetDescription(name),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("records"), progressbar.OptionClearOnFinish())
		local.Observe = func(n state.Counts) { _ = bar.Add64(n.Read) } // a bar that cannot be drawn stops nothing
		done = func() { _ = bar.Finish() }
	}
	begin := a.now()
	r, err := local.Do(ctx)
	done()
	if err != nil {
		return unreachable(explain(err))
	}
	a.summary(name, r, a.now().Sub(begin))
	switch r.Status {
	case state.RunSucceeded, state.RunEmpty:
		return nil
	default:
		return said(exitFailed)
	}
}

func (a *app) summary(name string, r state.Run, took time.Duration) {
	n := r.Counts
	a.printf("%s: %s in %s\n", name, r.Status, took.Round(time.Millisecond))
	a.printf("  read %d: %d created, %d updated, %d unchanged, %d filtered, %d skipped, %d rejected, %d parked, %d seen before\n",
		n.Read, n.Created, n.Updated, n.Unchanged, n.Filtered, n.Skipped, n.Rejected, n.Parked, n.Duplicates)
	if r.Code != "" {
		a.printf("  %s: %s\n", r.Code, safe(firstLine(r.Detail)))
	}
	if n.Unacknowledged > 0 {
		a.printf("  %s delivered, and writing that back failed: only this is tried again\n", count(int(n.Unacknowledged), "record"))
	}
	if n.Rejected+n.Parked > 0 {
		a.printf("  what was rejected waits, sealed, in the dead letters\n")
	}
}

func firstLine(s string) string {
	for i, c := range s {
		if c == '\n' {
			return s[:i]
		}
	}
	return s
}
