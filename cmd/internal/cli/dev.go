package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/cmd/internal/watch"
	"github.com/dray-sync/dray/engine"
	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/maptest"
	"github.com/dray-sync/dray/engine/reconcile"
	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

type devFlags struct {
	reach
	environment, state, socket string
	live                       bool
}

func (a *app) devCommand() *cobra.Command {
	var f devFlags
	c := &cobra.Command{
		Use:   "dev [DIR]",
		Short: "Run an agent on a folder, and reload, test and plan as files change",
		Long: `An agent for the one who writes the configuration. On each change it validates, runs the mapping tests that the
change matters to, prints what the change does, and takes it into use if all is well; else what was good serves on.

It reads from the connections and maps, and writes nothing to them: every touchpoint is in the mode observe,
whatever it says. With --live touchpoints write as they say.

Its state is thrown away when it ends, so that each start begins where a new agent would; no key is needed for it.
With --state it is kept in a folder, sealed with the environment's key ring. A record that was only observed counts
as seen: it is not sent when the same state goes live. Credentials must be sealed for local use.

` + exitCodesHelp,
		Example: "  dray dev\n  dray dev ./integrations --allow-path ro:$PWD/data\n  dray dev --live --state .dray/dev",
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return a.dev(c.Context(), folder(args), &f) },
	}
	f.reach.flags(c)
	environmentFlag(c, &f.environment)
	fl := c.Flags()
	fl.StringVar(&f.state, "state", "", "the folder that keeps the state (default none: it is thrown away)")
	fl.StringVar(&f.socket, "socket", "", "the unix socket for dray get and others (default STATE/agent.sock)")
	fl.BoolVar(&f.live, "live", false, "write to connections as the touchpoints say")
	return c
}

func (a *app) dev(ctx context.Context, dir string, f *devFlags) (err error) {
	changes, err := watch.New(dir)
	if err != nil {
		return unreachable(err)
	}
	defer func() { _ = changes.Close() }()
	source, err := repo.OpenDirectory(dir, repo.Limits{})
	if err != nil {
		return unreachable(err)
	}
	d := &dev{app: a, dir: dir, flags: f, changes: changes, source: source}
	environment, err := d.firstGood(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	o, end, err := d.options(environment)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	return runEngine(ctx, o)
}

// A dev is one dray dev at work.
type dev struct {
	*app
	dir     string
	flags   *devFlags
	changes *watch.Folder
	source  repo.Source
	last    string // the revision that was shown last
	tree    fs.FS  // of the revision that was found last

	mu    sync.Mutex // of what follows, and of the output
	tests maptest.Incremental
	said  string // what the tests of the revision at work have to say
}

// firstGood returns the environment to serve, as soon as the folder says so: an agent cannot start from a folder with mistakes.
func (d *dev) firstGood(ctx context.Context) (environment string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err = d.watch(ctx, d.dir, d.flags.environment, func(w watched) error {
		if w.model == nil {
			d.headline()
			return d.writeDiagnostics(w.list, "text", d.dir, w.tree)
		}
		environment, d.last, d.tree = w.model.Environment, w.commit, w.tree
		cancel()
		return nil
	})
	if err == nil && environment == "" && ctx.Err() == nil {
		err = invalid(errors.New("the repository has no environment to serve; add one under spec.environments of dray.yaml"))
	}
	return environment, err
}

// options are those of the agent. end removes what is thrown away.
func (d *dev) options(environment string) (o engine.Options, end func() error, err error) {
	if o, err = d.app.options(&d.flags.reach, d.dir); err != nil {
		return o, nil, err
	}
	end = func() error { return nil }
	o.StateDir = d.flags.state
	switch {
	case o.StateDir == "":
		if o.StateDir, err = os.MkdirTemp("", "dray-dev-"); err != nil {
			return o, nil, unreachable(err)
		}
		dir := o.StateDir
		end = func() error { return os.RemoveAll(dir) }
		if err = d.throwAway(&o, environment); err != nil {
			return o, nil, errors.Join(failed(err), end())
		}
	case o.Identity == nil:
		return o, nil, unreachable(fmt.Errorf("there is no identity at %s to open the state with; name one with --identity, or leave --state out", d.flags.identityFile(d.dir)))
	}
	if d.flags.socket == "" {
		d.flags.socket = filepath.Join(o.StateDir, "agent.sock")
	}
	o.Source, o.Repository, o.Environment, o.Interval, o.Use = d.source, d.dir, environment, time.Hour, secret.UseLocal
	o.ObserveOnly, o.Judge, o.Ended = !d.flags.live, d.judge, d.ended
	o.Log = d.log(o.Log)
	o.Serve = []func(context.Context, *engine.Engine) error{d.follow, func(ctx context.Context, e *engine.Engine) error {
		l, err := api.ListenUnix(d.flags.socket)
		if err != nil {
			return err
		}
		return api.Serve(ctx, l, api.New(e, version))
	}}
	return o, end, nil
}

// throwAway gives the state a key of its own, and the agent an identity where it has none.
func (d *dev) throwAway(o *engine.Options, environment string) (err error) {
	if o.Identity == nil {
		if o.Identity, err = secret.GenerateAgent(secret.Hybrid); err != nil {
			return err
		}
	}
	o.Ring, err = secret.CreateRing(environment, []secret.Recipient{o.Identity.Public().Recipient}, d.now())
	return err
}

// log leaves out what is shown anyway.
func (d *dev) log(l hclog.Logger) hclog.Logger {
	level := l.GetLevel()
	if d.flags.logLevel == "info" {
		level = hclog.Warn
	}
	return hclog.New(&hclog.LoggerOptions{
		Name: "dray", Level: level, Output: d.app.err, JSONFormat: d.flags.logJSON,
		Exclude: func(_ hclog.Level, message string, _ ...any) bool { return strings.HasPrefix(message, "revision ") },
	})
}

// judge runs the tests that a change matters to. Those that fail keep it from being used.
func (d *dev) judge(ctx context.Context, m *config.Model) diag.List {
	d.mu.Lock()
	defer d.mu.Unlock()
	report, ran, err := d.tests.Run(ctx, m, nil, d.now())
	if err != nil {
		return nil // the end
	}
	d.said = fmt.Sprintf("tests: %d passed, %d failed; %d of %s ran", report.Passed, report.Failed, ran, count(len(m.Tests), "test"))
	return report.Diagnostics()
}

// follow shows what becomes of each change, until ctx ends.
func (d *dev) follow(ctx context.Context, e *engine.Engine) error {
	d.greet(e)
	status := attempted(ctx, e)
	for ctx.Err() == nil {
		d.show(status)
		if err := d.change(ctx); err != nil {
			if ctx.Err() != nil {
				break
			}
			return err
		}
		status, _ = e.WaitStatus(ctx, e.Reconcile())
	}
	return nil
}

// greet says what runs, and what it may do.
func (d *dev) greet(e *engine.Engine) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.printf("agent on %s, environment %s; ask it: dray get status --agent %s\n", d.dir, e.Status().Environment, d.flags.socket)
	if d.flags.live {
		d.printf("LIVE: touchpoints write to their connections as they say\n")
	} else {
		d.printf("nothing is written to any connection; --live writes\n")
	}
}

// attempted returns the status once a first revision was tried.
func attempted(ctx context.Context, e *engine.Engine) reconcile.Status {
	for {
		changed := e.Changed()
		s := e.Status()
		if s.Condition(reconcile.Fetched).Status != "" && s.Condition(reconcile.Reconciling).Status != "True" {
			return s
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return s
		}
	}
}

// change returns when the folder's content is another, or with an error.
func (d *dev) change(ctx context.Context) error {
	for {
		if err := d.changes.Wait(ctx); err != nil {
			return err
		}
		rev, err := d.source.Fetch(ctx, "")
		if err != nil {
			return nil // the agent says so
		}
		if d.tree = rev.Tree; rev.Commit != d.last {
			d.last = rev.Commit
			return nil
		}
	}
}

// show says what became of a revision.
func (d *dev) show(s reconcile.Status) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.headline()
	if len(s.Diagnostics) > 0 {
		_ = d.writeDiagnostics(s.Diagnostics, "text", d.dir, d.tree)
	}
	if d.said != "" {
		d.printf("%s\n", d.said)
		d.said = ""
	}
	if s.Plan != nil && !s.Plan.Empty() {
		_ = s.Plan.WriteText(d.out, d.style())
	}
	switch ready := s.Condition(reconcile.Ready); {
	case ready.Status == "True":
		d.printf("applied\n")
	case s.LastAppliedRevision != "":
		d.printf("not applied, what was good serves on: %s\n", safeLines(ready.Message))
	default:
		d.printf("not applied: %s\n", safeLines(ready.Message))
	}
}

// ended says how a run went.
func (d *dev) ended(touchpoint string, status state.RunStatus, code string, n state.Counts) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if status == state.RunEmpty {
		return
	}
	wrote := fmt.Sprintf("%d created, %d updated, %d unchanged, %d skipped", n.Created, n.Updated, n.Unchanged, n.Skipped)
	if !d.flags.live {
		wrote = fmt.Sprintf("%d observed", n.Skipped)
	}
	d.printf("run of %s: %s; read %d: %s, %d filtered, %d rejected, %d parked%s\n", touchpoint, status, n.Read, wrote, n.Filtered, n.Rejected, n.Parked, suffix(" ", code))
}

// suffix returns a text behind a mark; nothing where there is no text.
func suffix(mark, text string) string {
	if text == "" {
		return ""
	}
	return mark + text
}
