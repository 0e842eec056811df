package cli

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/api"
)

type lettersFlags struct {
	client
	output, touchpoint, state, cause, page, reason string
	list                                           bool
	limit                                          int
}

func (a *app) getDeadLetters() *cobra.Command {
	var f lettersFlags
	c := &cobra.Command{
		Use: "dead-letters [ID]", Short: "Records that could not be delivered", Args: cobra.MaximumNArgs(1),
		Long: `Asks an agent for records that wait, grouped by cause, the most frequent first. With --list, --cause or --state it names
them one by one, newest first: only fields that the touchpoint names in trace are shown.

With an ID and a --reason it shows the record itself and what the application said. The audit says who looked, and why.
That is possible over the agent's unix socket only.

` + exitCodesHelp,
		Example: "  dray get dead-letters --touchpoint orders\n  dray get dead-letters --cause 1f0c5e…\n  dray get dead-letters 07ab… --reason 'ticket 4711'",
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) == 1:
				return a.reveal(c, &f, args[0])
			case f.list || f.cause != "" || f.state != "open" || f.page != "":
				return a.listLetters(c, &f)
			default:
				return a.causes(c, &f)
			}
		},
	}
	f.flags(c)
	outputFlag(c, &f.output, "text", "json")
	c.Flags().StringVar(&f.touchpoint, "touchpoint", "", "only of this touchpoint")
	c.Flags().StringVar(&f.state, "state", "open", "open, replayed, discarded or superseded")
	c.Flags().StringVar(&f.cause, "cause", "", "only of this cause")
	c.Flags().BoolVar(&f.list, "list", false, "name them one by one")
	c.Flags().IntVar(&f.limit, "limit", 100, "how many at most on a page")
	c.Flags().StringVar(&f.page, "page", "", "the next page, as the last one named it")
	c.Flags().StringVar(&f.reason, "reason", "", "with an ID: why its content is shown; kept in the audit")
	return c
}

func (a *app) causes(c *cobra.Command, f *lettersFlags) error {
	q := url.Values{}
	set(q, "touchpoint", f.touchpoint)
	var list page[api.Cause]
	if err := a.call(c.Context(), &f.client, http.MethodGet, "/v1/dead-letters/causes?"+q.Encode(), nil, &list); err != nil {
		return err
	}
	if f.output == "json" {
		return a.json(list)
	}
	rows := make([][]string, len(list.Items))
	for i, g := range list.Items {
		rows[i] = []string{g.Cause, g.Touchpoint, g.Kind, orDash(g.Field), orDash(g.Rule), strconv.FormatInt(g.Count, 10), ago(g.FirstAt, a.now()), ago(g.LastAt, a.now())}
	}
	return a.table([]string{"CAUSE", "TOUCHPOINT", "KIND", "FIELD", "RULE", "COUNT", "FIRST", "LAST"}, rows)
}

func (a *app) listLetters(c *cobra.Command, f *lettersFlags) error {
	q := url.Values{"state": {f.state}, "limit": {strconv.Itoa(f.limit)}}
	set(q, "touchpoint", f.touchpoint)
	set(q, "cause", f.cause)
	set(q, "page", f.page)
	var list page[api.DeadLetter]
	if err := a.call(c.Context(), &f.client, http.MethodGet, "/v1/dead-letters?"+q.Encode(), nil, &list); err != nil {
		return err
	}
	if f.output == "json" {
		return a.json(list)
	}
	rows := make([][]string, len(list.Items))
	for i, d := range list.Items {
		rows[i] = []string{d.ID, onRoute(d.Touchpoint, d.Route), traceText(d.Trace), orDash(d.Field), orDash(d.Rule), d.Kind, strconv.FormatInt(d.Attempts, 10), ago(d.LastAt, a.now())}
	}
	err := a.table([]string{"ID", "TOUCHPOINT", "TRACE", "FIELD", "RULE", "KIND", "ATTEMPTS", "AGO"}, rows)
	if list.Next != "" {
		a.notef("more: --page %s\n", safe(list.Next))
	}
	return err
}

// reveal shows a dead letter with its content.
func (a *app) reveal(c *cobra.Command, f *lettersFlags, id string) error {
	if f.reason == "" {
		return invalid(errors.New("say why its content is to be shown, with --reason: the audit keeps it"))
	}
	var r api.Revealed
	if err := a.call(c.Context(), &f.client, http.MethodPost, "/v1/dead-letters/"+escape(id)+"/reveal", api.Act{Reason: f.reason}, &r); err != nil {
		return err
	}
	if f.output == "json" {
		return a.json(r)
	}
	a.printf("dead letter %s of %s, %s\n", safe(r.ID), onRoute(safe(r.Touchpoint), safe(r.Route)), safe(r.State))
	a.printf("  trace         %s\n", safe(traceText(r.Trace)))
	a.printf("  why           %s: field %s, rule %s\n", safe(r.Kind), orDash(r.Field), orDash(r.Rule))
	a.printf("  tried         %s, last %s ago, by run %d with commit %s\n", count(int(r.Attempts), "time"), ago(r.LastAt, a.now()), r.RunID, safe(short(r.Revision)))
	if r.Text != "" {
		a.printf("  it said       %s\n", indent(safeLines(r.Text)))
	}
	for _, part := range []struct {
		name string
		doc  json.RawMessage
	}{{"key", r.Key}, {"as read", r.Source}, {"as mapped", r.Mapped}} {
		if len(part.doc) > 0 {
			a.printf("  %-12s  %s\n", part.name, safe(string(part.doc)))
		}
	}
	return nil
}
