package mapping

import (
	"github.com/dray-sync/dray/engine/config"
)

// Check compiles a mapping and returns every problem, for [config.Options]. It is safe for concurrent use.
func Check(use config.MappingUse) []config.MappingProblem {
	_, problems := Compile(use.Mapping, Options{Lookups: use.Lookups, Where: use.Where, Key: use.Key, Zone: use.Zone})
	out := make([]config.MappingProblem, len(problems))
	for i, p := range problems {
		out[i] = config.MappingProblem(p)
	}
	return out
}
