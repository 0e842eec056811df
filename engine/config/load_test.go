package config

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoadGoodPlain(t *testing.T) {
	m, list, err := Load(t.Context(), os.DirFS("../../schema/testdata/good/plain"), Options{Registry: testRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) > 0 {
		t.Fatalf("diagnostics:\n%v", list)
	}
	first, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var back Model
	if err := json.Unmarshal(first, &back); err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(&back)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(first), string(second)); diff != "" {
		t.Errorf("the model does not survive JSON (-want +got):\n%s", diff)
	}
}
