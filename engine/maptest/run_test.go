package maptest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
)

// load returns the model of files, beside dray.yaml.
func load(t testing.TB, files map[string]string) *config.Model {
	t.Helper()
	return loadWith(t, files, config.Options{Compile: mapping.Check})
}

func loadWith(t testing.TB, files map[string]string, o config.Options) *config.Model {
	t.Helper()
	fsys := fstest.MapFS{"dray.yaml": {Data: []byte("apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\n")}}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	m, list, err := config.Load(t.Context(), fsys, o)
	if err != nil {
		t.Fatal(err)
	}
	if m == nil {
		t.Fatalf("diagnostics:\n%v", list)
	}
	return m
}

// orders is a mapping with a bit of everything, a lookup and a touchpoint.
const orders = `apiVersion: dray/v1
kind: Mapping
metadata: {name: orders}
spec:
  fields:
    ref:   {expr: '"WEB-" + name'}
    total: {from: total, as: decimal}
    at:    {from: $run.now, as: date}
    lines: {each: lines, fields: {item: {from: sku, lookup: items}, n: {from: n, as: int}}}
  checks:
    - {name: not-test, expr: '(test ?? false) == false', else: skip}
    - {name: small, expr: $out.total < 1000, else: park}
    - {name: whole, expr: '$out.ref != "WEB-?"'}
---
apiVersion: dray/v1
kind: Lookup
metadata: {name: items}
spec: {key: [sku], value: item, rows: [{sku: A, item: I-A}, {sku: B, item: I-B}]}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: shop}
spec: {application: table, config: {path: x}, zone: Europe/Berlin}
---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: orders}
spec:
  source: {connection: shop, object: orders, start: beginning, where: 'name != "filtered"'}
  mapping: orders
  destination: {connection: shop, object: sales, write: upsert, key: [ref]}
---
`

// test returns a MappingTest of these cases, written as a YAML list, each on one line.
func testOf(cases ...string) string {
	return orders + "apiVersion: dray/v1\nkind: MappingTest\nmetadata: {name: t}\nspec:\n  mapping: orders\n  touchpoint: orders\n  now: \"2026-04-02T10:00:00Z\"\n  cases:\n    - " +
		strings.Join(cases, "\n    - ") + "\n"
}

func run(t *testing.T, o Options) Report {
	t.Helper()
	o.Now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// found says in short what is wrong with a case. Empty: it passed.
func found(r Result) string {
	var got []string
	if r.Failure != "" {
		got = append(got, r.Failure)
	}
	for _, d := range r.Differences {
		got = append(got, d.String())
	}
	return strings.Join(got, "; ")
}

func TestExpectations(t *testing.T) {
	const input = `input: {name: "1", total: "1.10", test: false, lines: [{sku: A, n: 1}]}`
	for _, tt := range []struct{ name, tc, want string }{
		{"subset, number by value", input + `, expect: {total: 1.1, lines: [{n: 1}]}`, ""},
		{"now of the test", input + `, expect: {at: "2026-04-02"}`, ""},
		{"now of the case", input + `, now: "2026-04-03T23:00:00Z", expect: {at: "2026-04-03"}`, ""},
		{"exactly", input + `, expectExactly: {ref: WEB-1, total: 1.10, at: "2026-04-02", lines: [{item: I-A, n: 1}]}`, ""},
		{"exactly, more", input + `, expectExactly: {ref: WEB-1, at: "2026-04-02", lines: [{item: I-A, n: 1}]}`, "total: want nothing, got 1.10"},
		{"differs", input + `, expect: {ref: WEB-2, lines: [{item: I-B}, {n: 2}]}`, `ref: want "WEB-2", got "WEB-1"; lines[0].item: want "I-B", got "I-A"; lines[1]: want {"n":2}, got nothing`},
		{"list too long", input + `, expect: {lines: []}`, `lines[0]: want nothing, got {"item":"I-A","n":1}`},
		{"given lookup", input + `, given: {lookups: {items: {A: given}}}, expect: {lines: [{item: given}]}`, ""},
		{"given lookup lacks the key", input + `, given: {lookups: {items: {}}}, expectRejected: {field: "lines[0].item", rule: lookup}`, ""},
		{"given key of two parts", input + `, given: {lookups: {items: {"A|B": x}}}, expect: {}`, `the mapping does not compile with what is given: given key "A|B" of lookup "items" has 2 parts; its keys are sku`},
		{"rejected by another field", `input: {name: "1", lines: [{sku: "?"}]}, expectRejected: {field: ref, rule: lookup}`, `want it rejected with field "ref" and rule "lookup", got field lines[0].item: rule lookup (string)`},
		{"rejected by another check", `input: {name: "?", total: 1}, expectRejected: {check: small}`, `want it rejected with check "small", got rule check whole`},
		{"rejected by the check", `input: {name: "?", total: 1}, expectRejected: {check: whole}`, ""},
		{"rejected by anything", `input: {name: "1", total: x}, expectRejected: {}`, ""},
		{"not rejected", input + `, expectRejected: {field: ref}`, "want it rejected, but it is mapped"},
		{"rejected", `input: {name: "1", total: x}, expect: {}`, "want it mapped, but it is rejected: field total: rule number (string)"},
		{"skipped", input + `, set: {test: true}, expectSkipped: true`, ""},
		{"not skipped", input + `, expectSkipped: true`, "want it skipped, but it is mapped"},
		{"parked", input + `, set: {total: 1000}, expectParked: true`, ""},
		{"parked is not rejected", input + `, set: {total: 1000}, expectRejected: {rule: check}`, "want it rejected, but it is parked: rule check small"},
		{"filtered", `input: {name: filtered}, expectFiltered: true`, ""},
		{"not filtered", input + `, expectFiltered: true`, "want it filtered, but it is mapped"},
		{"the touchpoint's key", `input: {name: null}, expectRejected: {field: ref}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := run(t, Options{Model: load(t, map[string]string{"a.yaml": testOf("{name: c, " + tt.tc + "}")})})
			if len(r.Results) != 1 {
				t.Fatalf("%d results", len(r.Results))
			}
			got := found(r.Results[0])
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if passed := tt.want == ""; r.Results[0].Passed != passed || (r.Passed == 1) != passed || (r.Failed == 1) == passed {
				t.Errorf("passed %v, %d passed, %d failed", r.Results[0].Passed, r.Passed, r.Failed)
			}
		})
	}
}

func TestCasesOfTablesAndFiles(t *testing.T) {
	m := load(t, map[string]string{
		"a.yaml": testOf(
			`{name: table, input: {file: one.json}, given: {lookups: {items: {A: x}}}, expect: {total: 1}, rows: [
        {set: {name: B, "lines[0].sku": A}, expect: {ref: WEB-B, lines: [{item: x}]}}, {name: same},
        {name: wrong, set: {total: 2}}, {remove: [lines], given: {lookups: {items: {}}}, expectExactly: {ref: WEB-A, total: 1, at: "2026-04-02"}}]}`,
			`{name: lines, input: {file: many.jsonl}, expect: {file: want.jsonl}}`,
			`{name: list, input: {file: many.json}, expectRejected: {field: total}}`,
			`{name: cells, input: {file: many.csv}, expect: {file: cells.json}}`),
		"one.json":   `{"name":"A","total":1}`,
		"many.jsonl": "{\"name\":\"A\",\"total\":1}\n\n{\"name\":\"filtered\"}\n{\"name\":\"A\",\"total\":\"x\"}\n{\"name\":\"A\",\"total\":1,\"test\":true}\n{\"name\":\"A\",\"total\":2000}\n",
		"want.jsonl": "{\"ref\":\"WEB-B\"}\n{\"$filtered\":true}\n{\"$rejected\":{\"rule\":\"number\"}}\n{\"$skipped\":true}\n{\"$parked\":true}\n",
		"many.json":  "[\n{\"name\":\"A\",\"total\":\"x\"},\n\n{\"name\":\"A\",\"total\":\"1\"}]",
		"many.csv":   "name,total,test\nA,1.50,\n\"B, C\",2,\n",
		"cells.json": `[{"ref":"WEB-A","total":1.5},{"ref":"WEB-B, C"}]`,
	})
	r := run(t, Options{Model: m, Workers: 3})
	var got []string
	for _, c := range r.Results {
		var text strings.Builder
		text.WriteString(found(c))
		for _, d := range c.Differences {
			text.WriteString(" at " + d.Pos.String())
		}
		got = append(got, c.Name+" @ "+c.Pos.String()+" "+text.String())
	}
	want := []string{
		`table: name=B, lines[0].sku=A @ a.yaml:42:9 `,
		`table: same @ a.yaml:42:88 `,
		`table: wrong @ a.yaml:43:9 total: want 1, got 2 at a.yaml:41:97`,
		`table: without lines @ a.yaml:43:41 `,
		`lines, line 1 @ want.jsonl:1:1 ref: want "WEB-B", got "WEB-A" at want.jsonl:1:1`,
		`lines, line 3 @ want.jsonl:2:1 `,
		`lines, line 4 @ want.jsonl:3:1 `,
		`lines, line 5 @ want.jsonl:4:1 `,
		`lines, line 6 @ want.jsonl:5:1 `,
		`list, line 2 @ a.yaml:45:7 `,
		`list, line 4 @ a.yaml:45:7 want it rejected, but it is mapped`,
		`cells, line 2 @ cells.json:1:1 `,
		`cells, line 3 @ cells.json:1:1 `,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMatchSelectsCases(t *testing.T) {
	m := load(t, map[string]string{"a.yaml": testOf(`{name: a, input: {}, expect: {}}`, `{name: b, input: {name: x, total: 1}, expect: {}}`)})
	r := run(t, Options{Model: m, Match: func(test, name string) bool { return test == "t" && name == "b" }})
	if len(r.Results) != 1 || !r.Results[0].Passed {
		t.Errorf("results %+v", r.Results)
	}
}

func TestAnInternalErrorFailsTheCase(t *testing.T) {
	m := load(t, map[string]string{"a.yaml": testOf(`{name: a, input: {name: x, total: 1}, expect: {}}`)})
	m.Mappings["orders"].Spec.Fields[0].Field = config.Field{Value: json.RawMessage("1"), As: "date"} // not what validation let through
	r := run(t, Options{Model: m})
	if len(r.Results) != 1 || r.Results[0].Passed || !strings.Contains(r.Results[0].Failure, "does not compile") {
		t.Errorf("results %+v", r.Results)
	}
}

// BenchmarkRun runs 10,000 cases.
func BenchmarkRun(b *testing.B) {
	var in, want strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&in, `{"name": "%d", "total": "1.10", "lines": [{"sku": "A", "n": 1}]}`+"\n", i)
		fmt.Fprintf(&want, `{"ref": "WEB-%d"}`+"\n", i)
	}
	m := load(b, map[string]string{"a.yaml": testOf(`{name: a, input: {file: in.jsonl}, expect: {file: want.jsonl}}`), "in.jsonl": in.String(), "want.jsonl": want.String()})
	for b.Loop() {
		if r, err := Run(b.Context(), Options{Model: m}); err != nil || r.Failed > 0 || r.Passed != 10_000 {
			b.Fatalf("%d passed, %d failed, %v", r.Passed, r.Failed, err)
		}
	}
}

// TestTouchpointsWithStepsAndSplit runs cases as a touchpoint does that looks things up first and makes several records of one.
func TestTouchpointsWithStepsAndSplit(t *testing.T) {
	m := load(t, map[string]string{"a.yaml": `apiVersion: dray/v1
kind: Connection
metadata: {name: shop}
spec: {application: table, config: {path: x}}
---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: lines}
spec:
  source: {connection: shop, object: orders, start: beginning, where: paid == true}
  split: {each: lines, key: [sku]}
  steps: [{name: partner, connection: shop, object: partners, find: {code: {from: $root.partner}}}]
  mapping: line
  destination: {connection: shop, object: sales, write: upsert, key: [ref]}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: line}
spec:
  fields:
    ref: {expr: 'string($root.number) + "/" + sku'}
    partner: {from: $steps.partner.id}
    qty: {from: qty, as: int}
---
apiVersion: dray/v1
kind: MappingTest
metadata: {name: lines}
spec:
  mapping: line
  touchpoint: lines
  cases:
    - name: two
      input: {number: 1, paid: true, lines: [{sku: A, qty: 1}, {sku: B, qty: 2}]}
      given: {steps: {partner: {id: P1}}}
      rows:
        - {name: mapped, expect: [{ref: 1/A, partner: P1}, {qty: 2}]}
        - {name: differs, expect: [{ref: 1/A}, {ref: 1/C}, {}]}
        - {name: another partner, given: {steps: {partner: {id: P2}}}, expect: [{partner: P2}, {partner: P2}]}
        - {name: one is bad, set: {"lines[1].qty": x}, expectRejected: {field: "[1].qty", rule: number}}
        - {name: without lines, set: {lines: []}, expectExactly: []}
        - {name: not paid, set: {paid: false}, expectFiltered: true}
    - {name: no list, input: {paid: true, lines: 1}, expectRejected: {rule: type}}
`})
	var got []string
	for _, r := range run(t, Options{Model: m, Cover: true}).Results {
		got = append(got, strings.TrimSpace(r.Name+" "+found(r)))
	}
	want := []string{
		"two: mapped", `two: differs [1].ref: want "1/C", got "1/B"; [2]: want {}, got nothing`, "two: another partner", "two: one is bad", "two: without lines", "two: not paid", "no list",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if g := generate(t, m, 1); len(g.Findings) > 0 || g.Outcomes[mapping.Mapped] < 20 {
		t.Errorf("findings %+v, outcomes %v", g.Findings, g.Outcomes)
	}
}
