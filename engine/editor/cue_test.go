package editor_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/load"

	"github.com/dray-sync/dray/engine/editor"
)

// TestCUEModule evaluates a repository against the module where CUE itself finds it, without a network.
func TestCUEModule(t *testing.T) {
	module, err := editor.CUEModule(registry())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, text []byte) {
		t.Helper()
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(module)) {
		write(editor.CUEFolder+"/"+name, module[name])
	}
	write("cue.mod/module.cue", []byte("module: \"repository.example@v0\"\nlanguage: version: \"v0.16.0\"\n"))
	const use = "package flows\n\nimport \"dray.dev/schema@v1:schema\"\n\na: schema.#Connection & {apiVersion: \"dray/v1\", kind: \"Connection\", metadata: name: \"a\", "
	for _, c := range []struct {
		name, spec string
		takes      bool
	}{
		{"right settings", `spec: {application: "files", config: path: "in"}`, true},
		{"settings of another application", `spec: {application: "files", config: {path: "in", host: "db"}}`, false},
		{"a missing setting", `spec: {application: "files", config: {}}`, false},
		{"an object", `spec: {application: "files", config: path: "in", objects: o: {pattern: "*", format: "csv"}}`, true},
		{"an object in another form", `spec: {application: "files", config: path: "in", objects: o: {pattern: "*", format: "xml"}}`, false},
		{"a declared application", `spec: {application: "legacy", config: url: "https://legacy.example"}`, true},
		{"a field that does not exist", `spec: {application: "files", config: path: "in", sped: true}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			write("flows/flows.cue", []byte(use+c.spec+"}\n"))
			got := load.Instances([]string{"./flows"}, &load.Config{Dir: dir, Env: []string{"CUE_REGISTRY=none"}})
			if got[0].Err != nil {
				t.Fatal(got[0].Err)
			}
			err := cuecontext.New().BuildInstance(got[0]).Validate(cue.Concrete(true))
			if (err == nil) != c.takes {
				t.Errorf("got %v, takes: %v", err, c.takes)
			}
		})
	}
}
