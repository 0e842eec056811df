package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/reconcile"
)

type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

func (a *app) getCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "get",
		Short: "Ask an agent: status, touchpoints, runs, dead letters, audit",
		Long:  "Asks a running agent, over its unix socket or over TCP.\n\n" + exitCodesHelp,
	}
	c.AddCommand(a.getStatus(), a.getTouchpoints(), a.getRuns(), a.getDeadLetters(), a.getAudit())
	return c
}

func (a *app) getStatus() *cobra.Command {
	var k client
	var output string
	c := &cobra.Command{
		Use: "status", Long: "Asks an agent which revision it serves, which it tried last, and why they differ.\n\n" + exitCodesHelp, Short: "Which revision is applied, and what is in the way", Args: cobra.NoArgs,
		Example: "  dray get status --agent /var/lib/dray/agent.sock",
		RunE: func(c *cobra.Command, _ []string) error {
			var s reconcile.Status
			if err := a.call(c.Context(), &k, http.MethodGet, "/v1/status", nil, &s); err != nil {
				return err
			}
			if output == "json" {
				return a.json(s)
			}
			return a.writeStatus(s)
		},
	}
	k.flags(c)
	outputFlag(c, &output, "text", "json")
	return c
}

func (a *app) writeStatus(s reconcile.Status) error {
	a.printf("repository   %s\nenvironment  %s\napplied      %s\nattempted    %s\n\n", safe(s.Repository), s.Environment, orDash(s.LastAppliedRevision), orDash(s.LastAttemptedRevision))
	rows := make([][]string, len(s.Conditions))
	for i, c := range s.Conditions {
		first, _, _ := strings.Cut(c.Message, "\n")
		rows[i] = []string{string(c.Type), c.Status, c.Reason, ago(c.LastTransitionTime, a.now()), first}
	}
	if err := a.table([]string{"CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"}, rows); err != nil {
		return err
	}
	if len(s.Diagnostics) > 0 {
		a.printf("\n%s\n", safeLines(s.Diagnostics.Error()))
	}
	return nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return safe(s)
}

func (a *app) getTouchpoints() *cobra.Command {
	var k client
	var output string
	c := &cobra.Command{
		Use: "touchpoints", Long: "Asks an agent for its flows: from where to where, when, and how the last run went.\n\n" + exitCodesHelp, Short: "The flows of the applied revision", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var list page[api.Touchpoint]
			if err := a.call(c.Context(), &k, http.MethodGet, "/v1/touchpoints", nil, &list); err != nil {
				return err
			}
			if output == "json" {
				return a.json(list)
			}
			rows := make([][]string, len(list.Items))
			for i, t := range list.Items {
				last, when := "-", "-"
				if t.LastRun != nil {
					last, when = t.LastRun.Status, ago(t.LastRun.CreatedAt, a.now())
				}
				switch {
				case t.NotHere != "":
					last = "not here: pool " + t.NotHere
				case t.Suspended:
					last = "suspended"
				case !t.LateSince.IsZero():
					last = "late, " + last
				}
				rows[i] = []string{t.Name, t.Source, t.Destination, orDash(t.Schedule), last, when, lettersText(t), short(t.Revision)}
			}
			return a.table([]string{"NAME", "SOURCE", "DESTINATION", "SCHEDULE", "LAST RUN", "AGO", "DEAD LETTERS", "REVISION"}, rows)
		},
	}
	k.flags(c)
	outputFlag(c, &output, "text", "json")
	return c
}

func (a *app) getRuns() *cobra.Command {
	var k client
	var output, touchpoint, status string
	var limit int
	c := &cobra.Command{
		Use: "runs", Long: "Asks an agent for runs and what became of their records.\n\n" + exitCodesHelp, Short: "Runs, newest first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			q := url.Values{"limit": {strconv.Itoa(limit)}}
			set(q, "touchpoint", touchpoint)
			set(q, "status", status)
			var list page[api.Run]
			if err := a.call(c.Context(), &k, http.MethodGet, "/v1/runs?"+q.Encode(), nil, &list); err != nil {
				return err
			}
			if output == "json" {
				return a.json(list)
			}
			rows := make([][]string, len(list.Items))
			for i, r := range list.Items {
				n := r.Counts
				rows[i] = []string{
					strconv.FormatInt(r.ID, 10), r.Touchpoint, r.Trigger, runStatus(r), ago(r.CreatedAt, a.now()),
					strconv.FormatInt(n.Read, 10), strconv.FormatInt(n.Created, 10), strconv.FormatInt(n.Updated, 10),
					strconv.FormatInt(n.Unchanged, 10), strconv.FormatInt(n.Rejected, 10), short(r.Revision),
				}
			}
			return a.table([]string{"ID", "TOUCHPOINT", "TRIGGER", "STATUS", "AGO", "READ", "CREATED", "UPDATED", "UNCHANGED", "REJECTED", "REVISION"}, rows)
		},
	}
	k.flags(c)
	outputFlag(c, &output, "text", "json")
	c.Flags().StringVar(&touchpoint, "touchpoint", "", "only of this touchpoint")
	c.Flags().StringVar(&status, "status", "", "only with this status")
	c.Flags().IntVar(&limit, "limit", 20, "how many at most")
	return c
}

func set(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

// lettersText counts what waits, and how much of it is about write-backs only.
func lettersText(t api.Touchpoint) string {
	if t.Unacknowledged == 0 {
		return strconv.FormatInt(t.DeadLetters, 10)
	}
	return fmt.Sprintf("%d (%d unacknowledged)", t.DeadLetters, t.Unacknowledged)
}

// onRoute names a touchpoint, and which of its routes.
func onRoute(touchpoint, route string) string {
	if route == "" {
		return touchpoint
	}
	return touchpoint + "/" + route
}

func traceText(trace map[string]string) string {
	parts := make([]string, 0, len(trace))
	for _, k := range keys(trace) {
		parts = append(parts, k+"="+trace[k])
	}
	return orDash(strings.Join(parts, " "))
}

func (a *app) reconcileCommand() *cobra.Command {
	var k client
	var timeout time.Duration
	c := &cobra.Command{
		Use: "reconcile", Short: "Look at the repository now, and wait for the result", Args: cobra.NoArgs,
		Long: "Asks an agent to fetch now, waits until it has, and fails when the newest revision is not the one applied.\n\n" + exitCodesHelp,
		RunE: func(c *cobra.Command, _ []string) error {
			var token struct {
				Request string `json:"request"`
			}
			if err := a.call(c.Context(), &k, http.MethodPost, "/v1/reconcile", nil, &token); err != nil {
				return err
			}
			var s reconcile.Status
			path := fmt.Sprintf("/v1/status?wait=%s&timeout=%d", url.QueryEscape(token.Request), max(1, int(timeout.Seconds())))
			if err := a.call(c.Context(), &k, http.MethodGet, path, nil, &s); err != nil {
				return err
			}
			if err := a.writeStatus(s); err != nil {
				return err
			}
			if s.Condition(reconcile.Ready).Status != "True" || s.Condition(reconcile.Fetched).Status != "True" {
				return said(exitFailed)
			}
			return nil
		},
	}
	k.flags(c)
	c.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait")
	return c
}

func (a *app) suspendCommand() *cobra.Command {
	var k client
	var reason string
	var until time.Duration
	c := &cobra.Command{
		Use: "suspend TOUCHPOINT", Short: "Stop a touchpoint on this agent until it is resumed", Args: cobra.ExactArgs(1), Long: "A local stop, beside suspend: true in the repository.\n\n" + exitCodesHelp,
		RunE: func(c *cobra.Command, args []string) error {
			body := map[string]any{"reason": reason}
			if until > 0 {
				body["until"] = a.now().Add(until).UTC().Format(time.RFC3339)
			}
			return a.call(c.Context(), &k, http.MethodPost, "/v1/touchpoints/"+escape(args[0])+"/suspend", body, nil)
		},
	}
	k.flags(c)
	c.Flags().StringVar(&reason, "reason", "", "why; kept with the suspension")
	c.Flags().DurationVar(&until, "for", 0, "how long; unsaid: until it is resumed")
	_ = c.MarkFlagRequired("reason")
	return c
}

func (a *app) resumeCommand() *cobra.Command {
	var k client
	c := &cobra.Command{
		Use: "resume TOUCHPOINT", Short: "End a local suspension", Args: cobra.ExactArgs(1), Long: "Ends what dray suspend began.\n\n" + exitCodesHelp,
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), &k, http.MethodPost, "/v1/touchpoints/"+escape(args[0])+"/resume", nil, nil)
		},
	}
	k.flags(c)
	return c
}
