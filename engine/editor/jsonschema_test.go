package editor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/files"
	"github.com/dray-sync/dray/adapters/postgres"
	"github.com/dray-sync/dray/adapters/rest"
	"github.com/dray-sync/dray/adapters/sqlite"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/editor"
)

const fixtures = "../../schema/testdata"

func registry() *adapters.Registry {
	return adapters.NewRegistry(rest.New(), files.New(), sqlite.New(), postgres.New())
}

// compiled returns what a schema function makes, as a validator reads it.
func compiled(t *testing.T, r *adapters.Registry, make func(*config.Definitions) ([]byte, error)) *jsonschema.Schema {
	t.Helper()
	d, err := config.Define(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := make(d)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("dray.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("dray.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// documents returns the YAML documents of a text with the lines they begin on. What is not well-formed is left out.
func documents(text string) (docs []any, lines []int) {
	dec := yaml.NewDecoder(strings.NewReader(text))
	for {
		var n yaml.Node
		if err := dec.Decode(&n); err != nil {
			if !errors.Is(err, io.EOF) {
				return nil, nil
			}
			return docs, lines
		}
		var v any
		if err := n.Decode(&v); err != nil {
			return nil, nil
		}
		text, err := json.Marshal(v)
		if err != nil {
			return nil, nil
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, nil
		}
		docs, lines = append(docs, doc), append(lines, n.Content[0].Line)
	}
}

func isResource(doc any) bool {
	m, ok := doc.(map[string]any)
	return ok && m["kind"] != nil && m["apiVersion"] != nil
}

// TestGoodFixturesValidate holds that no editor marks what Dray takes: the good fixtures, the example and the files of dray init.
func TestGoodFixturesValidate(t *testing.T) {
	kinds, all := compiled(t, nil, editor.JSONSchema), compiled(t, registry(), editor.JSONSchema)
	count := 0
	for pattern, s := range map[string]*jsonschema.Schema{
		fixtures + "/good/*/*.yaml":                 kinds,
		"../../examples/*/*.yaml":                   all,
		"../../examples/*/*/*.yaml":                 all,
		"../../cmd/internal/cli/initfiles/*/*.yaml": all,
	} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: nothing there: %v", pattern, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			docs, lines := documents(string(text))
			for i, doc := range docs {
				if !isResource(doc) {
					continue
				}
				count++
				if err := s.Validate(doc); err != nil {
					t.Errorf("%s:%d: %v", name, lines[i], err)
				}
			}
		}
	}
	if count < 20 {
		t.Errorf("only %d resources", count)
	}
}

var (
	wantComment = regexp.MustCompile(`# want: (.*)$`)
	structural  = []string{"config/unknown-field", "config/missing-field", "config/wrong-type", "config/unknown-kind", "config/unknown-version"}
	// perhaps are codes of which a schema knows a part.
	perhaps = []string{"config/bad-value", "config/one-of", "config/misplaced-field"}
	// unread are codes of what a YAML reader takes otherwise or not at all.
	unread = []string{"config/syntax", "config/alias", "config/tag", "config/ambiguous-value", "config/duplicate-key", "config/too-large", "config/patch"}
)

// TestBadFixtures holds that a schema refuses what is wrong in form, and nothing that is wrong otherwise.
func TestBadFixtures(t *testing.T) {
	s := compiled(t, nil, editor.JSONSchema)
	names, err := filepath.Glob(fixtures + "/bad/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no bad fixtures: %v", err)
	}
	refused, taken := 0, 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range txtar.Parse(text).Files {
			if filepath.Ext(f.Name) != ".yaml" || strings.Contains(f.Name, "patch") || strings.Contains(f.Name, "environments/") {
				continue
			}
			docs, lines := documents(string(f.Data))
			for i, doc := range docs {
				last := 1 << 30
				if i+1 < len(lines) {
					last = lines[i+1] - 1
				}
				codes := wanted(string(f.Data), lines[i], last)
				m, _ := doc.(map[string]any)
				if containsAny(codes, unread) || m["apiVersion"] == nil || m["kind"] == "Connection" || m["kind"] == "Application" {
					continue
				}
				if (m["kind"] == "Mapping" || m["kind"] == "Touchpoint" || m["kind"] == "Lookup") && !containsAny(codes, structural[:1]) {
					codes = append(codes, perhaps...) // which fields go together there is judged in Go
				}
				err := s.Validate(doc)
				switch {
				case err == nil && containsAny(codes, structural) && !containsAny(codes, perhaps):
					t.Errorf("%s %s:%d: taken in spite of %v", filepath.Base(name), f.Name, lines[i], codes)
				case err != nil && !containsAny(codes, structural) && !containsAny(codes, perhaps):
					t.Errorf("%s %s:%d: refused: %v", filepath.Base(name), f.Name, lines[i], err)
				case err != nil:
					refused++
				default:
					taken++
				}
			}
		}
	}
	if refused < 10 || taken < 10 {
		t.Errorf("%d documents refused and %d taken: the fixtures say too little", refused, taken)
	}
}

// wanted returns the codes that a stretch of lines is to be reported with.
func wanted(text string, first, last int) []string {
	var codes []string
	for i, line := range strings.Split(text, "\n") {
		if m := wantComment.FindStringSubmatch(line); m != nil && i+1 >= first && i+1 <= last {
			for word := range strings.FieldsSeq(m[1]) {
				code, _, _ := strings.Cut(word, ":")
				codes = append(codes, code)
			}
		}
	}
	return codes
}

func containsAny(codes, of []string) bool {
	return slices.ContainsFunc(codes, func(c string) bool { return slices.Contains(of, c) })
}

const head = "apiVersion: dray/v1\nkind: "

// TestSchemas tries single documents.
func TestSchemas(t *testing.T) {
	resource, patch := compiled(t, registry(), editor.JSONSchema), compiled(t, registry(), editor.PatchSchema)
	for _, c := range []struct {
		name   string
		schema *jsonschema.Schema
		text   string
		takes  bool
	}{
		{"settings of the application", resource, head + "Connection\nmetadata: {name: a}\nspec: {application: sqlite, config: {path: a.db}}", true},
		{"settings of another", resource, head + "Connection\nmetadata: {name: a}\nspec: {application: sqlite, config: {host: db}}", false},
		{"missing settings", resource, head + "Connection\nmetadata: {name: a}\nspec: {application: sqlite}", false},
		{"a declared application", resource, head + "Connection\nmetadata: {name: a}\nspec: {application: legacy, config: {url: 'https://a.example'}}", true},
		{"an object of the application", resource, head + "Connection\nmetadata: {name: a}\nspec: {application: files, config: {path: a}, objects: {o: {pattern: '*.csv', format: csv}}}", true},
		{"an object in a form that does not exist", resource, head + "Connection\nmetadata: {name: a}\nspec: {application: files, config: {path: a}, objects: {o: {pattern: '*', format: xml}}}", false},
		{"paging by kind", resource, head + "Application\nmetadata: {name: a}\nspec: {description: d, objects: {o: {read: {path: /o, paging: {kind: page, size: 5}}}}}", true},
		{"paging of another kind", resource, head + "Application\nmetadata: {name: a}\nspec: {description: d, objects: {o: {read: {path: /o, paging: {kind: nextLink, total: t}}}}}", false},
		{"a schedule of its own", resource, head + "Schedule\nmetadata: {name: a}\nspec: {every: 1h30m}", true},
		{"a duration in words", resource, head + "Schedule\nmetadata: {name: a}\nspec: {every: one hour}", false},
		{"a name with capitals", resource, head + "Schedule\nmetadata: {name: A}\nspec: {every: 1h}", false},
		{"no kind", resource, "apiVersion: dray/v1\nmetadata: {name: a}\nspec: {every: 1h}", false},
		{"a patch says a part", patch, head + "Touchpoint\nmetadata: {name: a}\nspec: {schedule: {every: 1h}, trace: null}", true},
		{"a patch of a field that does not exist", patch, head + "Touchpoint\nmetadata: {name: a}\nspec: {shedule: {every: 1h}}", false},
		{"a patch without a name", patch, head + "Touchpoint\nmetadata: {}\nspec: {mode: observe}", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs, _ := documents(c.text)
			if len(docs) != 1 {
				t.Fatalf("%d documents", len(docs))
			}
			if err := c.schema.Validate(docs[0]); (err == nil) != c.takes {
				t.Errorf("got %v, takes: %v", err, c.takes)
			}
		})
	}
}
