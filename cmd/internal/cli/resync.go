package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/api"
)

type resyncFlags struct {
	client
	q                                 api.ResyncRequest
	changed, created, written, output string
	sets                              []string
}

func (a *app) resyncCommand() *cobra.Command {
	var f resyncFlags
	c := &cobra.Command{
		Use: "resync TOUCHPOINT [KEY…]", Short: "Read records again and send them", Args: cobra.MinimumNArgs(1),
		Long: `Reads records from the source again, now, and sends those of which anything changed since they were last sent: because
the source or the mapping did. With --force it sends the others as well. It works in a run beside the normal flow, whose
checkpoint stays where it is.

A KEY is a source key, a destination key, or a value of a field that the touchpoint names in trace. A source key of
several parts is written as a JSON list: '["DE", 1001]'. In place of keys a window, a run or commits choose the records:
by the ledger, except for --changed, which asks the source.

` + exitCodesHelp,
		Example: "  dray resync orders '#1001'\n  dray resync orders --changed 2026-04-01..2026-04-02\n  dray resync orders --written-by 3f2a91c --force\n  dray resync orders 1001 --set billing.country=DE --reason 'customer called'",
		RunE: func(c *cobra.Command, args []string) error {
			f.q.Values = args[1:]
			if err := f.windows(); err != nil {
				return err
			}
			var err error
			if f.q.Edits, err = parseEdits(f.sets, f.q.Reason); err != nil {
				return err
			}
			return a.askRun(c, &f.client, args[0], "resync", f.q, f.output)
		},
	}
	f.flags(c)
	outputFlag(c, &f.output, "text", "json")
	c.Flags().StringVar(&f.changed, "changed", "", "FROM..TO: what changed in the source then")
	c.Flags().StringVar(&f.created, "created", "", "FROM..TO: what was first delivered then")
	c.Flags().StringVar(&f.written, "written", "", "FROM..TO: what was last written then")
	c.Flags().Int64Var(&f.q.Run, "run", 0, "what this run wrote last")
	c.Flags().StringVar(&f.q.WrittenBy, "written-by", "", "REV or REV..REV: what these commits wrote last")
	c.Flags().BoolVar(&f.q.Force, "force", false, "send also what has not changed")
	editFlags(c, &f.sets, &f.q.Reason)
	return c
}

// windows reads the spans of time and holds that records are chosen in one way.
func (f *resyncFlags) windows() error {
	chosen := 0
	for _, w := range []struct {
		flag, text string
		into       **api.Window
	}{{"--changed", f.changed, &f.q.Changed}, {"--created", f.created, &f.q.Created}, {"--written", f.written, &f.q.Written}} {
		if w.text == "" {
			continue
		}
		chosen++
		span, err := parseWindow(w.text)
		if err != nil {
			return invalid(fmt.Errorf("%s %q: %w", w.flag, w.text, err))
		}
		*w.into = span
	}
	for _, yes := range []bool{len(f.q.Values) > 0, f.q.Run != 0, f.q.WrittenBy != ""} {
		if yes {
			chosen++
		}
	}
	if chosen != 1 {
		return invalid(errors.New("choose the records in one way: by KEYs, --changed, --created, --written, --run or --written-by"))
	}
	return nil
}

// parseWindow reads FROM..TO. A day stands for its beginning, or at the end for its last instant.
func parseWindow(text string) (*api.Window, error) {
	first, last, ok := strings.Cut(text, "..")
	if !ok {
		return nil, errors.New("write FROM..TO, as in 2026-04-01..2026-04-02 or 2026-04-01T08:00:00Z..2026-04-01T12:00:00Z")
	}
	from, _, err := parseInstant(first)
	if err != nil {
		return nil, err
	}
	to, day, err := parseInstant(last)
	if err != nil {
		return nil, err
	}
	if day {
		to = to.AddDate(0, 0, 1).Add(-time.Nanosecond)
	}
	return &api.Window{From: from, To: to}, nil
}

// parseInstant reads an instant, or a day in UTC.
func parseInstant(text string) (t time.Time, day bool, err error) {
	if t, err = time.Parse(time.DateOnly, text); err == nil {
		return t, true, nil
	}
	if t, err = time.Parse(time.RFC3339, text); err != nil {
		return t, false, fmt.Errorf("%q is neither a day as 2026-04-01 nor an instant as 2026-04-01T08:00:00Z", text)
	}
	return t, false, nil
}
