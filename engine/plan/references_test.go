package plan

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dray-sync/dray/engine/config"
)

// TestPartIsWhatThePlanCompares holds that the part of a model that a flow keeps has nothing that may change without the plan naming the
// flow, and all that a change of makes it another one.
func TestPartIsWhatThePlanCompares(t *testing.T) {
	seen := map[string]int{}
	for _, name := range []string{"plain", "together", "secrets"} {
		m, list, err := config.Load(t.Context(), os.DirFS(filepath.Join("..", "..", "schema", "testdata", "good", name)), config.Options{SkipPolicies: true})
		if err != nil || m == nil {
			t.Fatal(err, list)
		}
		p := newPair(m, m)
		for touchpoint := range m.Touchpoints {
			compared := p.dependencies(touchpoint)
			var part []string
			for kind, all := range entries(m.Part(touchpoint)) {
				for name := range all {
					part = append(part, ref(kind, name))
					seen[kind]++
				}
			}
			for _, r := range part {
				kind, _, _ := strings.Cut(r, "/")
				if kind != "Object" && kind != "Repository" && !slices.Contains(compared, r) {
					t.Errorf("%s, %s: the part has %s, which the plan does not compare", name, touchpoint, r)
				}
			}
			for _, r := range compared {
				kind, _, _ := strings.Cut(r, "/")
				if kind != "Connection" && kind != "Application" && !slices.Contains(part, r) { // a mapping may name ends that it does not have here
					t.Errorf("%s, %s: the plan compares %s, which the part does not have", name, touchpoint, r)
				}
			}
		}
	}
	for _, kind := range []string{"Touchpoint", "Connection", "Credential", "Mapping", "Lookup", "Schedule", "Object"} {
		if seen[kind] == 0 {
			t.Errorf("no part has a %s: the test tries too little", kind)
		}
	}
}
