package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/plan"
)

// planSchema describes the JSON of a plan as its types do.
func planSchema() (*huma.Schema, huma.Registry) {
	registry := huma.NewMapRegistry("#/$defs/", huma.DefaultSchemaNamer)
	schema := huma.SchemaFromType(registry, reflect.TypeFor[plan.Report]())
	return schema, registry
}

// TestGeneratedPlanSchema keeps docs/plan.schema.json what the types say. UPDATE=1 writes it.
func TestGeneratedPlanSchema(t *testing.T) {
	schema, registry := planSchema()
	text, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	document := map[string]any{}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	document["title"] = "What dray plan --output json prints"
	document["$defs"] = registry.Map()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "..", "..", "docs", "plan.schema.json")
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(have), b.String()); d != "" {
		t.Errorf("docs/plan.schema.json is not what the types say; run make generate (-file +types):\n%s", d)
	}
}

// TestPlanKeepsToItsSchema holds that what a plan prints is what its schema says.
func TestPlanKeepsToItsSchema(t *testing.T) {
	flow := func(object string) *config.Model {
		r := &config.Resource[config.Touchpoint]{Metadata: config.Metadata{Name: "orders"}, Digest: object}
		r.Spec.Source = config.SourceSpec{Connection: "shop", Object: object, Start: "now"}
		return &config.Model{Digest: object, Touchpoints: map[string]*config.Resource[config.Touchpoint]{"orders": r}}
	}
	full := plan.Diff(flow("orders"), flow("drafts"))
	full.Touchpoints[0].Existing = &plan.Existing{Checkpoint: true, Records: 3}
	for name, report := range map[string]plan.Report{
		"nothing": {Version: plan.ReportVersion, Environments: []plan.Changes{}},
		"equal":   {Version: plan.ReportVersion, Environments: []plan.Changes{plan.Diff(flow("orders"), flow("orders"))}},
		"a reset": {Version: plan.ReportVersion, From: plan.Revision{Name: "main", Commit: "abc"}, To: plan.Revision{Files: true}, Environments: []plan.Changes{full}, Gone: []string{"staging"}},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(report)
			if err != nil {
				t.Fatal(err)
			}
			var v any
			if err := json.Unmarshal(text, &v); err != nil {
				t.Fatal(err)
			}
			schema, registry := planSchema()
			var result huma.ValidateResult
			huma.Validate(registry, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, &result)
			for _, err := range result.Errors {
				t.Errorf("%s: %v", text, err)
			}
		})
	}
}
