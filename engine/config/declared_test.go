package config

import (
	"encoding/json"
	"errors"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/rest"
)

// declaredShop uses every kind of paging and of authentication's neighbours, and leaves out what has a default.
const declaredShop = `apiVersion: dray/v1
kind: Application
metadata: {name: declared}
spec:
  description: A shop.
  url: https://shop.example
  auth: {kind: apiKey, header: X-Key}
  headers: {Accept: application/json}
  objects:
    orders:
      key: [id]
      cursor: changed
      fields: {id: {type: int}, state: {type: string, enum: [open, paid]}}
      read:
        path: /orders
        paging: {kind: page, sizeParam: limit, size: 50, stop: short}
        since: {param: since, sorted: true}
        byKey: {path: "/orders/{id}"}
    offset: {read: {path: /a, paging: {kind: offset, total: meta.count}}}
    cursor: {read: {path: /b, paging: {kind: cursor, param: after, next: meta.next, only: true}}}
    link: {read: {path: /c, paging: {kind: nextLink}}}
    plain: {read: {path: /d}, write: {create: {path: /d}, delete: {path: "/d/{id}"}}}
`

func declaredSchema(t *testing.T) *settingsSchema {
	t.Helper()
	s, err := newSettingsSchema(rest.New().(adapters.DeclarationSchema).Schema())
	if err != nil || s.declared == nil {
		t.Fatalf("no definition: %v", err)
	}
	return s
}

// TestTableSaysAllOfDeclarations demands that nothing of a declaration is left to CUE, which knows no places for disjunctions.
func TestTableSaysAllOfDeclarations(t *testing.T) {
	if declaredSchema(t).opaque {
		t.Error("the definition uses CUE that the table cannot say")
	}
}

// TestDeclarationsAreCompleted demands the defaults that CUE itself fills in.
func TestDeclarationsAreCompleted(t *testing.T) {
	s := declaredSchema(t)
	m, list, err := Load(t.Context(), repositoryOf(map[string]string{"dray.yaml": plainRepository, "a.yaml": declaredShop}), Options{Registry: adapters.NewRegistry(rest.New())})
	if err != nil || len(list) > 0 {
		t.Fatalf("error %v, diagnostics:\n%v", err, list)
	}
	got := m.Applications["declared"].Spec.Declaration
	docs, _ := parseYAML([]byte(declaredShop), LoadLimits{}.WithDefaults())
	ctx := cuecontext.New()
	want, err := ctx.CompileString(s.text).LookupPath(cue.ParsePath("#ApplicationSpec")).
		Unify(ctx.CompileBytes(docs[0].root.get("spec").appendJSON(nil, false))).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(decoded(t, want), decoded(t, got)); diff != "" {
		t.Errorf("not as CUE (-want +got):\n%s", diff)
	}
}

func decoded(t *testing.T, text json.RawMessage) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestDeclarationsAgreeWithCUE changes one value after the other. What the table takes, CUE takes, and the other way round, but that
// the table never guesses a kind that is not said.
func TestDeclarationsAgreeWithCUE(t *testing.T) {
	s := declaredSchema(t)
	docs, problems := parseYAML([]byte(declaredShop), LoadLimits{}.WithDefaults())
	if len(docs) != 1 || len(problems) > 0 {
		t.Fatalf("%d documents, %v", len(docs), problems)
	}
	root := docs[0].root.get("spec")
	ctx := cuecontext.New()
	def := ctx.CompileString(s.text).LookupPath(cue.ParsePath("#ApplicationSpec"))
	mutants := 0
	mutate(root, func(what string, strict bool) {
		mutants++
		c := &checker{bad: map[*node]bool{}}
		c.check(root, s.declared)
		byTable := len(c.problems) == 0
		byCUE := def.Unify(ctx.CompileBytes(root.appendJSON(nil, false))).Validate(cue.Concrete(true), cue.Final()) == nil
		if byTable != byCUE && (byTable || what != "kind is removed") {
			t.Errorf("%s: table says %v, CUE says %v\n%s\n%v", what, byTable, byCUE, root.appendJSON(nil, false), c.problems)
		}
	})
	if mutants < 500 {
		t.Errorf("only %d mutants", mutants)
	}
}

// TestDeclarerWithoutSchema judges a declaration by what its declarer says alone.
func TestDeclarerWithoutSchema(t *testing.T) {
	if _, ok := adapters.Declarer(fakeDeclarer{}).(adapters.DeclarationSchema); ok {
		t.Fatal("the fake has a schema")
	}
	_, err := fakeDeclarer{}.Declare("x", json.RawMessage(`{}`))
	if _, ok := errors.AsType[*adapters.ConfigError](err); !ok {
		t.Errorf("%v is no mistake in the configuration", err)
	}
}

// badSchema is a declarer whose definition is not one.
type badSchema struct{ fakeDeclarer }

func (badSchema) Schema() string { return "#Other: string" }

func TestDeclarerWithoutDefinition(t *testing.T) {
	_, list, err := Load(t.Context(), repositoryOf(map[string]string{"dray.yaml": plainRepository, "a.yaml": declaredShop}), Options{Registry: adapters.NewRegistry(badSchema{})})
	if err != nil || len(list) != 1 || list[0].Code != codeApplication || list[0].Pos.Line != 2 {
		t.Errorf("error %v, diagnostics:\n%v", err, list)
	}
}
