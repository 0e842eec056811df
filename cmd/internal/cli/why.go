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

type whyFlags struct {
	client
	output, reason string
	reveal         bool
}

func (a *app) whyCommand() *cobra.Command {
	var f whyFlags
	c := &cobra.Command{
		Use:   "why TOUCHPOINT VALUE",
		Short: "Tell the life of one record: by source key, destination key, or a traced field",
		Long: `Finds a record by exactly that value, from either side, and says when it was read, which commit mapped it, where it went,
why it was set aside, and who mended it by hand.

With --reveal it also shows the record's keys and what came back, and the audit says who looked, and why. That is possible
over the agent's unix socket only.

` + exitCodesHelp,
		Example: "  dray why orders '#1001'\n  dray why orders 90017 --reveal --reason 'ticket 4711'",
		Args:    cobra.ExactArgs(2),
		RunE:    func(c *cobra.Command, args []string) error { return a.why(c, &f, args[0], args[1]) },
	}
	f.flags(c)
	outputFlag(c, &f.output, "text", "json")
	c.Flags().BoolVar(&f.reveal, "reveal", false, "show keys and what came back, too")
	c.Flags().StringVar(&f.reason, "reason", "", "with --reveal: why; kept in the audit")
	return c
}

// life is a record with what was revealed of it.
type life struct {
	api.Record
	Revealed *api.RevealedRecord `json:"revealed,omitempty"`
}

func (a *app) why(c *cobra.Command, f *whyFlags, touchpoint, value string) error {
	if f.reveal && strings.TrimSpace(f.reason) == "" {
		return invalid(errors.New("--reveal needs --reason: the audit keeps who looked at content, and why"))
	}
	var found page[life]
	path := "/v1/records/" + escape(touchpoint)
	if err := a.call(c.Context(), &f.client, http.MethodPost, path+"/search", map[string]string{"value": value}, &found); err != nil {
		return err
	}
	if f.reveal && len(found.Items) > 0 {
		var shown page[api.RevealedRecord]
		if err := a.call(c.Context(), &f.client, http.MethodPost, path+"/reveal", map[string]string{"value": value, "reason": f.reason}, &shown); err != nil {
			return err
		}
		for i := range found.Items {
			for k := range shown.Items {
				if shown.Items[k].ID == found.Items[i].ID {
					found.Items[i].Revealed = &shown.Items[k]
				}
			}
		}
	}
	if f.output == "json" {
		return a.json(found)
	}
	if len(found.Items) == 0 {
		return failed(fmt.Errorf("touchpoint %q has never seen a record with that key or traced field; the value must match exactly", touchpoint))
	}
	for _, r := range found.Items {
		a.writeRecord(r)
	}
	return nil
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func (a *app) writeRecord(r life) {
	a.printf("record %s of %s  %s\n", safe(r.ID), safe(onRoute(r.Touchpoint, r.Route)), safe(traceText(r.Trace)))
	if !r.At.IsZero() {
		a.printf("  read from     %s, first at %s\n", safe(r.Source), utc(r.FirstAt))
		a.printf("  mapped by     commit %s\n", safe(short(r.Revision)))
		a.printf("  %-12s  %s at %s, run %d%s\n", safe(r.State), safe(r.Destination), utc(r.At), r.RunID, askedText(r.Run))
	}
	if v := r.Revealed; v != nil {
		a.printf("  source key    %s\n  there as      %s\n  came back     %s\n", orDash(string(v.Key)), orDash(string(v.DestinationKey)), orDash(string(v.Answer)))
	}
	for _, d := range r.DeadLetters {
		a.writeLetter(d)
	}
}

// askedText says who asked for a run, where somebody did.
func askedText(r *api.Run) string {
	if r == nil || r.By == "" {
		return ""
	}
	text := r.Trigger + " by " + r.By
	if r.Reason != "" {
		text += ": " + r.Reason
	}
	if len(r.Edits) > 0 {
		text += "; edited " + strings.Join(r.Edits, ", ")
	}
	return " (" + safe(text) + ")"
}

func (a *app) writeLetter(d api.DeadLetter) {
	a.printf("  dead letter   %s, %s: field %s, rule %s; %s, last at %s\n", safe(d.State), safe(d.Kind), orDash(d.Field), orDash(d.Rule), count(int(d.Attempts), "attempt"), utc(d.LastAt))
	a.printf("    id          %s, set aside by run %d with commit %s\n", safe(d.ID), d.RunID, safe(short(d.Revision)))
	switch {
	case d.ClosedBy != nil:
		a.printf("    %-10s  at %s by run %d%s\n", safe(d.State), utc(d.ClosedAt), d.ClosedBy.ID, askedText(d.ClosedBy))
	case d.Discarded != nil:
		a.printf("    %-10s  at %s by %s: %s\n", safe(d.State), utc(d.ClosedAt), safe(d.Discarded.Actor), safe(d.Discarded.Reason))
	case !d.ClosedAt.IsZero():
		a.printf("    %-10s  at %s\n", safe(d.State), utc(d.ClosedAt))
	}
}
