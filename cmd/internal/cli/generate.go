package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/maptest"
)

// maxInputs bounds --generate.
const maxInputs = 1_000_000

// generatedReport is what became of inputs that were made up, as JSON says it.
type generatedReport struct {
	Seed     uint64             `json:"seed"`
	Mappings []generatedMapping `json:"mappings"`
}

type generatedMapping struct {
	Mapping    string           `json:"mapping"`
	Touchpoint string           `json:"touchpoint,omitempty"`
	Typed      bool             `json:"typed"` // the source object is known
	Outcomes   map[string]int   `json:"outcomes"`
	Rejected   []rejectedInputs `json:"rejected"`
	Findings   []findingReport  `json:"findings"`
}

type rejectedInputs struct {
	Field  string `json:"field,omitempty"`
	Rule   string `json:"rule"`
	Type   string `json:"type,omitempty"`
	Inputs int    `json:"inputs"`
}

type findingReport struct {
	Pos     diag.Pos        `json:"pos"`
	Message string          `json:"message"`
	Inputs  int             `json:"inputs"`
	Input   json.RawMessage `json:"input"`
}

// generateTests maps made-up inputs.
func (a *app) generateTests(ctx context.Context, dir string, f *testFlags) error {
	switch {
	case f.update || f.cover || f.coverMin > 0 || f.output == "junit":
		return invalid(errors.New("--generate is alone: it runs no cases; its outputs are text and json"))
	case f.generate > maxInputs:
		return invalid(fmt.Errorf("--generate %d is more than %d", f.generate, maxInputs))
	}
	o := maptest.GenerateOptions{Inputs: f.generate, Seed: f.seed, Now: a.now()}
	if f.run != "" {
		pattern, err := regexp.Compile(f.run)
		if err != nil {
			return invalid(fmt.Errorf("--run: %w", err))
		}
		o.Match = pattern.MatchString
	}
	if o.Seed == 0 {
		o.Seed = uint64(rand.Uint32())
	}
	var err error
	if o.Model, err = a.valid(ctx, dir, f.environment); err != nil {
		return err
	}
	all, err := maptest.Generate(ctx, o)
	if err != nil {
		return failed(err)
	}
	if f.output == "json" {
		err = a.json(reportedGenerated(o.Seed, all))
	} else {
		a.writeGenerated(o.Seed, all)
	}
	if err == nil && slices.ContainsFunc(all, func(g maptest.Generated) bool { return len(g.Findings) > 0 }) {
		err = said(exitFailed)
	}
	return err
}

func reportedGenerated(seed uint64, all []maptest.Generated) generatedReport {
	out := generatedReport{Seed: seed, Mappings: []generatedMapping{}}
	for _, g := range all {
		one := generatedMapping{Mapping: g.Mapping, Touchpoint: g.Touchpoint, Typed: g.Typed, Outcomes: map[string]int{}, Rejected: []rejectedInputs{}, Findings: []findingReport{}}
		for outcome, n := range g.Outcomes {
			one.Outcomes[outcome.String()] = n
		}
		for _, c := range g.Rejected {
			one.Rejected = append(one.Rejected, rejectedInputs{c.Field, string(c.Rule), c.Type, c.N})
		}
		for _, f := range g.Findings {
			one.Findings = append(one.Findings, findingReport{f.Pos, f.Message, f.N, f.Input})
		}
		out.Mappings = append(out.Mappings, one)
	}
	return out
}

func (a *app) writeGenerated(seed uint64, all []maptest.Generated) {
	a.printf("seed %d\n", seed)
	for _, g := range all {
		name := g.Mapping
		if g.Touchpoint != "" {
			name += " in " + g.Touchpoint
		}
		var counts []string
		for _, o := range slices.Sorted(maps.Keys(g.Outcomes)) {
			counts = append(counts, fmt.Sprintf("%d %s", g.Outcomes[o], o))
		}
		a.printf("%s: %s\n", name, strings.Join(counts, ", "))
		if !g.Typed {
			a.printf("     the source object is not known, so these are guesses; dray discover writes its kind: Object\n")
		}
		for _, c := range g.Rejected {
			a.printf("     rejected %d: %s\n", c.N, mapping.Reason{Field: c.Field, Rule: c.Rule, Type: c.Type})
		}
		for _, f := range g.Findings {
			a.printf("FAIL %s: %s: %s (%s)\n", name, f.Pos, safe(f.Message), count(f.N, "input"))
			a.printf("     a case to paste:\n%s\n", safeLines(indentLines(f.Case)))
		}
	}
}

func indentLines(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ")
}
