package docs

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dray-sync/dray/adapters/all"
	"github.com/dray-sync/dray/engine/config"
)

var namedBlock = regexp.MustCompile("(?ms)^```(?:yaml|cue)\n(?:#|//) (\\S+)\n(.*?)^```")

// TestPoliciesPage loads the repository that the page on policies shows, and runs the tests of its rules.
func TestPoliciesPage(t *testing.T) {
	text, err := os.ReadFile("../../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	fsys := fstest.MapFS{"schedules.yaml": {Data: []byte("apiVersion: dray/v1\nkind: Schedule\nmetadata: {name: stock}\nspec: {every: 1m}\n---\napiVersion: dray/v1\nkind: Schedule\nmetadata: {name: books}\nspec: {every: 5m}\n")}}
	for _, m := range namedBlock.FindAllStringSubmatch(string(text), -1) {
		fsys[m[1]] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(m[2], "2027-03-31", "2026-12-31"))}
	}
	o := config.Options{Registry: all.Registry(), Now: now}
	set, list, err := config.Policies(t.Context(), fsys, o)
	if err != nil || len(list) > 0 {
		t.Fatal(err, list)
	}
	results, err := set.Test(t.Context(), "acme")
	if err != nil || len(results) < 7 {
		t.Fatalf("%d tests, error %v", len(results), err)
	}
	for _, r := range results {
		if !r.Passed {
			t.Errorf("%s: %s: %s", r.Rule, r.Name, r.Failure)
		}
	}
	_, list, err = config.Load(t.Context(), fsys, o)
	if err != nil {
		t.Fatal(err)
	}
	var found strings.Builder
	for _, d := range list {
		if strings.HasPrefix(d.Code, "policy/") {
			found.WriteString(d.Pos.String() + " " + d.Code + "\n")
		}
	}
	if want := "schedules.yaml:9:15 policy/acme/business-hours\n"; found.String() != want {
		t.Errorf("found\n%swant\n%s", found.String(), want)
	}
}
