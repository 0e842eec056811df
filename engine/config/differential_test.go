package config

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"

	"github.com/dray-sync/dray/engine/cuebuild"
	"github.com/dray-sync/dray/schema"
)

// definitions evaluates the schema with CUE itself.
func definitions(t *testing.T) (*cue.Context, cue.Value) {
	t.Helper()
	names, err := fs.Glob(schema.FS, "*.cue")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, name := range names {
		text, err := schema.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	set, err := cuebuild.New(files)
	if err != nil {
		t.Fatal(err)
	}
	instance := set.Load(set.Packages(func(string) bool { return true })[0], nil, false)
	if instance.Err != nil {
		t.Fatalf("loading the definitions: %v", instance.Err)
	}
	ctx := cuecontext.New()
	v := ctx.BuildInstance(instance)
	if err := v.Validate(); err != nil {
		t.Fatal(err)
	}
	return ctx, v
}

// TestTableSaysAllOfTheDefinitions demands that nothing in the definitions is left to CUE at run time.
func TestTableSaysAllOfTheDefinitions(t *testing.T) {
	table, err := newSchemaTable()
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range table.defs {
		if d.anyOpaque(map[*typ]bool{}) {
			t.Errorf("%s uses CUE that the table cannot say", name)
		}
		if d.doc == "" {
			t.Errorf("%s has no comment", name)
		}
		if d.object == nil || name == "#Kinds" {
			continue
		}
		for _, f := range d.object.fields {
			if f.doc == "" && f.name != "apiVersion" && f.name != "kind" && f.name != "metadata" && f.name != "spec" {
				t.Errorf("%s.%s has no comment", name, f.name)
			}
		}
	}
}

// TestTableAgreesWithCUE changes one value after the other in every good document, and demands that table and CUE judge alike.
func TestTableAgreesWithCUE(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine asks CUE ten thousand times")
	}
	table, err := newSchemaTable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, defs := definitions(t)
	mutants := 0
	for _, root := range goodDocuments(t) {
		kind := root.str("kind")
		def := defs.LookupPath(cue.ParsePath("#" + kind))
		mutate(root, func(what string, strict bool) {
			mutants++
			c := &checker{bad: map[*node]bool{}}
			c.check(root, table.kind(kind))
			byTable := len(c.problems) == 0
			byCUE := def.Unify(ctx.CompileBytes(root.appendJSON(nil, false))).Validate(cue.Concrete(true), cue.Final()) == nil
			if byTable != byCUE && (strict || byTable) {
				t.Errorf("%s, %s: table says %v, CUE says %v\n%s\n%v", kind, what, byTable, byCUE, root.appendJSON(nil, false), c.problems)
			}
		})
	}
	if mutants < 1000 {
		t.Errorf("only %d mutants", mutants)
	}
}

func goodDocuments(t *testing.T) []*node {
	t.Helper()
	var roots []*node
	err := fs.WalkDir(os.DirFS(fixtures+"/good"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".yaml") {
			return err
		}
		src, err := os.ReadFile(fixtures + "/good/" + name)
		docs, problems := parseYAML(src, LoadLimits{}.WithDefaults())
		if len(problems) > 0 {
			t.Fatalf("%s: %v", name, problems)
		}
		for _, d := range docs {
			roots = append(roots, d.root)
		}
		return err
	})
	if err != nil || len(roots) == 0 {
		t.Fatalf("no good documents: %v", err)
	}
	return roots
}

// mutate changes a document in every way it knows, judges, and changes it back. strict is false where the table also judges
// forms that CUE does not know.
func mutate(n *node, judge func(what string, strict bool)) {
	for i := range n.items {
		was := n.items[i]
		name := fmt.Sprint(i)
		if n.kind == objectNode {
			name = n.keys[i].text
		}
		for _, other := range []*node{
			{kind: nullNode},
			{kind: boolNode, text: "true"},
			{kind: intNode, text: "-1"},
			{kind: intNode, text: "99999999999999999999"},
			{kind: floatNode, text: "1.5"},
			{kind: stringNode, text: "x!"},
			{kind: stringNode, text: ""},
			{kind: listNode},
			{kind: objectNode},
			{kind: objectNode, keys: []*node{{kind: stringNode, text: "nosuch"}}, items: []*node{{kind: intNode, text: "1"}}},
		} {
			n.items[i] = other
			judge(fmt.Sprintf("%s becomes %s", name, other.appendJSON(nil, false)), other.kind != stringNode)
		}
		n.items[i] = was
		if n.kind == objectNode {
			keys, items := n.keys, n.items
			n.keys, n.items = append(append([]*node(nil), keys[:i]...), keys[i+1:]...), append(append([]*node(nil), items[:i]...), items[i+1:]...)
			judge(name+" is removed", true)
			n.keys, n.items = append(append([]*node(nil), keys...), &node{kind: stringNode, text: name + "x"}), append(append([]*node(nil), items...), was)
			judge(name+"x is added", true)
			n.keys, n.items = keys, items
		}
		mutate(was, judge)
	}
}
