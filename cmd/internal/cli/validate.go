package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
)

func (a *app) validateCommand() *cobra.Command {
	var environment, output string
	c := &cobra.Command{
		Use:   "validate [DIR]",
		Short: "Say everything that is wrong with a repository, all at once",
		Long: `Reads all configuration in a folder and reports every mistake with file, line, column and a hint.
It opens no network, no secret and no connection.

` + exitCodesHelp,
		Example: "  dray validate\n  dray validate ./integrations --output json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			model, list, _, err := a.load(c.Context(), folder(args), environment)
			if err != nil {
				return err
			}
			if err := a.writeDiagnostics(list, output); err != nil {
				return err
			}
			if list.HasErrors() {
				return said(exitInvalid)
			}
			if output == "text" {
				a.printf("valid: %s\n", inventory(model))
			}
			return nil
		},
	}
	environmentFlag(c, &environment)
	outputFlag(c, &output, "text", "json", "github")
	return c
}

// writeDiagnostics writes diagnostics in one of the forms.
func (a *app) writeDiagnostics(list diag.List, form string) error {
	switch form {
	case "json":
		if list == nil {
			list = diag.List{}
		}
		return a.json(struct {
			Diagnostics diag.List `json:"diagnostics"`
		}{list})
	case "github":
		for _, d := range list {
			a.printf("::%s file=%s,line=%d,col=%d,title=%s::%s\n", d.Severity, d.Pos.File, d.Pos.Line, d.Pos.Col, d.Code, annotation(d))
		}
		return nil
	}
	for _, d := range list {
		a.printf("%s\n", safeLines(d.Error()))
	}
	if errs, warnings := list.Count(); errs+warnings > 0 {
		a.printf("%s, %s\n", count(errs, "error"), count(warnings, "warning"))
	}
	return nil
}

// annotation escapes a message as GitHub's workflow commands want it.
func annotation(d diag.Diagnostic) string {
	text := d.Message
	if d.Path != "" {
		text = d.Path + ": " + text
	}
	if d.Hint != "" {
		text += " (" + d.Hint + ")"
	}
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// safeLines makes foreign text fit for a terminal, keeping its lines.
func safeLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = safe(lines[i])
	}
	return strings.Join(lines, "\n")
}

// inventory counts what a model holds.
func inventory(m *config.Model) string {
	parts := []string{}
	for _, p := range []struct {
		n    int
		what string
	}{
		{len(m.Touchpoints), "touchpoint"},
		{len(m.Mappings), "mapping"},
		{len(m.Connections), "connection"},
		{len(m.Lookups), "lookup"},
		{len(m.Tests), "mapping test"},
	} {
		if p.n > 0 {
			parts = append(parts, count(p.n, p.what))
		}
	}
	if len(parts) == 0 {
		return "no resources besides dray.yaml"
	}
	return strings.Join(parts, ", ")
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
