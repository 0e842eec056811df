package config_test

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
)

// TestApplyIsWhatMappingsKnow keeps the functions of the definitions and those that mappings are compiled with the same.
func TestApplyIsWhatMappingsKnow(t *testing.T) {
	for _, f := range mapping.ApplyFuncs() {
		form := f.Name
		if f.Arg != "" {
			form = fmt.Sprintf("{%s: %s}", f.Name, f.Arg)
		}
		fsys := fstest.MapFS{
			"dray.yaml": {Data: []byte("apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\n")},
			"m.yaml":    {Data: []byte("apiVersion: dray/v1\nkind: Mapping\nmetadata: {name: m}\nspec: {fields: {a: {from: a, apply: [" + form + "]}}}\n")},
		}
		m, list, err := config.Load(t.Context(), fsys, config.Options{})
		if err != nil || len(list) > 0 {
			t.Errorf("%s: %v\n%v", form, err, list)
			continue
		}
		if _, problems := mapping.Compile(&m.Mappings["m"].Spec, mapping.Options{}); len(problems) > 0 {
			t.Errorf("%s: %v", form, problems)
		}
	}
}
