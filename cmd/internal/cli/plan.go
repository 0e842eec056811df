package cli

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/plan"
	"github.com/dray-sync/dray/engine/repo"
)

func (a *app) planCommand() *cobra.Command {
	var environment, output, from, to string
	var detailed bool
	c := &cobra.Command{
		Use:   "plan [DIR]",
		Short: "Say what a change does to the flows and to what they remember",
		Long: `Compares two revisions of a repository: by default HEAD with the files in the folder. What the plan does
not show, the agent does not do. It needs no keys and no network.

` + exitCodesHelp + `
  4  there are changes; only with --detailed-exitcode`,
		Example: "  dray plan\n  dray plan --from main --to my-branch --output json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			changes, err := a.plan(c.Context(), folder(args), environment, from, to)
			if err != nil {
				return err
			}
			if output == "json" {
				err = a.json(changes)
			} else {
				err = changes.WriteText(a.out, a.style())
			}
			switch {
			case err != nil:
				return err
			case len(changes.Blocked) > 0:
				return said(exitInvalid)
			case detailed && !changes.Empty():
				return said(exitChanges)
			}
			return nil
		},
	}
	environmentFlag(c, &environment)
	outputFlag(c, &output, "text", "json")
	c.Flags().StringVar(&from, "from", "HEAD", "the revision to start from; empty: nothing is there yet")
	c.Flags().StringVar(&to, "to", "", "the revision to go to; empty: the files in the folder")
	c.Flags().BoolVar(&detailed, "detailed-exitcode", false, "end with 4 when there are changes")
	return c
}

func (a *app) plan(ctx context.Context, dir, environment, from, to string) (plan.Changes, error) {
	before, err := a.at(ctx, dir, from, environment)
	if err != nil {
		return plan.Changes{}, err
	}
	var after *config.Model
	if to == "" {
		after, err = a.valid(ctx, dir, environment)
	} else {
		after, err = a.at(ctx, dir, to, environment)
	}
	if err != nil {
		return plan.Changes{}, err
	}
	return plan.Diff(before, after), nil
}

// at loads a revision of the git repository in a folder. An empty revision is nothing.
func (a *app) at(ctx context.Context, dir, rev, environment string) (*config.Model, error) {
	if rev == "" {
		return nil, nil
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, unreachable(err)
	}
	source, err := repo.Open(repo.Options{URL: path})
	if err != nil {
		return nil, unreachable(errors.Join(err, errors.New("a plan compares revisions of a git repository; where there is none yet, say --from ''")))
	}
	model, list, _, err := a.loadFrom(ctx, source, rev, environment)
	if err != nil {
		return nil, err
	}
	return model, a.refuse(list)
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
