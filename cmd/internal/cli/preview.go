package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/maptest"
)

// maxInput bounds a record that is previewed.
const maxInput = 16 << 20

func (a *app) previewCommand() *cobra.Command {
	var dir, environment, input, output string
	c := &cobra.Command{
		Use:     "preview MAPPING",
		Short:   "Map one record, and show what goes in and what comes out",
		Long:    "Reads one JSON document and maps it. It opens no network, no secret and no connection.\n\n" + exitCodesHelp,
		Example: "  dray preview order-to-sale --input order.json\n  dray preview order-to-sale --input - --output json < order.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			m, err := a.valid(c.Context(), dir, environment)
			if err != nil {
				return err
			}
			mp, ok := m.Mappings[args[0]]
			if !ok {
				return missing("mapping", args[0], keys(m.Mappings))
			}
			text, err := a.readInput(input)
			if err != nil {
				return unreachable(err)
			}
			p, problems := mapping.Compile(&mp.Spec, maptest.OptionsFor(m, args[0], ""))
			if p == nil {
				return invalid(firstError(problems).Diagnostic(mp.Source))
			}
			return a.writePreview(p.Preview(text, a.now()), output)
		},
	}
	environmentFlag(c, &environment)
	outputFlag(c, &output, "text", "json")
	c.Flags().StringVar(&dir, "dir", ".", "the folder with the configuration")
	c.Flags().StringVarP(&input, "input", "i", "-", "the file with the record; - is standard input")
	return c
}

// firstError returns the first problem that keeps a mapping from running.
func firstError(problems []mapping.Problem) mapping.Problem {
	i := slices.IndexFunc(problems, func(p mapping.Problem) bool { return p.Severity == diag.Error })
	return problems[max(i, 0)]
}

func (a *app) readInput(name string) ([]byte, error) {
	in := a.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	return io.ReadAll(io.LimitReader(in, maxInput))
}

func (a *app) writePreview(p mapping.Preview, form string) error {
	if form == "json" {
		out := map[string]any{"outcome": p.Outcome.String()}
		if p.Output != nil {
			out["output"] = json.RawMessage(p.Output)
		}
		if why := reasonText(p.Reason); why != "" {
			out["reason"] = map[string]string{"field": p.Reason.Field, "rule": string(p.Reason.Rule), "type": p.Reason.Type, "check": p.Reason.Check}
		}
		if err := a.json(out); err != nil {
			return err
		}
	} else {
		a.printf("in:\n%s\n", indented(p.Input))
		if p.Output != nil {
			a.printf("out:\n%s\n", indented(p.Output))
		}
		a.printf("%s\n", join(nonEmpty(p.Outcome.String(), reasonText(p.Reason))))
	}
	if p.Outcome == mapping.Rejected {
		return said(exitFailed)
	}
	return nil
}

func nonEmpty(list ...string) (out []string) {
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// reasonText says why a record was not mapped, without content.
func reasonText(r mapping.Reason) string {
	if r.Rule == "" {
		return ""
	}
	text := fmt.Sprintf("rule %s", r.Rule)
	if r.Field != "" {
		text = fmt.Sprintf("field %s: ", r.Field) + text
	}
	if r.Check != "" {
		text += fmt.Sprintf(" %q", r.Check)
	}
	if r.Type != "" {
		text += fmt.Sprintf(" (%s)", r.Type)
	}
	if r.Message != "" {
		text += ": " + r.Message
	}
	return text
}

// indented lays JSON out for reading, its numbers as they are.
func indented(text []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return safe(string(text))
	}
	return safeLines(b.String())
}
