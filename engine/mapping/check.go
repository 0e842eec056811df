package mapping

import (
	"encoding/json"
	"regexp"
	"slices"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/engine/config"
)

// Check compiles a mapping and returns every problem, for [config.Options]. It is safe for concurrent use.
func Check(use config.MappingUse) []config.MappingProblem {
	steps := make(map[string]expr.Type, len(use.Steps))
	for _, s := range use.Steps {
		steps[s.Name] = objectType(s.Object)
	}
	if use.Steps == nil {
		for _, name := range StepNames(use.Mapping) {
			steps[name] = expr.Type{}
		}
	}
	_, problems := Compile(use.Mapping, Options{
		Lookups: use.Lookups, Where: use.Where, Key: use.Key, Zone: use.Zone,
		Split: use.Split, Steps: steps, Result: use.Result, Conditions: use.Conditions,
	})
	out := make([]config.MappingProblem, len(problems))
	for i, p := range problems {
		out[i] = config.MappingProblem(p)
	}
	return out
}

var stepName = regexp.MustCompile(`\$steps\.([\pL_][\pL\pN_-]*)`)

// StepNames returns the names that a mapping looks at below $steps, sorted, for where no touchpoint says which there are.
func StepNames(m *config.Mapping) []string {
	content, err := json.Marshal(m)
	if err != nil {
		panic("mapping: internal error: a mapping does not marshal: " + err.Error())
	}
	var names []string
	for _, found := range stepName.FindAllSubmatch(content, -1) {
		names = append(names, string(found[1]))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
