package config

import (
	"context"
	"time"

	"github.com/dray-sync/dray/adapters"
)

// Options say how a repository is loaded. The zero Options load with every default and judge no application's settings.
type Options struct {
	// Environment is the environment to load. Empty: the only one there is. Where the repository declares several, all
	// of them are judged then, and the model is that of the first by name.
	Environment string
	// Registry is the applications. nil: neither applications nor their settings are judged.
	Registry *adapters.Registry
	// Cache keeps what is known of files from one load to the next. nil: nothing is kept.
	Cache *Cache
	// EvalCUE evaluates the repository's CUE packages. nil: in a child of this program (see [RunChildIfAsked]).
	EvalCUE func(ctx context.Context, request []byte) ([]byte, error)
	// Compile compiles a mapping as a run does and returns what is wrong with it: mapping.Check. It must be safe for concurrent use.
	// nil: mappings are judged by what they say, and not compiled.
	Compile func(MappingUse) []MappingProblem
	// Updating says that the expected outputs of mapping tests are about to be written: files that hold them may be missing or short.
	Updating bool
	// SkipPolicies leaves the policies out that the repository enables: for a revision that was judged before.
	SkipPolicies bool
	// Now is the time that dates are judged by: which credentials and exemptions have expired. Zero: dates are not judged, so that an
	// agent takes the same revision on every day.
	Now time.Time
	// Objects take the place of the committed kind: Object of the same connection or application and object, or stand beside them: what a
	// live system says of itself.
	Objects []Object
	// Limits bound what is read. Zero fields have their defaults.
	Limits LoadLimits
}

// LoadLimits bound what a repository may hold. Zero fields have the defaults that [LoadLimits.WithDefaults] gives.
type LoadLimits struct {
	FileBytes  int // of one file of configuration
	TotalBytes int // of all files that are read
	Files      int // of configuration
	Depth      int // of values within values
	Nodes      int // values in one file
}

// WithDefaults returns the limits with every zero replaced.
func (l LoadLimits) WithDefaults() LoadLimits {
	set := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	set(&l.FileBytes, 1<<20)
	set(&l.TotalBytes, 64<<20)
	set(&l.Files, 20_000)
	set(&l.Depth, 64)
	set(&l.Nodes, 100_000)
	return l
}
