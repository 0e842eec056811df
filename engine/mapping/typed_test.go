package mapping_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
)

// described is an application that is only described.
type described struct{ spec adapters.Spec }

func (a described) Spec() adapters.Spec { return a.spec }

func (a described) Open(context.Context, adapters.Env, adapters.Settings) (adapters.Connection, error) {
	return nil, errors.New("only described")
}

// typedRegistry knows "shop", whose records are JSON, and "erp", which holds dates as such.
func typedRegistry() *adapters.Registry {
	return adapters.NewRegistry(nil,
		described{adapters.Spec{Name: "shop", Schema: "#Config: {}", Documents: true}},
		described{adapters.Spec{Name: "erp", Schema: "#Config: {}", Dates: true}},
	)
}

const typedFixtures = "../../schema/testdata/typed"

// typedFixture returns the files of a fixture with those of the base besides.
func typedFixture(t *testing.T, name string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{"dray.yaml": {Data: []byte("apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\n")}}
	for _, file := range []string{"base.txtar", name} {
		data, err := os.ReadFile(filepath.Join(typedFixtures, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range txtar.Parse(data).Files {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return fsys
}

// loadTyped returns what is said of mappings and the objects at their ends. Fixtures hold many touchpoints of the same objects, of which other
// checks have their own to say.
func loadTyped(t *testing.T, fsys fstest.MapFS) diag.List {
	t.Helper()
	_, list, err := config.Load(t.Context(), fsys, config.Options{Registry: typedRegistry(), Compile: mapping.Check})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(d diag.Diagnostic) bool {
		return strings.HasPrefix(d.Code, "config/") && !slices.Contains([]string{"config/other-object", "config/unsupported", "config/expression"}, d.Code)
	})
}

var wanted = regexp.MustCompile(`# want: (.*)$`)

// TestTypedFixtures holds that each line says what is wrong on it: "# want: code:col …", and that nothing else is said.
func TestTypedFixtures(t *testing.T) {
	paths, err := filepath.Glob(typedFixtures + "/*.txtar")
	if err != nil || len(paths) < 2 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			fsys := typedFixture(t, filepath.Base(path))
			list := loadTyped(t, fsys)
			want := map[string]bool{}
			for _, name := range slices.Sorted(maps.Keys(fsys)) {
				for i, line := range strings.Split(string(fsys[name].Data), "\n") {
					if m := wanted.FindStringSubmatch(line); m != nil {
						for word := range strings.FieldsSeq(m[1]) {
							want[fmt.Sprintf("%s:%d %s", name, i+1, word)] = true
						}
					}
				}
			}
			for _, d := range list {
				key := fmt.Sprintf("%s:%d %s:%d", d.Pos.File, d.Pos.Line, d.Code, d.Pos.Col)
				if d.Severity == diag.Warning {
					key = fmt.Sprintf("%s:%d %s:%d:warning", d.Pos.File, d.Pos.Line, d.Code, d.Pos.Col)
				}
				if !want[key] {
					t.Errorf("not wanted: %s\n%v", key, d)
				}
				delete(want, key)
				if d.Hint == "" {
					t.Errorf("no hint: %v", d)
				}
			}
			for _, key := range slices.Sorted(maps.Keys(want)) {
				t.Errorf("not found: %s", key)
			}
		})
	}
}
