package api_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/api"
)

// TestGeneratedOpenAPI keeps docs/openapi.yaml what the code answers. UPDATE=1 writes it.
func TestGeneratedOpenAPI(t *testing.T) {
	got, err := api.OpenAPI("v1")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "..", "docs", "openapi.yaml")
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(have), string(got)); d != "" {
		t.Errorf("docs/openapi.yaml is not what the code answers; run make generate (-file +code):\n%s", d)
	}
}
