package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/plan"
)

// planOptions are the flags of dray plan.
type planOptions struct {
	dir, environment, output string
	from, to                 string
	fromSaid, detailed       bool
	samples                  bool
	agent                    client
}

func (a *app) planCommand() *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan [DIR]",
		Short: "Say what a change does to the flows and to what they remember",
		Long: `Compares two revisions of a repository, for every environment. What the plan does not show, the agent does not do.
It needs no keys and, without --agent, no network.

It starts from where the work at hand left the default branch of the remote (origin/HEAD, else origin/main or
origin/master), and goes to the files in the folder, as they lie there: what a pull request of them would change.
Where there is no remote it starts from HEAD. With --from it starts from exactly that revision. In CI, fetch enough
history for that (fetch-depth: 0), or say --from with the commit that was there before the push. With --agent it
starts from the revision which that agent has applied, and says besides what the agent holds: checkpoints, ledgers,
dead letters, runs under way. With --samples that agent maps the pseudonymised samples it keeps by the old and the new
configuration, and answers with counts and names of fields.

` + exitCodesHelp + `
  4  there are changes; only with --detailed-exitcode

Changes that an agent would refuse, because they drop state without the permission to, end with 2 in any case.
The form of --output json is described in docs/plan.schema.json; --output markdown is fit for a comment on a pull
request. docs/plan.md explains all of it.`,
		Example: "  dray plan\n  dray plan --from main --to my-branch --output markdown\n  dray plan --agent /var/lib/dray/agent.sock",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir, o.fromSaid = folder(args), c.Flags().Changed("from")
			report, err := a.plan(c.Context(), &o)
			if err != nil {
				return err
			}
			return a.showPlan(report, &o)
		},
	}
	environmentFlagAll(c, &o.environment)
	outputFlag(c, &o.output, "text", "markdown", "json")
	c.Flags().StringVar(&o.from, "from", "", "the revision to start from (default where the work left the remote's default branch); empty: nothing is there yet")
	c.Flags().StringVar(&o.to, "to", "", "the revision to go to; empty: the files in the folder")
	c.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "end with 4 when there are changes")
	c.Flags().StringVar(&o.agent.agent, "agent", "", "an agent to compare with: the path of its unix socket, or an http(s) URL")
	o.agent.tokenFlag(c)
	c.Flags().BoolVar(&o.samples, "samples", false, "have --agent try the revision --to on the samples it keeps, and say how many come out differently")
	return c
}

// environmentFlagAll adds --environment to a command that works on all of them otherwise.
func environmentFlagAll(c *cobra.Command, into *string) {
	c.Flags().StringVarP(into, "environment", "e", "", "only this environment; unsaid: all of them")
}

func (a *app) showPlan(r plan.Report, o *planOptions) (err error) {
	switch o.output {
	case "json":
		err = a.json(r)
	case "markdown":
		err = r.WriteMarkdown(a.out)
	default:
		err = r.WriteText(a.out, a.style())
	}
	switch {
	case err != nil:
		return err
	case r.Blocked():
		return said(exitInvalid)
	case o.detailed && !r.Empty():
		return said(exitChanges)
	}
	return nil
}

// plan compares what the options say.
func (a *app) plan(ctx context.Context, o *planOptions) (plan.Report, error) {
	if o.samples && (o.agent.agent == "" || o.to == "") {
		return plan.Report{}, invalid(errors.New("--samples needs --agent, and --to with a revision that was pushed: the agent takes it from the repository itself"))
	}
	var agent *agentState
	if o.agent.agent != "" {
		var err error
		if agent, err = a.askState(ctx, o); err != nil {
			return plan.Report{}, err
		}
	}
	before, after, err := a.planSides(ctx, o)
	if err != nil {
		return plan.Report{}, err
	}
	r := plan.Report{Version: plan.ReportVersion, From: before.revision, To: after.revision, Environments: []plan.Changes{}, Findings: plan.NewFindings(before.list, after.list)}
	for _, name := range keys(after.models) {
		r.Environments = append(r.Environments, plan.Diff(before.models[name], after.models[name]))
	}
	for _, name := range keys(before.models) {
		if after.models[name] == nil {
			r.Gone = append(r.Gone, name)
		}
	}
	a.addAuthors(ctx, before, after, &r)
	if agent != nil {
		agent.add(&r)
	}
	if o.samples {
		err = a.addSamples(ctx, o, &r)
	}
	return r, err
}

// style paints a plan for a terminal.
func (a *app) style() plan.Style {
	if !a.colour(a.out) {
		return plan.Style{}
	}
	paint := func(code string) func(string) string {
		return func(s string) string { return "\x1b[" + code + "m" + s + "\x1b[0m" }
	}
	return plan.Style{Added: paint("32"), Removed: paint("31"), Changed: paint("33"), Bold: paint("1")}
}
