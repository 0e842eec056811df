package examples_test

import (
	"io/fs"
	"testing"

	"github.com/dray-sync/dray/adapters/all"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/maptest"
	"github.com/dray-sync/dray/examples"
)

// TestMain lets this binary be the child that evaluates CUE.
func TestMain(m *testing.M) {
	config.RunChildIfAsked()
	m.Run()
}

// Every example is valid, without a warning, has mapping tests, and passes them.
func TestExamples(t *testing.T) {
	folders, err := fs.ReadDir(examples.Files, ".")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, f := range folders {
		t.Run(f.Name(), func(t *testing.T) {
			files, err := fs.Sub(examples.Files, f.Name())
			if err != nil {
				t.Fatal(err)
			}
			m, list, err := config.Load(t.Context(), files, config.Options{Registry: all.Registry(), Compile: mapping.Check})
			if err != nil || m == nil || len(list) > 0 {
				t.Fatalf("loading: %v\n%v", err, list)
			}
			if len(m.Tests) == 0 {
				t.Error("it has no mapping tests")
			}
			report, err := maptest.Run(t.Context(), maptest.Options{Model: m})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range report.Results {
				if !r.Passed {
					t.Errorf("%s: %s: %s %v", r.Pos, r.Name, r.Failure, r.Differences)
				}
			}
		})
	}
}
