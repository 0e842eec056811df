package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/policy"
	"github.com/dray-sync/dray/engine/repo"
)

func (a *app) policyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "List the rules that configuration is judged by, and test your own",
		Long:  "Packs of rules are enabled in dray.yaml, under spec.policies. Two come with Dray, others are CUE packages in policies/.\n\n" + exitCodesHelp,
	}
	c.AddCommand(a.policyListCommand(), a.policyTestCommand())
	return c
}

func (a *app) policyListCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "list [DIR]",
		Short: "List all rules, with those of the repository in DIR",
		Long: `Lists the rules of the packs that come with Dray and of those in the folder policies: which kinds they judge, how
severe a finding is, and whether the repository enables them.

` + exitCodesHelp,
		Example: "  dray policy list\n  dray policy list --output json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			set, err := a.policies(c.Context(), folder(args))
			if err != nil {
				return err
			}
			if output == "json" {
				return a.json(policyRules(set))
			}
			var rows [][]string
			for _, r := range policyRules(set) {
				enabled := "no"
				if r.Enabled {
					enabled = "yes"
				}
				rows = append(rows, []string{r.Pack + "/" + r.Name, string(r.Severity), enabled, strings.Join(r.Kinds, ","), r.About})
			}
			return a.table([]string{"RULE", "SEVERITY", "ENABLED", "KINDS", "WHY"}, rows)
		},
	}
	outputFlag(c, &output, "text", "json")
	return c
}

// policyRule is a rule as lists show it.
type policyRule struct {
	Pack     string        `json:"pack"`
	Name     string        `json:"name"`
	Enabled  bool          `json:"enabled"`
	Severity diag.Severity `json:"severity"`
	Kinds    []string      `json:"kinds"`
	About    string        `json:"about"`
	Hint     string        `json:"hint,omitempty"`
	Tests    int           `json:"tests"`
}

func policyRules(set *config.PolicySet) []policyRule {
	rules := []policyRule{}
	for _, p := range set.Packs {
		for _, r := range p.Rules {
			about := r.Doc
			if about == "" {
				about = r.Message
			}
			rules = append(rules, policyRule{p.Name, r.Name, slices.Contains(set.Enabled, p.Name), r.Severity, r.Kinds, about, r.Hint, len(r.Tests)})
		}
	}
	return rules
}

func (a *app) policyTestCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests of the repository's own policy packs",
		Long: `A pack's tests stand beside it, in a file named _test.cue: inputs of a rule, and the paths of what it must find in
them. Defaults are filled in, so an input says only what matters. It needs no network and no secret.

` + exitCodesHelp,
		Example: "  dray policy test\n  dray policy test ./integrations --output junit > policies.xml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.policyTest(c.Context(), folder(args), output)
		},
	}
	outputFlag(c, &output, "text", "json", "junit")
	return c
}

// policies reads the packs of the repository in a folder, and refuses packs that cannot be used.
func (a *app) policies(ctx context.Context, dir string) (*config.PolicySet, error) {
	source, err := repo.OpenDirectory(dir, repo.Limits{})
	if err != nil {
		return nil, unreachable(err)
	}
	r, err := source.Fetch(ctx, "")
	if err != nil {
		return nil, unreachable(err)
	}
	set, list, err := config.Policies(ctx, r.Tree, config.Options{Registry: a.registry, Now: a.now()})
	if err != nil {
		return nil, unreachable(err)
	}
	return set, a.refuse(list)
}

// policyReport is the outcome of all tests of rules.
type policyReport struct {
	Passed   int                 `json:"passed"`
	Failed   int                 `json:"failed"`
	Tests    []config.PolicyTest `json:"tests"`
	Untested []string            `json:"untested"` // rules that no test shows to find something
}

func (a *app) policyTest(ctx context.Context, dir, output string) error {
	set, err := a.policies(ctx, dir)
	if err != nil {
		return err
	}
	report := policyReport{Tests: []config.PolicyTest{}, Untested: []string{}}
	var own []string
	for _, p := range set.Packs {
		if policy.IsBuiltIn(p.Name) {
			continue
		}
		own = append(own, p.Name)
		for _, r := range p.Rules {
			if !slices.ContainsFunc(r.Tests, func(t policy.Test) bool { return len(t.Finds) > 0 }) {
				report.Untested = append(report.Untested, p.Name+"/"+r.Name)
			}
		}
	}
	if len(own) == 0 {
		return invalid(errors.New("there are no policy packs here: write one as a CUE package in policies/, see docs/policies.md"))
	}
	results, err := set.Test(ctx, own...)
	if err != nil {
		return failed(err)
	}
	report.Tests = append(report.Tests, results...)
	for _, t := range results {
		if t.Passed {
			report.Passed++
		} else {
			report.Failed++
		}
	}
	if err := a.writePolicyTests(report, output); err != nil {
		return err
	}
	if report.Failed > 0 {
		return said(exitFailed)
	}
	return nil
}

func (a *app) writePolicyTests(r policyReport, output string) error {
	switch output {
	case "json":
		return a.json(r)
	case "junit":
		return a.xml(policyJUnit(r))
	}
	for _, t := range r.Tests {
		if !t.Passed {
			a.printf("FAIL %s/%s: %s\n     %s\n     see: %s\n", t.Pack, t.Rule, safe(t.Name), safe(t.Failure), t.Pos)
		}
	}
	for _, rule := range r.Untested {
		a.printf("no test shows that %s finds anything\n", rule)
	}
	a.printf("%s\n", fmt.Sprintf("%d passed, %d failed", r.Passed, r.Failed))
	return nil
}

// policyJUnit is a report in the form that CI systems read, one suite for each rule.
func policyJUnit(r policyReport) junitSuites {
	out := junitSuites{Name: "dray policy test", Tests: len(r.Tests), Failures: r.Failed}
	for _, t := range r.Tests {
		rule := t.Pack + "/" + t.Rule
		if n := len(out.Suites); n == 0 || out.Suites[n-1].Name != rule {
			out.Suites = append(out.Suites, junitSuite{Name: rule})
		}
		s := &out.Suites[len(out.Suites)-1]
		one := junitCase{Class: rule, Name: t.Name, File: t.Pos.File, Line: t.Pos.Line}
		if s.Tests++; !t.Passed {
			s.Failures++
			one.Failure = &junitFailure{Message: t.Failure}
		}
		s.Cases = append(s.Cases, one)
	}
	return out
}
