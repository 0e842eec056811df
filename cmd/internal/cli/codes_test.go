package cli

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dray-sync/dray/adapters/all"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
)

// exampleRepository is what examples of codes stand in, by kind and name. A resource that an example has itself takes the place of the
// one here.
var exampleRepository = map[string]string{
	"Repository/acme":   "{apiVersion: dray/v1, kind: Repository, metadata: {name: acme}, spec: {environments: {production: {}}}}",
	"Connection/shop":   "{apiVersion: dray/v1, kind: Connection, metadata: {name: shop}, spec: {application: sqlite, config: {path: /var/lib/shop.db}, objects: {orders: {key: [id], cursor: changed_at}}}}",
	"Connection/erp":    "{apiVersion: dray/v1, kind: Connection, metadata: {name: erp}, spec: {application: sqlite, config: {path: /var/lib/erp.db}}}",
	"Mapping/order":     "{apiVersion: dray/v1, kind: Mapping, metadata: {name: order}, spec: {fields: {id: {from: id}, country: {from: country, lookup: countries}}}}",
	"Schedule/nightly":  "{apiVersion: dray/v1, kind: Schedule, metadata: {name: nightly}, spec: {every: 1d}}",
	"Touchpoint/orders": "{apiVersion: dray/v1, kind: Touchpoint, metadata: {name: orders, labels: {owner: sales}}, spec: {source: {connection: shop, object: orders, start: now, read: full}, mapping: order, destination: {connection: erp, object: sales, write: create}, schedule: nightly}}",
	"Lookup/countries":  "{apiVersion: dray/v1, kind: Lookup, metadata: {name: countries}, spec: {key: [code], value: name, rows: [{code: DE, name: Germany}]}}",
}

// exampleNames are the names that resources of an example have which says none.
var exampleNames = map[string]string{
	"Connection": "shop", "Mapping": "order", "Schedule": "nightly", "Touchpoint": "orders", "Lookup": "countries", "MappingTest": "orders",
}

// exampleFiles makes a repository of an example.
func exampleFiles(example string) fstest.MapFS {
	files := fstest.MapFS{}
	base := maps.Clone(exampleRepository)
	for _, f := range txtar.Parse([]byte("-- example.yaml --\n" + strings.TrimPrefix(example, "\n"))).Files {
		if len(f.Data) == 0 {
			continue // the head of an example that brings its files
		}
		docs := strings.Split(string(f.Data), "---\n")
		for i, doc := range docs {
			kind := fieldOf(doc, "kind: ")
			name := strings.TrimSuffix(fieldOf(doc, "metadata: {name: "), "}")
			if strings.HasSuffix(f.Name, ".yaml") && kind != "" {
				if name == "" && exampleNames[kind] != "" {
					name = exampleNames[kind]
					docs[i] = "metadata: {name: " + name + "}\n" + docs[i]
				}
				if fieldOf(doc, "apiVersion: ") == "" {
					docs[i] = "apiVersion: dray/v1\n" + docs[i]
				}
			}
			if !strings.HasPrefix(f.Name, "environments/") { // a patch needs what it changes
				delete(base, kind+"/"+name)
			}
		}
		files[f.Name] = &fstest.MapFile{Data: []byte(strings.Join(docs, "---\n"))}
	}
	for key, text := range base {
		files["base/"+strings.ReplaceAll(key, "/", "-")+".yaml"] = &fstest.MapFile{Data: []byte(text + "\n")}
	}
	return files
}

func fieldOf(doc, prefix string) string {
	for line := range strings.Lines(doc) {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

func exampleDiagnostics(t *testing.T, code string, fsys fs.FS) diag.List {
	t.Helper()
	_, list, err := config.Load(t.Context(), fsys, config.Options{Registry: all.Registry(), Compile: mapping.Check, Now: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(d diag.Diagnostic) bool { // examples are short: what they leave out is not what they are about
		return d.Severity == diag.Warning && d.Code != code && (d.Code == "config/unused" || d.Code == "config/key-ring")
	})
}

// TestTheExampleRepositoryIsRight holds that what examples stand in has no mistakes of its own.
func TestTheExampleRepositoryIsRight(t *testing.T) {
	if list := exampleDiagnostics(t, "", exampleFiles("")); list.HasErrors() {
		t.Error(list)
	}
}

// withoutExample reports whether a code has no example that one repository can show.
func withoutExample(c diag.CodeDoc) bool {
	switch c.Code {
	case "config/too-large", "mapping/too-deep": // they are long
		return true
	case "repo/not-allowed": // it is about files that are no text
		return true
	}
	return strings.HasPrefix(c.Code, "policy/") || strings.HasPrefix(c.Code, "test/") || // rules of packs, and outcomes of tests, have their own
		strings.HasPrefix(c.Hint, "see config/") // something else says it first
}

// TestEveryCodeIsExplained holds that each code has words, and that its examples are what they say.
func TestEveryCodeIsExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range allCodes() {
		t.Run(c.Code, func(t *testing.T) {
			if seen[c.Code] {
				t.Error("the code is explained twice")
			}
			seen[c.Code] = true
			if c.Doc == "" || c.Hint == "" || !strings.HasSuffix(c.Doc, ".") {
				t.Errorf("explanation %q, hint %q", c.Doc, c.Hint)
			}
			if (c.Wrong == "") != (c.Right == "") {
				t.Error("one of the two examples is missing")
			}
			if c.Wrong == "" {
				if !withoutExample(c) {
					t.Error("there is no example; withoutExample says which codes have none")
				}
				return
			}
			codes := map[string]bool{}
			list := exampleDiagnostics(t, c.Code, exampleFiles(c.Wrong))
			for _, d := range list {
				codes[d.Code] = true
			}
			if want := map[string]bool{c.Code: true}; !maps.Equal(codes, want) {
				t.Errorf("the wrong example is reported as %v:\n%v", slices.Sorted(maps.Keys(codes)), list)
			}
			if list := exampleDiagnostics(t, c.Code, exampleFiles(c.Right)); len(list) > 0 {
				t.Errorf("the right example is reported:\n%v", list)
			}
		})
	}
	if len(seen) == 0 {
		t.Error(fmt.Errorf("no codes"))
	}
}
