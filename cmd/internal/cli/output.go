package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/untrusted"
)

// outputFlag adds --output with the allowed forms, the first of which is the default.
func outputFlag(c *cobra.Command, into *string, forms ...string) {
	c.Flags().StringVarP(into, "output", "o", forms[0], "form of the output: "+strings.Join(forms, ", "))
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(toCompletions(forms), cobra.ShellCompDirectiveNoFileComp))
	before := c.PreRunE
	c.PreRunE = func(c *cobra.Command, args []string) error {
		for _, f := range forms {
			if *into == f {
				if before != nil {
					return before(c, args)
				}
				return nil
			}
		}
		return invalid(fmt.Errorf("--output %q is not one of %s", *into, strings.Join(forms, ", ")))
	}
}

func toCompletions(forms []string) []cobra.Completion {
	out := make([]cobra.Completion, len(forms))
	copy(out, forms)
	return out
}

// json writes v as indented JSON.
func (a *app) json(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// table writes aligned columns under a head.
func (a *app) table(head []string, rows [][]string) error {
	w := tabwriter.NewWriter(a.out, 0, 8, 3, ' ', 0)
	fmt.Fprintln(w, strings.Join(head, "\t"))
	for _, r := range rows {
		for i := range r {
			r[i] = safe(r[i])
		}
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	return w.Flush()
}

// safe makes text that came from outside fit for a terminal.
func safe(s string) string { return untrusted.Terminal(s) }

// ago says how long ago an instant was, as kubectl does.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	switch d := now.Sub(t); {
	case d < 0:
		return "in " + span(-d)
	default:
		return span(d)
	}
}

func span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}

// short cuts a commit to what people read.
func short(commit string) string {
	const most = 8
	if len(commit) > most {
		return commit[:most]
	}
	return commit
}
