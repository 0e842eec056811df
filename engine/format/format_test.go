package format_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/files"
	"github.com/dray-sync/dray/adapters/rest"
	"github.com/dray-sync/dray/adapters/sqlite"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/format"
)

func registry() *adapters.Registry {
	return adapters.NewRegistry(rest.New(), files.New(), sqlite.New())
}

func definitions(t testing.TB) *config.Definitions {
	t.Helper()
	d, err := config.Define(registry())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestCases formats the cases of testdata/cases.txtar: NAME.in becomes NAME.out, and that stays as it is. UPDATE=1 writes what comes out.
func TestCases(t *testing.T) {
	d := definitions(t)
	const file = "testdata/cases.txtar"
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range archive.Files {
		name, in := strings.CutSuffix(f.Name, ".in")
		if !in {
			continue
		}
		if i+1 == len(archive.Files) || archive.Files[i+1].Name != name+".out" {
			t.Fatalf("%s has no .out behind it", f.Name)
		}
		t.Run(name, func(t *testing.T) {
			source := strings.NewReplacer("\\r", "\r", "\\t", "\t", "·", " ").Replace(string(f.Data))
			got, err := format.YAML([]byte(source), d)
			if err != nil {
				got = []byte(err.Error() + "\n")
			}
			if os.Getenv("UPDATE") == "1" {
				archive.Files[i+1].Data = got
			}
			if diff := cmp.Diff(string(archive.Files[i+1].Data), string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if err != nil {
				return
			}
			again, err := format.YAML(got, d)
			if diff := cmp.Diff(string(got), string(again)); diff != "" || err != nil {
				t.Errorf("not stable: %v\n%s", err, diff)
			}
		})
	}
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// sources returns every YAML file of the fixtures, the examples and what dray init makes, by name.
func sources(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, root := range []string{"../../schema/testdata/good", "../../examples", "../../cmd/internal/cli/initfiles"} {
		err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(name) != ".yaml" {
				return err
			}
			text, err := os.ReadFile(name)
			all[name] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	bad, err := filepath.Glob("../../schema/testdata/bad/*.txtar")
	if err != nil || len(bad) == 0 || len(all) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, name := range bad {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if filepath.Ext(f.Name) == ".yaml" {
				all[name+"/"+f.Name] = string(f.Data)
			}
		}
	}
	return all
}

// TestFixtures formats all there is. Whatever reads well is formatted, and the result is stable.
func TestFixtures(t *testing.T) {
	d := definitions(t)
	formatted := 0
	for name, text := range sources(t) {
		got, err := format.YAML([]byte(text), d)
		if err != nil {
			if !config.Syntax(name, []byte(text)).HasErrors() {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		formatted++
		again, err := format.YAML(got, d)
		if diff := cmp.Diff(string(got), string(again)); diff != "" || err != nil {
			t.Errorf("%s: not stable: %v\n%s", name, err, diff)
		}
	}
	if formatted < 40 {
		t.Errorf("only %d files", formatted)
	}
}

// TestOursIsFormatted holds that the examples, and what dray init writes, are in the form that dray fmt gives.
func TestOursIsFormatted(t *testing.T) {
	d := definitions(t)
	for name, text := range sources(t) {
		if strings.Contains(name, "schema/testdata") {
			continue
		}
		got, err := format.YAML([]byte(text), d)
		if diff := cmp.Diff(text, string(got)); diff != "" || err != nil {
			t.Errorf("%s: run dray fmt: %v\n%s", name, err, diff)
		}
	}
}
