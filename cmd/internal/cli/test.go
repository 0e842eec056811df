package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
)

func (a *app) testCommand() *cobra.Command {
	var environment, output string
	c := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the mapping tests of a repository",
		Long: `Maps the input of every case and compares what comes out with what the case expects. It opens no network, no
secret and no connection.

` + exitCodesHelp,
		Example: "  dray test\n  dray test ./integrations --output json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			m, err := a.valid(c.Context(), folder(args), environment)
			if err != nil {
				return err
			}
			report, err := runTests(m)
			if err != nil {
				return err
			}
			if output == "json" {
				err = a.json(report)
			} else {
				a.writeTests(report)
			}
			if err != nil {
				return err
			}
			if report.Failed > 0 {
				return said(exitFailed)
			}
			return nil
		},
	}
	environmentFlag(c, &environment)
	outputFlag(c, &output, "text", "json")
	return c
}

// testReport is the outcome of all mapping tests.
type testReport struct {
	Passed int        `json:"passed"`
	Failed int        `json:"failed"`
	Cases  []testCase `json:"cases"`
}

type testCase struct {
	Test        string   `json:"test"`
	Case        string   `json:"case"`
	Passed      bool     `json:"passed"`
	Failure     string   `json:"failure,omitempty"`
	Differences []string `json:"differences,omitempty"`
}

func runTests(m *config.Model) (testReport, error) {
	report := testReport{Cases: []testCase{}}
	for _, name := range keys(m.Tests) {
		t := m.Tests[name]
		mp, ok := m.Mappings[t.Spec.Mapping]
		if !ok {
			return report, missing("mapping", t.Spec.Mapping, keys(m.Mappings))
		}
		results, problems := mapping.RunTest(&mp.Spec, &t.Spec, mappingOptions(m))
		if results == nil && len(problems) > 0 {
			return report, invalid(firstError(problems).Diagnostic(mp.Source))
		}
		for _, r := range results {
			c := testCase{Test: name, Case: r.Name, Passed: r.Passed, Failure: r.Failure}
			for _, d := range r.Differences {
				c.Differences = append(c.Differences, d.String())
			}
			if r.Passed {
				report.Passed++
			} else {
				report.Failed++
			}
			report.Cases = append(report.Cases, c)
		}
	}
	return report, nil
}

// mappingOptions are what a mapping is compiled with outside of a touchpoint.
func mappingOptions(m *config.Model) mapping.Options {
	lookups := make(map[string]*config.Lookup, len(m.Lookups))
	for name, l := range m.Lookups {
		lookups[name] = &l.Spec
	}
	return mapping.Options{Lookups: lookups}
}

func (a *app) writeTests(r testReport) {
	for _, c := range r.Cases {
		if c.Passed {
			continue
		}
		a.printf("FAIL %s: %s\n", c.Test, safe(c.Case))
		if c.Failure != "" {
			a.printf("     %s\n", safe(c.Failure))
		}
		for _, d := range c.Differences {
			a.printf("     %s\n", safe(d))
		}
	}
	if len(r.Cases) == 0 {
		a.printf("there are no mapping tests; write one of kind: MappingTest\n")
		return
	}
	a.printf("%s\n", fmt.Sprintf("%d passed, %d failed", r.Passed, r.Failed))
}
