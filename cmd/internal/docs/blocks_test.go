package docs

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"

	"github.com/dray-sync/dray/adapters/all"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/format"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/maptest"
)

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")

// TestWholePages loads the YAML of pages that show a whole repository, piece by piece: there is nothing wrong with it, and it is written as
// dray fmt writes it.
func TestWholePages(t *testing.T) {
	d := definitions(t)
	for _, page := range []string{"from-appseconnect"} {
		text, err := os.ReadFile("../../../docs/" + page + ".md")
		if err != nil {
			t.Fatal(err)
		}
		fsys := fstest.MapFS{"dray.yaml": {Data: []byte("apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\n")}}
		blocks := yamlBlock.FindAllStringSubmatch(string(text), -1)
		for i, m := range blocks {
			fsys[fmt.Sprintf("%02d.yaml", i)] = &fstest.MapFile{Data: []byte(m[1])}
			if got, err := format.YAML([]byte(m[1]), d); err != nil || string(got) != m[1] {
				t.Errorf("%s, block %d: dray fmt writes it otherwise: %v\n%s", page, i, err, got)
			}
		}
		m, list, err := config.Load(t.Context(), fsys, config.Options{Registry: all.Registry(), Compile: mapping.Check})
		if err != nil || list.HasErrors() || len(blocks) == 0 {
			t.Errorf("%s: error %v, diagnostics:\n%v", page, err, list)
			continue
		}
		mappingTests(t, m)
	}
}

// mappingTests runs the mapping tests of a model, all of which must pass.
func mappingTests(t *testing.T, m *config.Model) {
	t.Helper()
	report, err := maptest.Run(t.Context(), maptest.Options{Model: m})
	if err != nil || report.Passed == 0 {
		t.Errorf("error %v, %d cases passed", err, report.Passed)
	}
	for _, r := range report.Results {
		if !r.Passed {
			t.Errorf("%s: %s: %s %v", r.Test, r.Name, r.Failure, r.Differences)
		}
	}
}

// TestSnippets compiles the fields and conditions that pages show without a resource around them.
func TestSnippets(t *testing.T) {
	count := 0
	for _, page := range []string{"expressions", "functions"} {
		text, err := os.ReadFile("pages/" + page + ".md")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range yamlBlock.FindAllStringSubmatch(string(text), -1) {
			var fields map[string]any
			if err := yaml.Unmarshal([]byte(m[1]), &fields); err != nil {
				t.Fatalf("%s: %v\n%s", page, err, m[1])
			}
			for name, value := range fields {
				if text, ok := value.(string); ok {
					fields[name] = map[string]any{"value": "x", "when": text}
				}
			}
			count += len(fields)
			doc, err := yaml.Marshal(map[string]any{"apiVersion": "dray/v1", "kind": "Mapping", "metadata": map[string]any{"name": "m"}, "spec": map[string]any{"fields": fields}})
			if err != nil {
				t.Fatal(err)
			}
			fsys := fstest.MapFS{
				"dray.yaml": {Data: []byte("apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\n")},
				"m.yaml":    {Data: doc},
			}
			_, list, err := config.Load(t.Context(), fsys, config.Options{Compile: mapping.Check})
			if err != nil || list.HasErrors() {
				t.Errorf("%s: error %v, diagnostics:\n%v\n%s", page, err, list, strings.TrimSpace(string(doc)))
			}
		}
	}
	if count < 4 {
		t.Errorf("only %d fields", count)
	}
}
