package maptest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"

	"github.com/dray-sync/dray/adapters/record"
)

// anything makes values of every form, with texts that YAML likes to take for something else.
func anything(r *rand.Rand, depth int) record.Value {
	texts := []string{"", "a", "two words", "no", "Y", "007", "1.10", "1e3", "null", "~", "- a", "a: b", "a #b", "ünï→✓", "it's", `"q"`, "a\nb", " x ", "{", "@", "0x1F", "2026-01-01", "# c", "\u2028", "\u0085x", "\ufeff", "a\tb", "\U0001F600", "-", "on", "_", "!t", "*a", "&a", "%", "a, b", "a]"}
	switch n := r.IntN(8); {
	case n < 2 && depth > 0:
		names := texts[1:]
		var keys []string
		var values []record.Value
		for range r.IntN(4) {
			if name := names[r.IntN(len(names))]; !slices.Contains(keys, name) {
				keys, values = append(keys, name), append(values, anything(r, depth-1))
			}
		}
		return record.ObjectValue(keys, values)
	case n < 4 && depth > 0:
		values := make([]record.Value, r.IntN(4))
		for i := range values {
			values[i] = anything(r, depth-1)
		}
		return record.ListValue(values)
	case n == 4:
		return record.IntValue(r.Int64N(1000) - 500)
	case n == 5:
		v, _ := record.ParseNumber([]string{"1.10", "99999999999999999999", "-0.5", "0.00"}[r.IntN(4)])
		return v
	case n == 6:
		return []record.Value{record.NullValue, record.BoolValue(true), record.BoolValue(false)}[r.IntN(3)]
	}
	return record.StringValue(texts[r.IntN(len(texts))])
}

// written returns a value as one of the ways to write it, as the value of a field on a line that is indented so far.
func written(r *rand.Rand, v record.Value, indent int) string {
	margin := strings.Repeat(" ", indent+2)
	switch {
	case r.IntN(4) == 0 && isFull(v):
		return "\n" + margin + "# comment\n" + strings.TrimRight(blockText(v, indent+2), "\n")
	case r.IntN(3) == 0:
		return " " + flowText(v)
	case r.IntN(3) == 0 && isFull(v): // as another program writes it
		var b strings.Builder
		enc := yaml.NewEncoder(&b)
		enc.SetIndent(2)
		var n yaml.Node
		_ = yaml.Unmarshal(v.AppendJSON(nil), &n) // JSON is YAML
		clearStyle(&n)
		_ = enc.Encode(&n)
		return "\n" + margin + strings.ReplaceAll(strings.TrimRight(b.String(), "\n"), "\n", "\n"+margin)
	default:
		return " " + flowText(v) + " # comment"
	}
}

func clearStyle(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode || strings.ContainsAny(n.Value, "\n'\"") {
		n.Style = 0
	}
	for _, c := range n.Content {
		clearStyle(c)
	}
}

// TestUpdateMakesEveryCasePass writes outputs of every form over expectations of every form.
func TestUpdateMakesEveryCasePass(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		var b strings.Builder
		b.WriteString("apiVersion: dray/v1\nkind: Mapping\nmetadata: {name: m}\nspec: {fields: {v: {from: v}, w: {from: w}}}\n---\napiVersion: dray/v1\nkind: MappingTest\nmetadata: {name: m}\nspec:\n  mapping: m\n  cases:\n")
		for i := range 25 {
			in := record.ObjectValue([]string{"v", "w"}, []record.Value{anything(r, 3), anything(r, 2)})
			want := record.ObjectValue([]string{"v"}, []record.Value{anything(r, 3)})
			name := []string{"expect", "expectExactly"}[r.IntN(2)]
			if r.IntN(3) == 0 {
				fmt.Fprintf(&b, "    - {name: ö%d, input: %s, %s: %s}\n", i, flowText(in), name, flowText(want))
			} else {
				fmt.Fprintf(&b, "    - name: ö%d\n      input: %s\n      %s:%s\n", i, flowText(in), name, written(r, want, 6))
			}
		}
		text := b.String()
		m := load(t, map[string]string{"a.yaml": text})
		u, err := Updated(fstest.MapFS{"a.yaml": {Data: []byte(text)}}, m, run(t, Options{Model: m}))
		if err != nil || len(u.Left) > 0 {
			t.Fatalf("seed %d: %v\n%v\n%s", seed, err, u.Left, text)
		}
		if u.Cases == 0 {
			t.Fatalf("seed %d: nothing was updated", seed)
		}
		after := string(u.Files["a.yaml"])
		for _, c := range run(t, Options{Model: load(t, map[string]string{"a.yaml": after})}).Results {
			if !c.Passed {
				t.Fatalf("seed %d: %s: %s\nbefore:\n%s\nafter:\n%s", seed, c.Name, found(c), text, after)
			}
		}
	}
}

func TestUpdateLeavesWhatItCannotWrite(t *testing.T) {
	text := testOf("name: a\n      input: {name: x, total: 1}\n      expect:\n        ref: WEB\n          two", `{name: b, input: {file: many.csv}, expect: {file: want.csv}}`)
	files := map[string]string{"a.yaml": text, "many.csv": "name,total\nx,1\n", "want.csv": "ref\nWEB-9\n"}
	m := load(t, files)
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	u, err := Updated(fsys, m, run(t, Options{Model: m}))
	if err != nil {
		t.Fatal(err)
	}
	if len(u.Left) == 0 || !strings.Contains(u.Left.Error(), `outputs cannot be written to "want.csv"`) {
		t.Errorf("left %v, files %v", u.Left, slices.Sorted(maps.Keys(u.Files)))
	}
}

// TestUpdateOfSplitRecords holds that a list of outputs is updated element by element.
func TestUpdateOfSplitRecords(t *testing.T) {
	const text = `apiVersion: dray/v1
kind: Connection
metadata: {name: shop}
spec: {application: table, config: {path: x}}
---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: lines}
spec:
  source: {connection: shop, object: orders, start: beginning}
  split: {each: lines, key: [sku]}
  mapping: line
  destination: {connection: shop, object: sales, write: create}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: line}
spec: {fields: {ref: {from: sku}, qty: {from: qty}}}
---
apiVersion: dray/v1
kind: MappingTest
metadata: {name: lines}
spec:
  mapping: line
  touchpoint: lines
  cases:
    - name: two
      input: {lines: [{sku: A, qty: 1}, {sku: B, qty: 2}]}
      expect:
        - ref: A # first
        - ref: X # second
`
	m := load(t, map[string]string{"a.yaml": text})
	u, err := Updated(fstest.MapFS{"a.yaml": {Data: []byte(text)}}, m, run(t, Options{Model: m}))
	if err != nil || len(u.Left) > 0 {
		t.Fatal(err, u.Left)
	}
	if got, want := string(u.Files["a.yaml"]), strings.Replace(text, "ref: X", "ref: B", 1); got != want {
		t.Errorf("got %s", got)
	}
}

// TestFilesOfExpectations holds that what passes stays as it is written.
func TestFilesOfExpectations(t *testing.T) {
	files := map[string]string{
		"a.yaml":   testOf(`{name: a, input: {file: in.jsonl}, expect: {file: want.jsonl}}`, `{name: one, input: {name: x, total: 1}, expect: {file: one.json}}`),
		"in.jsonl": `{"name":"x","total":1}` + "\n" + `{"name":"y","total":2}` + "\n", "want.jsonl": `{ "ref" : "WEB-x" }` + "\n\n" + `{"ref":"WEB-x"}`, "one.json": `{"ref": "WEB-1", "total": 1}`,
	}
	m := load(t, files)
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	u, err := Updated(fsys, m, run(t, Options{Model: m}))
	if err != nil || len(u.Left) > 0 || u.Cases != 2 {
		t.Fatalf("%v, %v, %d cases", err, u.Left, u.Cases)
	}
	if got, want := string(u.Files["want.jsonl"]), `{ "ref" : "WEB-x" }`+"\n"+`{"ref":"WEB-y"}`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := string(u.Files["one.json"]); !json.Valid([]byte(got)) || got != "{\n  \"ref\": \"WEB-x\",\n  \"total\": 1\n}\n" {
		t.Errorf("got %q", got)
	}
}
