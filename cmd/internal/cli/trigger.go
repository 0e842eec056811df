package cli

import (
	"errors"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/api"
)

func (a *app) triggerCommand() *cobra.Command {
	var k client
	var where, reason, output string
	var keep bool
	c := &cobra.Command{
		Use: "trigger TOUCHPOINT", Short: "Run a touchpoint now", Args: cobra.ExactArgs(1),
		Long: `Starts a run on the agent; one that is under way is named instead.

With --where it reads once from the touchpoint's start, with this condition in place of the touchpoint's own. What was
delivered already is not sent again. The checkpoint stays where it is, which --keep-checkpoint says you know.

` + exitCodesHelp,
		Example: "  dray trigger orders\n  dray trigger orders --where 'status == \"pending\"' --keep-checkpoint --reason 'pending ones once'",
		RunE: func(c *cobra.Command, args []string) error {
			if where == "" {
				if keep {
					return invalid(errors.New("--keep-checkpoint goes with --where: a run with the touchpoint's own condition moves the checkpoint"))
				}
				return a.askRun(c, &k, args[0], "trigger", nil, output)
			}
			if !keep {
				return invalid(errors.New("a run with another condition must not move the checkpoint, or what it leaves out would never be read: say --keep-checkpoint"))
			}
			return a.askRun(c, &k, args[0], "trigger-where", api.WhereRequest{Where: where, Reason: reason}, output)
		},
	}
	k.flags(c)
	outputFlag(c, &output, "text", "json")
	c.Flags().StringVar(&where, "where", "", "read once from the start with this condition")
	c.Flags().BoolVar(&keep, "keep-checkpoint", false, "with --where: leave the checkpoint where it is")
	c.Flags().StringVar(&reason, "reason", "", "why; kept in the audit")
	return c
}

// askRun asks for a run and names it.
func (a *app) askRun(c *cobra.Command, k *client, touchpoint, what string, body any, output string) error {
	var r api.Run
	if err := a.call(c.Context(), k, http.MethodPost, "/v1/touchpoints/"+escape(touchpoint)+"/"+what, body, &r); err != nil {
		return err
	}
	if output == "json" {
		return a.json(r)
	}
	a.printf("run %d of %s: %s\n", r.ID, safe(r.Touchpoint), safe(r.Status))
	return nil
}
