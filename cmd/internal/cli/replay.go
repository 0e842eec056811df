package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/api"
)

func (a *app) replayCommand() *cobra.Command {
	var k client
	var q api.ReplayRequest
	var output string
	var sets []string
	c := &cobra.Command{
		Use: "replay TOUCHPOINT", Short: "Try dead letters again", Args: cobra.ExactArgs(1),
		Long: `Tries the touchpoint's dead letters again: all, those of one cause, or those named by their id. It does so in a run
beside the normal flow, whose checkpoint stays where it is. A record of which a newer version was delivered meanwhile is
not sent: its dead letter is closed as superseded.

With --set a value of the record is replaced before it is mapped. The edit is sealed, and dray why and the audit say who
made it, and why.

` + exitCodesHelp,
		Example: "  dray replay orders --cause 1f0c5e…\n  dray replay orders --id 07ab… --set billing.country=DE --reason 'customer called'",
		RunE: func(c *cobra.Command, args []string) error {
			var err error
			if q.Edits, err = parseEdits(sets, q.Reason); err != nil {
				return err
			}
			return a.askRun(c, &k, args[0], "replay", q, output)
		},
	}
	k.flags(c)
	outputFlag(c, &output, "text", "json")
	c.Flags().StringVar(&q.Cause, "cause", "", "only of this cause, as dray get dead-letters names it")
	c.Flags().StringSliceVar(&q.IDs, "id", nil, "only these dead letters")
	editFlags(c, &sets, &q.Reason)
	return c
}

// editFlags are those by which records are edited by hand.
func editFlags(c *cobra.Command, sets *[]string, reason *string) {
	c.Flags().StringArrayVar(sets, "set", nil, "PATH=VALUE: replace a value of the source record; VALUE is JSON, or else a text")
	c.Flags().StringVar(reason, "reason", "", "why; kept in the audit, and needed with --set")
}

// parseEdits reads PATH=VALUE.
func parseEdits(sets []string, reason string) (edits []api.RecordEdit, err error) {
	if len(sets) > 0 && strings.TrimSpace(reason) == "" {
		return nil, invalid(errors.New("--set needs --reason: an edit by hand is kept with who made it, and why"))
	}
	for _, s := range sets {
		path, text, ok := strings.Cut(s, "=")
		if !ok || path == "" {
			return nil, invalid(fmt.Errorf("--set %q is not PATH=VALUE", s))
		}
		value := json.RawMessage(text)
		if !json.Valid(value) {
			if value, err = json.Marshal(text); err != nil {
				return nil, err
			}
		}
		edits = append(edits, api.RecordEdit{Path: path, Value: value})
	}
	return edits, nil
}

func (a *app) discardCommand() *cobra.Command {
	var k client
	var q api.DiscardRequest
	c := &cobra.Command{
		Use: "discard TOUCHPOINT", Short: "Give dead letters up", Args: cobra.ExactArgs(1),
		Long: `Closes dead letters of a touchpoint that nobody will deliver: those of one cause, those named by their id, or all.
A newer version of such a record is delivered as any other. The audit keeps who did it, and why.

` + exitCodesHelp,
		Example: "  dray discard orders --cause 1f0c5e… --reason 'test orders'\n  dray discard orders --id 07ab… --reason 'was entered by hand'",
		RunE: func(c *cobra.Command, args []string) error {
			if q.Cause == "" && len(q.IDs) == 0 && !q.All {
				return invalid(errors.New("say which: --cause, --id, or --all"))
			}
			var d api.Discarded
			if err := a.call(c.Context(), &k, http.MethodPost, "/v1/touchpoints/"+escape(args[0])+"/discard", q, &d); err != nil {
				return err
			}
			a.printf("%s of %s discarded\n", count(int(d.Discarded), "dead letter"), args[0])
			return nil
		},
	}
	k.flags(c)
	c.Flags().StringVar(&q.Cause, "cause", "", "only of this cause, as dray get dead-letters names it")
	c.Flags().StringSliceVar(&q.IDs, "id", nil, "only these dead letters")
	c.Flags().BoolVar(&q.All, "all", false, "all of the touchpoint")
	c.Flags().StringVar(&q.Reason, "reason", "", "why; kept in the audit")
	_ = c.MarkFlagRequired("reason")
	return c
}
