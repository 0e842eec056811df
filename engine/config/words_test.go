package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dray-sync/dray/engine/diag"
)

// wordsRepository is what each mistake of TestWords stands in.
const wordsRepository = plainRepository + `---
apiVersion: dray/v1
kind: Connection
metadata: {name: shop}
spec: {application: table, config: {path: shop}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: erp}
spec: {application: table, config: {path: erp}}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: order}
spec: {fields: {id: {from: id}}}
---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: orders}
spec: {source: {connection: shop, object: orders, start: now}, mapping: order, destination: {connection: erp, object: sales, write: upsert, key: [id]}}
`

// TestWords holds what people read: place, message and hint of single mistakes, each in a repository that is right otherwise. UPDATE=1
// writes what is said; read it before it is committed.
func TestWords(t *testing.T) {
	archives, err := filepath.Glob("testdata/words/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no mistakes: %v", err)
	}
	for _, name := range archives {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		archive := txtar.Parse(data)
		said := map[string]string{}
		var files []txtar.File
		for _, f := range archive.Files {
			if strings.HasSuffix(f.Name, ".txt") {
				said[f.Name] = string(f.Data)
			} else {
				files = append(files, f)
			}
		}
		archive.Files = nil
		for _, f := range files {
			t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar")+"/"+f.Name, func(t *testing.T) {
				fsys := fstest.MapFS{"dray.yaml": {Data: []byte(wordsRepository)}, f.Name: {Data: f.Data}}
				_, list, err := Load(t.Context(), fsys, Options{Registry: testRegistry(), Environment: ""})
				if err != nil {
					t.Fatal(err)
				}
				list = slices.DeleteFunc(list, func(d diag.Diagnostic) bool { return d.Severity == diag.Warning }) // of how it is used
				var got strings.Builder
				got.WriteString(list.Error() + "\n")
				for _, d := range list {
					if d.Fix != nil && d.Fix.Safe {
						got.WriteString("fix: " + d.Fix.Title + "\n")
					}
				}
				want := strings.TrimSuffix(f.Name, filepath.Ext(f.Name)) + ".txt"
				archive.Files = append(archive.Files, f, txtar.File{Name: want, Data: []byte(got.String())})
				if os.Getenv("UPDATE") != "1" {
					if d := cmp.Diff(said[want], got.String()); d != "" {
						t.Errorf("other words than before; UPDATE=1 takes them (-want +got):\n%s", d)
					}
				}
			})
		}
		if os.Getenv("UPDATE") == "1" {
			if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
