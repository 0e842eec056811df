package maptest

import (
	"strings"
	"testing"
	"time"
)

func TestIncrementalRunsWhatChanged(t *testing.T) {
	const second = `---
apiVersion: dray/v1
kind: Mapping
metadata: {name: other}
spec: {fields: {a: {from: a}}}
---
apiVersion: dray/v1
kind: MappingTest
metadata: {name: other}
spec: {mapping: other, cases: [{name: fails, input: {file: in.json}, expect: {a: 2}}]}
`
	files := map[string]string{"a.yaml": testOf(`{name: passes, input: {name: x, total: 1, lines: [{sku: A}]}, expect: {ref: WEB-x}}`), "b.yaml": second, "in.json": `{"a":1}`}
	var x Incremental
	for _, tt := range []struct {
		name, file, old, new string
		ran, passed, failed  int
	}{
		{"at first", "", "", "", 2, 1, 1},
		{"nothing", "", "", "", 0, 1, 1},
		{"a comment behind", "b.yaml", "a: 2}}]}\n", "a: 2}}]} # comment\n", 0, 1, 1},
		{"the other mapping", "b.yaml", "{from: a}", "{value: 2}", 1, 2, 0},
		{"a lookup", "a.yaml", "item: I-A", "item: I-Z", 1, 2, 0},
		{"the filter", "a.yaml", `!= "filtered"`, `!= "x"`, 1, 1, 1},
		{"an input file", "in.json", "1", "3", 1, 1, 1},
		{"the place alone", "b.yaml", "---\n", "---\n\n", 1, 1, 1},
	} {
		if tt.file != "" {
			if !strings.Contains(files[tt.file], tt.old) {
				t.Fatalf("%s: %s has no %q", tt.name, tt.file, tt.old)
			}
			files[tt.file] = strings.Replace(files[tt.file], tt.old, tt.new, 1)
		}
		r, ran, err := x.Run(t.Context(), load(t, files), nil, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if ran != tt.ran || r.Passed != tt.passed || r.Failed != tt.failed || len(r.Results) != 2 {
			t.Errorf("%s: ran %d, %d passed, %d failed of %d", tt.name, ran, r.Passed, r.Failed, len(r.Results))
		}
	}
}
