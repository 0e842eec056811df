package config

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/dray-sync/dray/engine/policy"
)

// TestBuiltInPacks runs the tests of the packs that come with Dray. Every rule has one that finds something and one that does not, is
// explained, and reads nothing that does not exist.
func TestBuiltInPacks(t *testing.T) {
	set, list, err := Policies(t.Context(), fstest.MapFS{}, Options{})
	if err != nil || len(list) > 0 {
		t.Fatal(err, list)
	}
	names := policy.BuiltInNames()
	results, err := set.Test(t.Context(), names...)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if !r.Passed {
			t.Errorf("%s/%s: %s: %s", r.Pack, r.Rule, r.Name, r.Failure)
		}
	}
	if len(results) < 30 {
		t.Errorf("only %d tests were run", len(results))
	}
	for _, p := range set.Packs {
		if !slices.Contains(names, p.Name) || p.Doc == "" {
			t.Errorf("pack %q: built in %v, doc %q", p.Name, policy.BuiltInNames(), p.Doc)
		}
		for i := range p.Rules {
			r := &p.Rules[i]
			finds := slices.ContainsFunc(r.Tests, func(t policy.Test) bool { return len(t.Finds) > 0 })
			passes := slices.ContainsFunc(r.Tests, func(t policy.Test) bool { return len(t.Finds) == 0 })
			if !finds || !passes || r.Doc == "" || r.Hint == "" {
				t.Errorf("%s/%s lacks a test that finds, one that passes, its doc or its hint", p.Name, r.Name)
			}
			set.loader.checkRule(r)
		}
	}
	for _, d := range set.loader.list {
		t.Error(d)
	}
}
