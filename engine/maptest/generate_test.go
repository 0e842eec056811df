package maptest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
)

// typed is a mapping of these fields between objects of these fields, all in YAML's flow style.
func typed(fields, source, destination string) map[string]string {
	return map[string]string{"a.yaml": `apiVersion: dray/v1
kind: Mapping
metadata: {name: m}
spec:
  source: {application: shop, object: in}
  destination: {application: erp, object: out}
  fields: {` + fields + `}
---
apiVersion: dray/v1
kind: Object
metadata: {name: in}
spec: {application: shop, object: in, fields: [` + source + `]}
---
apiVersion: dray/v1
kind: Object
metadata: {name: out}
spec: {application: erp, object: out, fields: [` + destination + `]}
---
apiVersion: dray/v1
kind: Lookup
metadata: {name: codes}
spec: {key: [k], value: v, rows: [{k: a, v: "1"}, {k: b, v: "2"}]}
---
apiVersion: dray/v1
kind: Lookup
metadata: {name: pairs}
spec: {key: [a, b], value: v, rows: [{a: x, b: "*", v: "1"}, {a: "*", b: x, v: "2"}]}
`}
}

func generate(t *testing.T, m *config.Model, seed uint64) Generated {
	t.Helper()
	all, err := Generate(t.Context(), GenerateOptions{Model: m, Inputs: 1500, Seed: seed, Now: time.Date(2026, 4, 2, 10, 0, 0, 0, time.UTC)})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d mappings, %v", len(all), err)
	}
	return all[0]
}

// TestFindings plants one mistake each, which the smallest input shows.
func TestFindings(t *testing.T) {
	const text = "{name: x, type: string, nullable: true}"
	for _, tt := range []struct{ name, fields, source, destination, want, input string }{
		{"division by nothing", `x: {expr: 'div(a, b, 2, "up")'}`, "{name: a, type: decimal}, {name: b, type: int}", "{name: x, type: decimal}", "field x: rule expr (division by zero)", `{"a":0,"b":0}`},
		{"digits that nothing rounds", "x: {from: a, as: money, currency: EUR}", "{name: a, type: decimal}, {name: other, type: string, nullable: true}", "{name: x, type: decimal}", "field x: rule scale", ""},
		{"a fraction into a whole number", "x: {from: a, as: int}", "{name: a, type: decimal}", "{name: x, type: int}", "field x: rule integer (decimal)", `{"a":0.1}`},
		{"a list's element", `x: {each: l, fields: {y: {expr: 'div(1, p, 0, "up")'}}}`, "{name: l, type: list, fields: [{name: p, type: int}, {name: q, type: string, nullable: true}]}", "{name: x, type: list}", "y: rule expr (division by zero)", `{"l":[{"p":0}]}`},
		{"no zone", "x: {from: a, as: datetime, format: 'YYYY-MM-DD HH:mm'}", "{name: a, type: string}", text, "field x: rule zone", ""},
		{"rows that fit equally well", "x: {lookup: pairs, with: {a: a, b: b}}", "{name: a, type: string}, {name: b, type: string}", text, "rule lookup-ambiguous", `{"a":"x","b":"x"}`},
		{"null into what takes none", "x: {from: a}", "{name: a, type: string, nullable: true}", "{name: x, type: string}", "x: the destination object takes no null here", `{"a":null}`},
		{"too long", "x: {from: a}", "{name: a, type: string}", "{name: x, type: string, maxLength: 100}", "x: it is longer than the 100 characters", ""},
		{"not one of the values", "x: {from: a}", "{name: a, type: string}", "{name: x, type: string, enum: [p, q]}", "x: it is not one of the values", `{"a":""}`},
		{"required and empty", "x: {fields: {y: {from: a, ifAbsent: omit}}}", "{name: a, type: string, nullable: true}", "{name: x, type: object, required: true}", "x: the destination object requires it, and it is missing", `{}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := lenient(t, typed(tt.fields, tt.source, tt.destination))
			g := generate(t, m, 1)
			if len(g.Findings) == 0 {
				t.Fatalf("nothing was found: %+v", g)
			}
			f := g.Findings[0]
			if !strings.Contains(f.Message, tt.want) || f.Pos.Line != 7 {
				t.Errorf("%s: %s", f.Pos, f.Message)
			}
			if tt.input != "" && string(f.Input) != tt.input {
				t.Errorf("the smallest input is %s, want %s", f.Input, tt.input)
			}
			if !json.Valid(f.Input) || !strings.Contains(f.Case, "input: {") {
				t.Errorf("input %s, case %s", f.Input, f.Case)
			}
			again := generate(t, m, 1)
			if diff := cmp.Diff(g, again); diff != "" {
				t.Errorf("the same seed gives something else:\n%s", diff)
			}
		})
	}
}

// lenient is load for mappings that validation already has a word on.
func lenient(t *testing.T, files map[string]string) *config.Model {
	t.Helper()
	return loadWith(t, files, config.Options{})
}

// TestTotalMappingsAreFine holds that what declares all of its rejections is not blamed.
func TestTotalMappingsAreFine(t *testing.T) {
	for name, tt := range map[string][3]string{
		"declared rejections": {
			"a: {from: a, lookup: codes}, b: {from: b, required: true}, c: {from: c, as: decimal, scale: 2, round: half-up}, d: {from: d, as: date, format: DD.MM.YYYY}",
			"{name: a, type: string}, {name: b, type: string, nullable: true}, {name: c, type: string}, {name: d, type: string, nullable: true}", "{name: a, type: string}, {name: b, type: string}, {name: c, type: decimal}, {name: d, type: date, nullable: true}",
		},
		"guarded": {
			`a: {expr: 'b == nil or b == 0 ? 0 : div(a, b, 2, "up")'}, n: {from: n.o, default: ""}, l: {each: l, where: 'p > 0', fields: {p: {from: p}}}`,
			"{name: a, type: decimal}, {name: b, type: int, nullable: true}, {name: n, type: object, nullable: true, fields: [{name: o, type: string, nullable: true}]}, {name: l, type: list, nullable: true, fields: [{name: p, type: int}]}",
			"{name: a, type: decimal, required: true}, {name: n, type: string, required: true}, {name: l, type: list, nullable: true, fields: [{name: p, type: int, required: true}]}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := generate(t, lenient(t, typed(tt[0], tt[1], tt[2])), 3)
			for _, f := range g.Findings {
				t.Errorf("%s: %s: %s", f.Pos, f.Message, f.Input)
			}
			if g.Outcomes[mapping.Mapped] < 20 || !g.Typed {
				t.Errorf("outcomes %v, typed %v", g.Outcomes, g.Typed)
			}
		})
	}
}

// TestGuessedInputs holds that without an object the mapping's own words make inputs that get through.
func TestGuessedInputs(t *testing.T) {
	files := map[string]string{"a.yaml": `apiVersion: dray/v1
kind: Mapping
metadata: {name: m}
spec:
  fields:
    state: {expr: 'status == "PAID" ? 1 : 2'}
    day: {from: placed.at, as: date, format: DD.MM.YYYY}
    total: {from: total, as: decimal, decimalMark: ",", groupMark: "."}
    lines: {each: lines, where: 'quantity > 0', fields: {sku: {from: sku}, of: {from: $parent.name}}}
    second: {from: "lines[1].sku"}
  checks: [{name: paid, expr: '$out.state == 1', else: skip}]
`}
	g := generate(t, load(t, files), 5)
	if g.Typed || len(g.Findings) > 0 {
		t.Errorf("typed %v, findings %+v", g.Typed, g.Findings)
	}
	if g.Outcomes[mapping.Mapped] < 20 || g.Outcomes[mapping.Skipped] < 20 || g.Outcomes[mapping.Rejected] < 20 {
		t.Errorf("outcomes %v, rejected %+v", g.Outcomes, g.Rejected)
	}
}
