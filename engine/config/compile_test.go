package config_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
)

const repositoryYAML = "apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\n"

// compileLookups are the lookups that the mappings below name.
const compileLookups = `apiVersion: dray/v1
kind: Lookup
metadata: {name: items}
spec: {key: [sku], value: item, miss: reject, rows: [{sku: A, item: I-A}]}
---
apiVersion: dray/v1
kind: Lookup
metadata: {name: tax}
spec: {key: [country, rate], value: v, miss: reject, rows: [{country: DE, rate: "0.19", v: A1}]}
`

// refused are fields that a mapping cannot be compiled with.
var refused = []string{
	`{"x":{}}`,
	`{"x":{"from":"a","value":1}}`,
	`{"x":{"each":"a"}}`,
	`{"x":{"with":{"a":"b"}}}`,
	`{"x":{"from":"a","where":"b"}}`,
	`{"x":{"from":"a","scale":2}}`,
	`{"x":{"each":"a","as":"int","fields":{"y":{"from":"z"}}}}`,
	`{"x":{"from":"a..b"}}`,
	`{"x":{"from":"$file.a"}}`,
	`{"x":{"from":"$parent.a"}}`,
	`{"x":{"from":"$index"}}`,
	`{"x":{"from":"$run.later"}}`,
	`{"x":{"from":"$out.y"},"y":{"from":"a"}}`,
	`{"x":{"expr":"$out.y"},"y":{"from":"a"}}`,
	`{"x":{"each":"$out.y","fields":{"z":{"from":"a"}}}}`,
	`{"x":{"from":"a","as":"integer"}}`,
	`{"x":{"from":"a","apply":["trimm"]}}`,
	`{"x":{"from":"a","apply":["trim",{"truncate":"a"}]}}`,
	`{"x":{"from":"a","apply":["truncate"]}}`,
	`{"x":{"from":"a","apply":[{"trim":1}]}}`,
	`{"x":{"from":"a","apply":[{"prefix":""}]}}`,
	`{"x":{"from":"a","lookup":"item"}}`,
	`{"x":{"from":"a","lookup":"tax"}}`,
	`{"x":{"lookup":"tax","with":{"rate":"a"}}}`,
	`{"x":{"lookup":"items","with":{"sku":"a","b":"c"}}}`,
	`{"x":{"from":"a","as":"date","to":"Berlin"}}`,
	`{"x":{"from":"a","as":"date","zone":"Local"}}`,
	`{"x":{"from":"a","as":"date","format":"dd.mm.yy"}}`,
	`{"x":{"from":"a","as":"date","format":"DD.MM."}}`,
	`{"x":{"from":"a","as":"string","format":"unix"}}`,
	`{"x":{"from":"a","as":"decimal","scale":-1,"round":"up"}}`,
	`{"x":{"from":"a","as":"decimal","round":"up"}}`,
	`{"x":{"from":"a","as":"int","round":"nearest"}}`,
	`{"x":{"from":"a","as":"money"}}`,
	`{"x":{"from":"a","as":"money","currency":"EUX"}}`,
	`{"x":{"from":"a","as":"int","groupMark":"."}}`,
	`{"x":{"from":"a","as":"int","groupMark":"0"}}`,
	`{"x":{"value":"x","as":"int"}}`,
	`{"x":{"from":"a","default":"x","as":"int"}}`,
	`{"x":{"from":"a","default":null}}`,
	`{"x":{"from":"a","ifAbsent":"skip"}}`,
	`{"x":{"from":"a","ifAbsent":"omit","default":1}}`,
	`{"x":{"from":"a","ifAbsent":"omit","required":true}}`,
	`{"x":{"from":"a","write":"update"}}`,
	`{"x":{"fields":{"y":{"from":"a","write":"create"}}}}`,
	`{"x":{"concat":[{"each":"a","fields":{"y":{"from":"$no.b"}}}]}}`,
	`{"x":{"concat":[{"where":"a","fields":{"y":{"from":"b"}}}]}}`,
	`{"Art.-Nr.":{"from":"a","as":"date","format":"DD.MM."}}`,
	`{"x":{"from":"a","as":"decimal"},"y":{"expr":"$out.x + \"a\""}}`,
	`{"x":` + strings.Repeat(`{"fields":{"x":`, 17) + `{"from":"a"}` + strings.Repeat(`}}`, 17) + `}`,
}

// compileFixture returns a repository with one mapping.
func compileFixture(spec string) fstest.MapFS {
	return fstest.MapFS{
		"dray.yaml": {Data: []byte(repositoryYAML)},
		"l.yaml":    {Data: []byte(compileLookups)},
		"m.yaml":    {Data: []byte("apiVersion: dray/v1\nkind: Mapping\nmetadata: {name: m}\nspec: " + spec + "\n")},
	}
}

// TestWhatDoesNotCompileIsRefused demands an error, at a line and column of the mapping, wherever compiling would fail.
func TestWhatDoesNotCompileIsRefused(t *testing.T) {
	for _, fields := range refused {
		var m config.Mapping
		if err := json.Unmarshal([]byte(`{"fields":`+fields+`}`), &m); err == nil {
			if p, _ := mapping.Compile(&m, mapping.Options{Lookups: lookupsOf(t)}); p != nil {
				t.Errorf("%s compiles", fields)
			}
		}
		_, list, err := config.Load(t.Context(), compileFixture(`{"fields":`+fields+`}`), config.Options{Compile: mapping.Check})
		if err != nil || !list.HasErrors() {
			t.Errorf("%s: error %v, diagnostics:\n%v", fields, err, list)
		}
		for _, d := range list {
			if d.Pos.File != "m.yaml" || d.Pos.Line != 4 || d.Pos.Col < len("spec: ") || d.Hint == "" {
				t.Errorf("%s: at no place, or without a hint: %v", fields, d)
			}
		}
	}
}

func lookupsOf(t *testing.T) map[string]*config.Lookup {
	t.Helper()
	m, list, err := config.Load(t.Context(), compileFixture("{fields: {x: {from: a}}}"), config.Options{})
	if err != nil || m == nil {
		t.Fatalf("error %v, diagnostics:\n%v", err, list)
	}
	return specs(m)
}

func specs(m *config.Model) map[string]*config.Lookup {
	lookups := map[string]*config.Lookup{}
	for name, l := range m.Lookups {
		lookups[name] = &l.Spec
	}
	return lookups
}

// TestWhatIsValidCompiles changes every good mapping in many ways. Whatever config takes, compiling takes.
func TestWhatIsValidCompiles(t *testing.T) {
	good, list, err := config.Load(t.Context(), os.DirFS("../../schema/testdata/good/plain"), config.Options{Compile: mapping.Check})
	if err != nil || len(list) > 0 {
		t.Fatalf("error %v, diagnostics:\n%v", err, list)
	}
	mutants, taken := 0, 0
	for _, name := range slices.Sorted(maps.Keys(good.Mappings)) {
		text, err := json.Marshal(good.Mappings[name].Spec)
		if err != nil {
			t.Fatal(err)
		}
		for _, mutant := range mutantsOf(t, text) {
			mutants++
			m := loadMutant(t, name, mutant)
			if m == nil {
				continue
			}
			taken++
			steps := map[string]expr.Type{}
			for _, step := range mapping.StepNames(&m.Mappings[name].Spec) {
				steps[step] = expr.Type{}
			}
			if p, problems := mapping.Compile(&m.Mappings[name].Spec, mapping.Options{Lookups: specs(m), Steps: steps}); p == nil {
				t.Errorf("config takes what does not compile: %v\n%s", problems, mutant)
			}
		}
	}
	if mutants < 200 || taken < 10 {
		t.Errorf("only %d mutants, of which %d are valid", mutants, taken)
	}
}

// loadMutant loads the good repository with another spec of one mapping. nil: it is refused.
func loadMutant(t *testing.T, name string, spec []byte) *config.Model {
	t.Helper()
	fsys := fstest.MapFS{"dray.yaml": {Data: []byte(repositoryYAML)}, "m.yaml": {
		Data: fmt.Appendf(nil, "apiVersion: dray/v1\nkind: Mapping\nmetadata: {name: %s}\nspec: %s\n", name, spec),
	}}
	dir := os.DirFS("../../schema/testdata/good/plain")
	for _, keep := range []string{"lookups.yaml", "lookups/countries.csv"} {
		data, err := fs.ReadFile(dir, keep)
		if err != nil {
			t.Fatal(err)
		}
		fsys[keep] = &fstest.MapFile{Data: data}
	}
	m, _, err := config.Load(t.Context(), fsys, config.Options{Compile: mapping.Check})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// mutantsOf gives each field of a mapping another setting, one at a time.
func mutantsOf(t *testing.T, spec []byte) [][]byte {
	t.Helper()
	var whole config.Mapping
	var m struct {
		Fields map[string]map[string]json.RawMessage `json:"fields"`
	}
	if err := json.Unmarshal(spec, &whole); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(spec, &m); err != nil {
		t.Fatal(err)
	}
	settings := map[string][]string{
		"from": {`"a"`, `"$out.nosuch"`}, "as": {`"int"`, `"money"`, `"date"`, `"string"`}, "format": {`"iso"`, `"DD.MM."`},
		"ifAbsent": {`"omit"`, `"error"`}, "required": {`true`}, "default": {`"x"`, `1`, `null`}, "write": {`"create"`}, "currency": {`"EUR"`, `"EUX"`, `"c"`},
		"groupMark": {`"."`}, "decimalMark": {`","`}, "scale": {`2`}, "round": {`"up"`}, "lookup": {`"countries"`}, "when": {`"a > 1"`, `"1 + 1"`},
	}
	var out [][]byte
	for i, f := range whole.Fields {
		for _, setting := range slices.Sorted(maps.Keys(settings)) {
			for _, value := range settings[setting] {
				changed := maps.Clone(m.Fields[f.Name])
				changed[setting] = json.RawMessage(value)
				out = append(out, withField(t, whole.Fields, i, changed))
			}
		}
	}
	return out
}

// withField writes a mapping with another field in place of one, in order.
func withField(t *testing.T, fields config.Fields, at int, field map[string]json.RawMessage) []byte {
	t.Helper()
	var b strings.Builder
	for i, f := range fields {
		value := any(f.Field)
		if i == at {
			value = field
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%c%q:%s", "{,"[min(i, 1)], f.Name, text)
	}
	return []byte(`{"fields":` + b.String() + "}}")
}

// TestPlacesOfWhatDoesNotCompile points into the file that is at fault.
func TestPlacesOfWhatDoesNotCompile(t *testing.T) {
	spec := `
  fields:
    "Art.-Nr.":
      from: a
      as: date
      format: DD.MM.
    total: {from: t, as: decimal, round: half-up, scale: 2}
    tax:
      expr: $out.total * 2
    name: {from: n, required: true, as: string}
  checks:
    - {name: ok, expr: $out.total > 0 and $out.name == "x"}`
	_, list, err := config.Load(t.Context(), compileFixture(spec), config.Options{Compile: mapping.Check})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range list {
		got = append(got, fmt.Sprintf("%d:%d %s %s %s", d.Pos.Line, d.Pos.Col, d.Severity, d.Code, d.Path))
	}
	want := []string{
		`9:15 error mapping/format spec.fields."Art.-Nr.".format`,
		`12:13 warning expr/null spec.fields.tax.expr`,
		`15:24 warning expr/null spec.checks[0].expr`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %s\n%v", strings.Join(got, "\n"), list)
	}
}

// TestNullsOfUnknownFieldsAreNotWarnedOf keeps expressions over records, of which nothing is known, free of warnings.
func TestNullsOfUnknownFieldsAreNotWarnedOf(t *testing.T) {
	m, list, err := config.Load(t.Context(), compileFixture(`
  fields:
    a: {expr: price * 2}
    b: {value: 3}
    c: {from: c, as: int, required: true}
    d: {from: d, as: int, default: 0}
    e: {expr: $out.a + $out.b + $out.c + $out.d}`), config.Options{Compile: mapping.Check})
	if err != nil || m == nil || len(list) > 0 {
		t.Errorf("error %v, diagnostics:\n%v", err, list)
	}
}

// TestCompilingKnowsTheTouchpoint judges the destination's key and the source filter together with the mapping.
func TestCompilingKnowsTheTouchpoint(t *testing.T) {
	fsys := compileFixture(`{fields: {id: {from: id, write: create}}}`)
	fsys["t.yaml"] = &fstest.MapFile{Data: []byte(`apiVersion: dray/v1
kind: Connection
metadata: {name: c}
spec: {application: any}
---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: t}
spec:
  source: {connection: c, object: a, start: now, where: $out.id > 1}
  mapping: m
  destination: {connection: c, object: b, write: upsert, key: [id]}
`)}
	delete(fsys, "l.yaml")
	_, list, err := config.Load(t.Context(), fsys, config.Options{Compile: mapping.Check})
	if err != nil || !list.HasErrors() {
		t.Fatalf("error %v, diagnostics:\n%v", err, list)
	}
	fsys["t.yaml"].Data = []byte(strings.Replace(string(fsys["t.yaml"].Data), ", where: $out.id > 1", "", 1))
	_, list, err = config.Load(t.Context(), fsys, config.Options{Compile: mapping.Check})
	if err != nil || len(list) != 1 || list[0].Code != mapping.CodeKey || list[0].Pos != (diag.Pos{File: "m.yaml", Line: 4, Col: 39}) {
		t.Errorf("error %v, diagnostics:\n%v", err, list)
	}
}

// TestCompilingIsRemembered compiles again only what has changed.
func TestCompilingKnowsTheSteps(t *testing.T) {
	const flow = `apiVersion: dray/v1
kind: Connection
metadata: {name: c}
spec: {application: app}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: m}
spec: {fields: {id: {from: id}, partner: {from: $steps.FIRST.id}}}
---
apiVersion: dray/v1
kind: Object
metadata: {name: partners}
spec: {connection: c, object: partners, fields: [{name: id, type: string}, {name: blocked, type: bool}]}
---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: t}
spec:
  source: {connection: c, object: o, start: now}
  steps:
    - {name: first, connection: c, object: partners, find: {id: {from: SECOND}}}
    - {name: other, connection: c, object: partners, find: {id: {from: $steps.first.id}}, whenMissing: wait}
  mapping: m
  destination: {connection: c, object: written, write: create}
  routes:
    cases:
      - {name: r, when: THIRD, destination: {object: p, write: create}}
`
	tests := map[string]struct{ first, second, third, want string }{
		"right":                {"first", "partner", "$steps.first.blocked == true", ""},
		"unknown in a mapping": {"frist", "partner", "$steps.first.blocked == true", `9:49 there is no step "frist"`},
		"unknown field":        {"first", "partner", "$steps.first.blokced == true", `28:38 there is no field "blokced"`},
		"comes later":          {"first", "$steps.other.id", "$steps.first.blocked == true", `22:72 the step "other" has not found anything yet here`},
		"itself":               {"first", "$steps.first.id", "$steps.first.blocked == true", `22:72 the step "first" has not found anything yet here`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			text := strings.NewReplacer("FIRST", tt.first, "SECOND", tt.second, "THIRD", tt.third).Replace(flow)
			fsys := fstest.MapFS{"dray.yaml": {Data: []byte(repositoryYAML)}, "a.yaml": {Data: []byte(text)}}
			_, list, err := config.Load(t.Context(), fsys, config.Options{Compile: mapping.Check})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range list {
				if d.Severity == diag.Error {
					got = append(got, fmt.Sprintf("%d:%d %s", d.Pos.Line, d.Pos.Col, d.Message))
				}
			}
			if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], tt.want)) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCompilingIsRemembered(t *testing.T) {
	compiled := 0
	o := config.Options{Cache: new(config.Cache), Compile: func(use config.MappingUse) []config.MappingProblem {
		compiled++
		return mapping.Check(use)
	}}
	load := func(fields string, want int) {
		t.Helper()
		if _, list, err := config.Load(t.Context(), compileFixture(fields), o); err != nil || len(list) > 0 {
			t.Fatalf("error %v, diagnostics:\n%v", err, list)
		}
		if compiled != want {
			t.Errorf("compiled %d times, want %d", compiled, want)
		}
	}
	load("{fields: {a: {from: a, lookup: items}}}", 1)
	load("{fields: {a: {from: a, lookup: items}}}", 1)
	load("{fields: {a: {from: b, lookup: items}}}", 2)
}
