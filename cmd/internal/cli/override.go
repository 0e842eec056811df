package cli

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/api"
)

func (a *app) overrideCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "override", Short: "Let a lookup give another answer for a time",
		Long: "Puts a row in place of one of a lookup until an instant, without a commit: sealed, audited, and shown as drift in dray get status.\n\n" + exitCodesHelp,
	}
	c.AddCommand(a.overrideLookup(), a.overrideList(), a.overrideRemove())
	return c
}

func (a *app) overrideLookup() *cobra.Command {
	var k client
	var q api.OverrideRequest
	var until string
	c := &cobra.Command{
		Use: "lookup NAME KEY=VALUE… value=VALUE", Short: "Put a row in place of one of a lookup", Args: cobra.MinimumNArgs(2),
		Long: `Names the columns of the key and the result; value stands for the only column of the result. Runs use the row from their
next slice on. What was rejected before is not tried again by itself: dray replay does so.

` + exitCodesHelp,
		Example: "  dray override lookup tax-code country=DE rate=0.07 value=A2 --until 2026-04-06T08:00:00Z --reason 'the new code is not there yet'",
		RunE: func(c *cobra.Command, args []string) error {
			q.Lookup, q.Row = args[0], map[string]string{}
			for _, s := range args[1:] {
				column, value, ok := strings.Cut(s, "=")
				if !ok || column == "" {
					return invalid(fmt.Errorf("%q is not COLUMN=VALUE", s))
				}
				q.Row[column] = value
			}
			at, day, err := parseInstant(until)
			if err != nil {
				d, wrong := time.ParseDuration(until)
				if wrong != nil {
					return invalid(fmt.Errorf("--until: %w", err))
				}
				at = a.now().Add(d)
			}
			if day {
				at = at.AddDate(0, 0, 1)
			}
			q.Until = at.UTC()
			var o api.Override
			if err := a.call(c.Context(), &k, http.MethodPost, "/v1/overrides", q, &o); err != nil {
				return err
			}
			a.printf("override %s of lookup %s, until %s\n", safe(o.ID), safe(o.Lookup), utc(o.Until))
			return nil
		},
	}
	k.flags(c)
	c.Flags().StringVar(&until, "until", "", "when it ends by itself: an instant, the end of a day in UTC, or a duration as 48h")
	c.Flags().StringVar(&q.Reason, "reason", "", "why; kept in the audit")
	_ = c.MarkFlagRequired("until")
	_ = c.MarkFlagRequired("reason")
	return c
}

func (a *app) overrideList() *cobra.Command {
	var k client
	var output, reason string
	var reveal bool
	c := &cobra.Command{
		Use: "list", Short: "The overrides in force", Args: cobra.NoArgs,
		Long: "Lists them without their rows. With --reveal and --reason it shows the rows, too, over the agent's unix socket only.\n\n" + exitCodesHelp,
		RunE: func(c *cobra.Command, _ []string) error {
			var list page[api.Override]
			var err error
			switch {
			case !reveal:
				err = a.call(c.Context(), &k, http.MethodGet, "/v1/overrides", nil, &list)
			case reason == "":
				err = invalid(errors.New("--reveal needs --reason: the audit keeps who looked at content, and why"))
			default:
				err = a.call(c.Context(), &k, http.MethodPost, "/v1/overrides/reveal", api.Act{Reason: reason}, &list)
			}
			if err != nil {
				return err
			}
			if output == "json" {
				return a.json(list)
			}
			rows := make([][]string, len(list.Items))
			for i, o := range list.Items {
				rows[i] = []string{o.ID, o.Lookup, traceText(o.Row), o.By, utc(o.Until), o.Reason}
			}
			return a.table([]string{"ID", "LOOKUP", "ROW", "BY", "UNTIL", "WHY"}, rows)
		},
	}
	k.flags(c)
	outputFlag(c, &output, "text", "json")
	c.Flags().BoolVar(&reveal, "reveal", false, "show the rows, too")
	c.Flags().StringVar(&reason, "reason", "", "with --reveal: why; kept in the audit")
	return c
}

func (a *app) overrideRemove() *cobra.Command {
	var k client
	var act api.Act
	c := &cobra.Command{
		Use: "remove ID", Short: "End an override", Args: cobra.ExactArgs(1), Long: "Ends an override before its time.\n\n" + exitCodesHelp,
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), &k, http.MethodPost, "/v1/overrides/"+escape(args[0])+"/remove", act, nil)
		},
	}
	k.flags(c)
	c.Flags().StringVar(&act.Reason, "reason", "", "why; kept in the audit")
	_ = c.MarkFlagRequired("reason")
	return c
}
