package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
)

// Check compiles a mapping and returns every problem, for [config.Options]. It is safe for concurrent use.
func Check(use config.MappingUse) []config.MappingProblem {
	steps := make(map[string]expr.Type, len(use.Steps))
	for _, s := range use.Steps {
		steps[s.Name] = recordType(config.Side{Object: s.Object})
	}
	if use.Steps == nil {
		for _, name := range StepNames(use.Mapping) {
			steps[name] = expr.Type{}
		}
	}
	if use.Source.Object == nil && use.Destination.Object == nil {
		use.Lookups = withoutRows(use.Lookups)
	}
	_, problems := Compile(use.Mapping, Options{
		Lookups: use.Lookups, Where: use.Where, When: use.When, Key: use.Key, Zone: use.Zone, Trace: use.Trace, Write: use.Write,
		Split: use.Split, Steps: steps, Later: use.Later, Result: use.Result, Conditions: use.Conditions, Source: use.Source, Destination: use.Destination,
	})
	problems = foreignMapping(use, problems)
	out := make([]config.MappingProblem, 0, len(problems))
	for _, p := range problems {
		if p.Code != CodeLookupRows { // config judges rows where they stand
			out = append(out, config.MappingProblem(p))
		}
	}
	return out
}

var stepName = regexp.MustCompile(`\$steps\.([\pL_][\pL\pN_-]*)`)

// StepNames returns the names that a mapping looks at below $steps, sorted, for where no touchpoint says which there are.
func StepNames(m *config.Mapping) []string {
	var names []string
	for text := range m.Texts() {
		if !strings.Contains(text, rootSteps) {
			continue
		}
		for _, found := range stepName.FindAllStringSubmatch(text, -1) {
			names = append(names, found[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// withoutRows returns lookups of which only the keys matter.
func withoutRows(lookups map[string]*config.Lookup) map[string]*config.Lookup {
	bare := make(map[string]*config.Lookup, len(lookups))
	for name, l := range lookups {
		one := *l
		one.Rows = nil
		bare[name] = &one
	}
	return bare
}

// foreignMapping puts one problem in place of many where most of what a mapping names is not there: it is for another object then.
func foreignMapping(use config.MappingUse, problems []Problem) []Problem {
	const few = 3
	lost := func(p Problem) bool {
		return (p.Code == CodeUnknownName || p.Code == string(expr.CodeUnknownName)) && strings.HasPrefix(p.Hint, "the fields are") && !strings.HasPrefix(p.Path, "spec.split")
	}
	var first []string
	n := 0
	for _, p := range problems {
		if lost(p) {
			if n++; len(first) < few {
				first = append(first, strings.TrimPrefix(p.Path, "spec."))
			}
		}
	}
	if use.MappingPath == "" || n < few || n*2 <= len(use.Mapping.Fields)+len(use.Mapping.Checks) {
		return problems
	}
	ends := make([]string, 0, 2)
	for _, s := range []config.Side{use.Source, use.Destination} {
		if s.Object != nil {
			ends = append(ends, fmt.Sprintf("%q", s.Object.Object))
		}
	}
	return []Problem{{
		Code: CodeUnknownName, Severity: diag.Error, Path: use.MappingPath, Offset: -1,
		Message: fmt.Sprintf("the mapping does not fit: %d names in it are not there in %s, as in %s", n, strings.Join(ends, " or "), strings.Join(first, ", ")),
		Hint:    "take the mapping that is for these objects, or correct the object",
	}}
}
