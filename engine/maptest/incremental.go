package maptest

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/dray-sync/dray/engine/config"
)

// An Incremental runs the tests of one model after another and runs again only those whose results may have changed. The zero
// Incremental is ready for use. Not safe for concurrent use.
type Incremental struct {
	digests map[string]string // by test
	results map[string][]Result
}

// Run returns the results of all tests of a model, and how many tests it ran for them. match is as in [Options] and must be the same at
// each call. The error is that of ctx.
func (x *Incremental) Run(ctx context.Context, m *config.Model, match func(test, name string) bool, now time.Time) (Report, int, error) {
	digests := make(map[string]string, len(m.Tests))
	stale := map[string]bool{}
	for name := range m.Tests {
		digests[name] = Digest(m, name)
		stale[name] = x.digests[name] != digests[name]
	}
	r, err := Run(ctx, Options{Model: m, Now: now, Match: func(test, name string) bool {
		return stale[test] && (match == nil || match(test, name))
	}})
	if err != nil {
		return Report{}, 0, err
	}
	results := make(map[string][]Result, len(m.Tests))
	for _, c := range r.Results {
		results[c.Test] = append(results[c.Test], c)
	}
	ran := 0
	var all Report
	for _, name := range slices.Sorted(maps.Keys(m.Tests)) {
		if stale[name] {
			ran++
		} else {
			results[name] = x.results[name]
		}
		for _, c := range results[name] {
			all.add(c)
		}
	}
	x.digests, x.results = digests, results
	return all, ran, nil
}

// add takes a result into the report.
func (r *Report) add(c Result) {
	r.Results = append(r.Results, c)
	if c.Passed {
		r.Passed++
	} else {
		r.Failed++
	}
}
