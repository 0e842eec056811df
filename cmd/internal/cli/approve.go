package cli

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/api"
)

func (a *app) approveCommand() *cobra.Command {
	var k client
	var q api.Approval
	var output string
	c := &cobra.Command{
		Use: "approve RUN", Short: "Let a parked run go", Args: cobra.ExactArgs(1),
		Long: `Lets go what a parked run waits with. A run parks when it would do more than limits allow, or when its read lacks so many
records that deleting them needs a person. dray get runs --status parked shows what each would do.

A new run begins where that one stopped, and may do what was counted then and not more: beyond that it parks again. The
approval holds for a day, for the revision that was counted with, and once. An empty read deletes nothing, whoever
approves it. The audit keeps who approved, and why.

` + exitCodesHelp,
		Example: "  dray get runs --status parked\n  dray approve 17 --reason 'the season begins'",
		RunE: func(c *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || id <= 0 {
				return invalid(fmt.Errorf("%q is not the number of a run; dray get runs --status parked shows them", args[0]))
			}
			var r api.Run
			if err := a.call(c.Context(), &k, http.MethodPost, fmt.Sprintf("/v1/runs/%d/approve", id), q, &r); err != nil {
				return err
			}
			if output == "json" {
				return a.json(r)
			}
			a.printf("run %d of %s: %s\n", r.ID, r.Touchpoint, r.Status)
			return nil
		},
	}
	k.flags(c)
	outputFlag(c, &output, "text", "json")
	c.Flags().StringVar(&q.Reason, "reason", "", "why; kept in the audit")
	return c
}

// runStatus says how a run ended, and what it waits with.
func runStatus(r api.Run) string {
	text := strings.TrimSuffix(r.Status+" "+r.Code, " ")
	p := r.Parked
	switch {
	case p == nil:
		return text
	case p.ApprovedBy != 0:
		return fmt.Sprintf("%s, approved: run %d", text, p.ApprovedBy)
	}
	var parts []string
	for _, n := range []struct {
		verb string
		n    int64
	}{{"create", p.Creates}, {"update", p.Updates}, {"delete", p.Deletes}} {
		if n.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", n.verb, n.n))
		}
	}
	if p.More {
		parts = append(parts, "more")
	}
	return text + ": would " + strings.Join(parts, ", ")
}
