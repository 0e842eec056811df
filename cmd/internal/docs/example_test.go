package docs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/all"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/format"
	"github.com/dray-sync/dray/engine/mapping"
)

const example = "../../../docs/reference/example"

// TestMain lets the test program be the child that evaluates CUE.
func TestMain(m *testing.M) {
	config.RunChildIfAsked()
	os.Exit(m.Run())
}

func definitions(t *testing.T) *config.Definitions {
	t.Helper()
	d, err := config.Define(all.Registry())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// declaredConfig returns what a connection to a declared application takes.
func declaredConfig(t *testing.T) *config.Type {
	t.Helper()
	m, _, err := config.Load(t.Context(), os.DirFS(example), config.Options{Registry: all.Registry(), SkipPolicies: true})
	if err != nil || m == nil {
		t.Fatalf("the example cannot be loaded: %v", err)
	}
	declarer := all.Registry().Declarer()
	application, err := declarer.Declare("webshop", m.Applications["webshop"].Spec.Declaration)
	if err != nil {
		t.Fatal(err)
	}
	d, err := config.Define(adapters.NewRegistry(declarer, application))
	if err != nil {
		t.Fatal(err)
	}
	return d.Applications[0].Config
}

// TestExampleIsRight loads the repository that the pages quote: there is nothing wrong with it, and nothing to warn of.
func TestExampleIsRight(t *testing.T) {
	m, list, err := config.Load(t.Context(), os.DirFS(example), config.Options{Registry: all.Registry(), Compile: mapping.Check})
	if err != nil || len(list) > 0 || m == nil {
		t.Fatalf("error %v, diagnostics:\n%v", err, list)
	}
	mappingTests(t, m)
}

// TestExampleIsFormatted holds that what the pages quote is in canonical form.
func TestExampleIsFormatted(t *testing.T) {
	d := definitions(t)
	for name, text := range exampleFiles(t) {
		got, err := format.YAML([]byte(text), d)
		if err != nil || string(got) != text {
			t.Errorf("%s: run dray fmt: %v", name, err)
		}
	}
}

// exampleFiles returns the YAML files of the example by name.
func exampleFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(example), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".yaml" {
			return err
		}
		text, err := os.ReadFile(filepath.Join(example, name))
		files[name] = string(text)
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no example: %v", err)
	}
	return files
}

// TestEveryFieldIsExplained demands a comment and an example for each field that there is.
func TestEveryFieldIsExplained(t *testing.T) {
	d := definitions(t)
	shown := map[string]bool{}
	for name, text := range exampleFiles(t) {
		if strings.HasPrefix(name, "environments/") {
			continue
		}
		dec := yaml.NewDecoder(strings.NewReader(text))
		for {
			var doc map[string]any
			if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			kind, _ := doc["kind"].(string)
			spec, _ := doc["spec"].(map[string]any)
			application, _ := spec["application"].(string)
			show(shown, d.Resource(kind, application), doc, "", "")
		}
	}
	show(shown, declaredConfig(t), map[string]any{"url": "", "requestTimeout": "", "concurrency": "", "maxAnswer": ""}, "config", "")
	demand := func(what string, fs []row) {
		for _, r := range fs {
			if r.field.Doc == "" && r.path != "apiVersion" && r.path != "kind" && r.path != "metadata" && r.path != "spec" {
				t.Errorf("%s: %s has no comment in its definition", what, r.path)
			}
			if !shown[r.id] {
				t.Errorf("%s: no file of docs/reference/example shows %s %s", what, r.path, r.when)
			}
		}
	}
	for _, k := range d.Kinds {
		f := &flattener{}
		f.typ(k.Type, "", "")
		demand("kind "+k.Name, f.rows)
	}
	f := &flattener{}
	f.typ(declaredConfig(t), "config", "")
	demand("declared applications", f.rows)
	for _, a := range d.Applications {
		f := &flattener{}
		f.typ(d.Resource("Connection", a.Spec.Name), "", "")
		demand("application "+a.Spec.Name, slices.DeleteFunc(f.rows, func(r row) bool {
			return !strings.HasPrefix(r.path, "spec.config") && !strings.HasPrefix(r.path, "spec.objects")
		}))
	}
}

// show notes every field that a value has, in each alternative that the value can be.
func show(shown map[string]bool, t *config.Type, v any, path, when string) {
	if t == nil {
		return
	}
	for _, a := range t.Alternatives {
		if m, ok := v.(map[string]any); !ok || fits(t, a, m) {
			show(shown, a, v, path, alternative(t, a))
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			i := slices.IndexFunc(t.Fields, func(f config.FieldDefinition) bool { return f.Name == name })
			if i < 0 {
				show(shown, t.Named, inner, join(path, "*"), "")
				continue
			}
			at := join(path, name)
			shown[identity(t.Fields[i], at, when)] = true
			if strings.HasPrefix(when, name+": ") {
				shown[name+": "+whichOne] = true
			}
			show(shown, t.Fields[i].Type, inner, at, "")
		}
	case []any:
		for _, inner := range v {
			show(shown, t.Element, inner, path+"[]", "")
			for _, first := range t.First {
				show(shown, first, inner, path+"[]", "")
			}
		}
	}
}

// fits reports whether an object has only fields of an alternative, and the one that names it.
func fits(t, a *config.Type, v map[string]any) bool {
	for name := range v {
		if a.Field(name) == nil {
			return false
		}
	}
	return t.Tag == "" || strings.Contains(alternative(t, a), v[t.Tag].(string))
}
