package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/maptest"
	"github.com/dray-sync/dray/engine/repo"
)

// testFlags are the flags of dray test.
type testFlags struct {
	environment, output string
	run                 string
	cover               bool
	coverMin            int
	update, watch       bool
	generate            int
	seed                uint64
}

func (a *app) testCommand() *cobra.Command {
	var f testFlags
	c := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the mapping tests of a repository",
		Long: `Maps the input of every case and compares what comes out with what the case expects. It opens no network, no
secret and no connection. Where patches make an environment different, what they change is tested there, too.

With --generate inputs are made up, from the kind: Object of the source and from what the mapping reads: empty texts, huge
numbers, nulls, missing fields, dates at clock changes. Whatever the source object can have must come out as the mapping
declares: nothing fails inside, nothing is rejected but for a reason that the mapping names, and the output is one that
the destination object can have. The smallest input for which that is not so is shown as a case to paste.

With --update the expectations of cases that fail become what came out, in place; comments stay. A case that expects a part
still expects that part. Read the difference before you commit it.

` + exitCodesHelp,
		Example: `  dray test
  dray test --run 'order-to-sale: .*Germany'
  dray test --coverage --coverage-min 80
  dray test --generate 1000 --seed 7
  dray test ./integrations --output junit > tests.xml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.test(c.Context(), folder(args), &f) },
	}
	environmentFlagAll(c, &f.environment)
	outputFlag(c, &f.output, "text", "json", "junit")
	c.Flags().BoolVar(&f.cover, "coverage", false, "say what of the mappings and lookups no case reaches")
	c.Flags().IntVar(&f.coverMin, "coverage-min", 0, "fail when the cases of any mapping reach less than so many percent of it")
	c.Flags().BoolVar(&f.update, "update", false, "write what comes out into the expectations of the cases that fail")
	c.Flags().BoolVar(&f.watch, "watch", false, "run again what a change matters to, as files change, until interrupted")
	c.Flags().IntVar(&f.generate, "generate", 0, "make up so many inputs for each mapping in place of the cases")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "what --generate makes up (default another each time)")
	c.Flags().StringVar(&f.run, "run", "", "only cases whose TEST: CASE matches this regular expression; with --generate mappings by name")
	return c
}

func (a *app) test(ctx context.Context, dir string, f *testFlags) error {
	match, err := f.match()
	if err != nil {
		return err
	}
	if f.watch {
		if f.update || f.cover || f.coverMin > 0 || f.output != "text" {
			return invalid(errors.New("--watch shows what fails as text; run the tests again for --update, --coverage and other outputs"))
		}
		return a.watchTests(ctx, dir, f, match)
	}
	if f.generate > 0 {
		return a.generateTests(ctx, dir, f)
	}
	if f.update {
		if err := a.updateTests(ctx, dir, f, match); err != nil {
			return err
		}
	}
	models, err := a.validModels(ctx, dir, f.environment)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(models, func(m *config.Model) bool { return anyMatches(m, match) }) {
		return invalid(fmt.Errorf("no case matches --run %s", safe(f.run)))
	}
	report, err := maptest.RunAll(ctx, models, maptest.Options{Match: match, Now: a.now(), Cover: f.cover || f.coverMin > 0})
	if err != nil {
		return failed(err)
	}
	if err := a.writeTests(models[0], report, f); err != nil {
		return err
	}
	if report.Failed > 0 {
		return said(exitFailed)
	}
	if f.coverMin > 0 {
		return enough(report.Coverage, f.coverMin)
	}
	return nil
}

// validModels returns the models of all environments, or of the one that is named, the first first.
func (a *app) validModels(ctx context.Context, dir, environment string) ([]*config.Model, error) {
	source, err := repo.OpenDirectory(dir, repo.Limits{})
	if err != nil {
		return nil, unreachable(err)
	}
	rev, err := source.Fetch(ctx, "")
	if err != nil {
		return nil, unreachable(err)
	}
	models, list, err := a.environments(ctx, rev.Tree, environment, false)
	if err != nil {
		return nil, unreachable(err)
	}
	if err := a.refuse(list); err != nil {
		return nil, err
	}
	var all []*config.Model
	for _, name := range keys(models) {
		all = append(all, models[name])
	}
	return all, nil
}

// match selects cases by --run.
func (f *testFlags) match() (func(test, name string) bool, error) {
	if f.run == "" {
		return nil, nil
	}
	pattern, err := regexp.Compile(f.run)
	if err != nil {
		return nil, invalid(fmt.Errorf("--run: %w", err))
	}
	return func(test, name string) bool { return pattern.MatchString(test + ": " + name) }, nil
}

// anyMatches reports whether a selection leaves any case. Without one it does.
func anyMatches(m *config.Model, match func(test, name string) bool) bool {
	for name, t := range m.Tests {
		for i := range t.Spec.Cases {
			if match == nil || match(name, t.Spec.Cases[i].Name) {
				return true
			}
		}
	}
	return match == nil
}

// testReport is the outcome of all mapping tests.
type testReport struct {
	Passed int        `json:"passed"`
	Failed int        `json:"failed"`
	Cases  []testCase `json:"cases"`

	Coverage *coverageReport `json:"coverage,omitempty"`
}

type testCase struct {
	Test        string           `json:"test"`
	Case        string           `json:"case"`
	Environment string           `json:"environment,omitempty"` // where it is another than in the first
	Mapping     string           `json:"mapping"`
	Pos         diag.Pos         `json:"pos"`
	Passed      bool             `json:"passed"`
	Outcome     string           `json:"outcome"`
	Failure     string           `json:"failure,omitempty"`
	Differences []testDifference `json:"differences,omitempty"`
}

type testDifference struct {
	Path string          `json:"path"`
	Pos  diag.Pos        `json:"pos"`
	Want json.RawMessage `json:"want,omitempty"` // absent: nothing was expected
	Got  json.RawMessage `json:"got,omitempty"`  // absent: nothing is there
}

// writeTests writes a report in the form that is asked for.
func (a *app) writeTests(m *config.Model, r maptest.Report, f *testFlags) error {
	switch f.output {
	case "json":
		return a.json(reported(r))
	case "junit":
		return a.writeJUnit(r)
	}
	a.writeFailures(r)
	if len(r.Results) == 0 {
		a.printf("there are no mapping tests; write one of kind: MappingTest\n")
	} else {
		a.printf("%d passed, %d failed\n", r.Passed, r.Failed)
	}
	if f.cover {
		a.writeCoverage(m, r.Coverage)
	}
	return nil
}

// reported is a report as JSON says it.
func reported(r maptest.Report) testReport {
	out := testReport{Passed: r.Passed, Failed: r.Failed, Cases: make([]testCase, 0, len(r.Results)), Coverage: reportedCoverage(r.Coverage)}
	for _, c := range r.Results {
		one := testCase{Test: c.Test, Case: c.Name, Environment: c.Environment, Mapping: c.Mapping, Pos: c.Pos, Passed: c.Passed, Outcome: c.Outcome.String(), Failure: c.Failure}
		for _, d := range c.Differences {
			one.Differences = append(one.Differences, testDifference{Path: d.Path, Pos: d.Pos, Want: json.RawMessage(d.Want), Got: json.RawMessage(d.Got)})
		}
		out.Cases = append(out.Cases, one)
	}
	return out
}

func (a *app) writeFailures(r maptest.Report) {
	for i := range r.Results {
		if !r.Results[i].Passed {
			a.writeFailure(&r.Results[i])
		}
	}
}

// writeFailure says what is wrong with a case, line by line, each with its place.
func (a *app) writeFailure(r *maptest.Result) {
	a.printf("FAIL %s: %s%s\n", r.Test, safe(r.Name), suffix(" in ", r.Environment))
	if r.Failure != "" {
		a.printf("     %s: %s\n", r.Pos, safeLines(r.Failure))
	}
	for _, d := range r.Differences {
		a.printf("     %s: %s\n", d.Pos, safe(d.String()))
	}
}
