package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/diag/report"
)

func (a *app) validateCommand() *cobra.Command {
	var environment, output, explain string
	var fix, dryRun, again bool
	c := &cobra.Command{
		Use:   "validate [DIR]",
		Short: "Say everything that is wrong with a repository, all at once",
		Long: `Reads all configuration in a folder and reports every mistake with file, line, column and a hint.
It opens no network, no secret and no connection.

With --fix it makes those changes that can only be what was meant, and nothing else: a misspelt name with one
that is near, a value that must be quoted, a tab. Comments and layout stay as they are. --dry-run shows the
changes instead. What needs a decision is left to you.

--explain CODE says what a code means, with a wrong and a right example; without a code it lists all of them.

` + exitCodesHelp,
		Example: `  dray validate
  dray validate ./integrations --output json
  dray validate --fix --dry-run
  dray validate --explain config/unknown-field`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case c.Flags().Changed("explain"):
				return a.explain(explain, args)
			case dryRun && !fix:
				return invalid(errors.New("--dry-run has a meaning with --fix only"))
			case fix && output != "text":
				return invalid(errors.New("--fix writes text; run validate again for another form"))
			case fix:
				return a.fix(c.Context(), folder(args), environment, dryRun)
			case again && output != "text":
				return invalid(errors.New("--watch writes text; run validate again for another form"))
			case again:
				return a.watchDiagnostics(c.Context(), folder(args), environment)
			}
			model, list, rev, err := a.load(c.Context(), folder(args), environment)
			if err != nil {
				return err
			}
			if err := a.writeDiagnostics(list, output, folder(args), rev.Tree); err != nil {
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
	environmentFlagAll(c, &environment)
	outputFlag(c, &output, "text", "json", "github", "gitlab", "sarif", "junit")
	c.Flags().StringVar(&explain, "explain", "", "say what a code means, or list all codes")
	c.Flags().Lookup("explain").NoOptDefVal = " "
	c.Flags().BoolVar(&fix, "fix", false, "mend what can only be meant in one way")
	c.Flags().BoolVar(&again, "watch", false, "validate again as files change, until interrupted")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "with --fix: show the changes and make none")
	return c
}

// writeDiagnostics writes the diagnostics of the repository in a folder in one of the forms.
func (a *app) writeDiagnostics(list diag.List, form, dir string, tree fs.FS) error {
	source := &report.Source{Files: tree, Base: checkedOut(dir)}
	switch form {
	case "json":
		return report.JSON(a.out, list)
	case "github":
		return report.GitHub(a.out, list, source)
	case "gitlab":
		return report.GitLab(a.out, list, source)
	case "sarif":
		return report.SARIF(a.out, list, allCodes(), version, source)
	case "junit":
		files, err := configurationFiles(tree)
		if err != nil {
			return err
		}
		return report.JUnit(a.out, list, files, source)
	}
	return a.diagnosticText().Write(a.out, list, source)
}

// diagnosticText is how diagnostics are written on standard output.
func (a *app) diagnosticText() report.Text {
	return report.Text{Colour: a.colour(a.out), Excerpts: a.terminal(a.out), Codes: allCodes()}
}

// checkedOut returns where a folder lies below the working directory, which is where programs look for the files that are named to them.
// Other folders are named as if they were checked out by themselves.
func checkedOut(dir string) string {
	if !filepath.IsLocal(dir) || filepath.Clean(dir) == "." {
		return ""
	}
	return filepath.ToSlash(filepath.Clean(dir))
}

// configurationFiles lists the files that validation reads.
func configurationFiles(tree fs.FS) ([]string, error) {
	var files []string
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch path.Ext(name) {
		case ".yaml", ".yml", ".cue":
			if err == nil && d.Type().IsRegular() && !strings.HasPrefix(name, ".") && !strings.Contains(name, "/.") {
				files = append(files, name)
			}
		}
		return err
	})
	return files, err
}

// explain writes what a code means, or all codes with a line each.
func (a *app) explain(code string, args []string) error {
	code = strings.TrimSpace(code)
	if code == "" && len(args) > 0 {
		code = args[0]
	}
	codes := allCodes()
	if code == "" {
		for _, c := range codes {
			a.printf("%-28s %s\n", c.Code, c.Doc)
		}
		return nil
	}
	c, near, ok := report.Find(codes, code)
	if ok {
		a.printf("%s", report.Explain(c))
		return nil
	}
	text := fmt.Sprintf("there is no code %q", code)
	if near != "" {
		text += fmt.Sprintf("; did you mean %s?", near)
	} else {
		text += "; dray validate --explain lists all"
	}
	return invalid(errors.New(text))
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
