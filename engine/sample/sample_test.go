package sample

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/plan"
)

func testHash(text string) [16]byte {
	sum := sha256.Sum256([]byte("key" + text))
	return [16]byte(sum[:16])
}

func TestPseudonymise(t *testing.T) {
	keep := Words{"partially_paid": true, "de": true}
	for _, c := range []struct {
		in      string
		same    bool
		pattern string // of the output where it differs: A for capitals, a for letters, 0 for digits
	}{
		{`"EUR"`, true, ""},
		{`"DE"`, true, ""},
		{`"Partially_Paid"`, true, ""},
		{`true`, true, ""},
		{`null`, true, ""},
		{`""`, true, ""},
		{`3`, true, ""},
		{`129.90`, true, ""},
		{`"129.90"`, true, ""},
		{`"12"`, true, ""},
		{`"Ada Lovelace"`, false, `"Aaa Aaaaaaaa"`},
		{`"ADA LOVELACE"`, false, `"AAA AAAAAAAA"`},
		{`"ada@example.org"`, false, `"aaa@aaaaaaa.aaa"`},
		{`"+49 (30) 123-456"`, false, `"+00 (00) 000-000"`},
		{`"DE89370400440532013000"`, false, `"AA00000000000000000000"`},
		{`"Müller-Lüdenscheidt"`, false, `"Aaaaaa-Aaaaaaaaaaaa"`},
		{`"10115"`, false, `"00000"`},
		{`4915112345678`, false, `0000000000000`},
		{`-1234567.25`, false, `-0000000.00`},
		{`"1990-05-17"`, false, `"0000-00-00"`},
		{`"2026-04-02T10:11:12.345Z"`, false, `"0000-00-00A00:00:00.000A"`},
		{`"2026-04-02 10:11"`, false, `"0000-00-00 00:00"`},
	} {
		out, ok := Pseudonymise([]byte(`{"field":`+c.in+`}`), testHash, keep)
		if !ok {
			t.Errorf("%s: refused", c.in)
			continue
		}
		got := strings.TrimSuffix(strings.TrimPrefix(string(out), `{"field":`), "}")
		if c.same != (got == c.in) {
			t.Errorf("%s became %s", c.in, got)
		}
		if !c.same && pattern(got) != c.pattern {
			t.Errorf("%s became %s, which is %s, want %s", c.in, got, pattern(got), c.pattern)
		}
	}
}

// pattern is the shape of a text.
func pattern(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return '0'
		case r >= 'A' && r <= 'Z':
			return 'A'
		case r >= 'a' && r <= 'z':
			return 'a'
		default:
			return r
		}
	}, s)
}

func TestPseudonymsAreStable(t *testing.T) {
	doc := []byte(`{"a":"Ada Lovelace","b":{"c":["Ada Lovelace","Ada Byron"]},"ada@example.org":1,"born":"1815-12-10"}`)
	one, _ := Pseudonymise(doc, testHash, nil)
	two, _ := Pseudonymise(doc, testHash, nil)
	if string(one) != string(two) {
		t.Errorf("%s and %s", one, two)
	}
	var v struct {
		A string
		B struct{ C []string }
	}
	if err := json.Unmarshal(one, &v); err != nil || v.A != v.B.C[0] || v.A == v.B.C[1] {
		t.Errorf("the same is not the same: %s", one)
	}
	for _, bad := range []string{"Ada", "Lovelace", "Byron", "ada@", "example", "1815"} {
		if strings.Contains(string(one), bad) {
			t.Errorf("%q is in %s", bad, one)
		}
	}
	other, _ := Pseudonymise(doc, func(s string) [16]byte { return testHash("x" + s) }, nil)
	if string(one) == string(other) {
		t.Error("another key gives the same pseudonyms")
	}
	for _, bad := range []string{``, `[]`, `"x"`, `{`, `{} {}`, `null`, `{"a":"` + strings.Repeat("x", MaxBytes) + `"}`} {
		if _, ok := Pseudonymise([]byte(bad), testHash, nil); ok {
			t.Errorf("%.20s is taken", bad)
		}
	}
}

func FuzzPseudonymise(f *testing.F) {
	for _, seed := range []string{`{"a":"b"}`, `{"n":-0.0e5,"m":1e999,"k":0}`, `{"d":"2026-13-45T99:99"}`, `{"é":"\u0000"}`, `{"a":[{"b":"ſſ"}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		if out, ok := Pseudonymise(doc, testHash, nil); ok && !json.Valid(out) {
			t.Errorf("%q became %q, which is no JSON", doc, out)
		}
	})
}

const repository = `apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {environments: {test: {}}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: shop}
spec: {application: shop, config: {}}
---
apiVersion: dray/v1
kind: Lookup
metadata: {name: countries}
spec:
  rows: [{code: Deutschland, name: DE}, {code: Schweiz, name: CH}]
  key: [code]
  value: name
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: m}
spec:
  fields:
    ref: {from: id}
    total: {from: total, as: decimal}
    country: {from: country, lookup: countries}
    lines: {each: lines, fields: {sku: {from: sku}}}
---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: orders}
spec:
  source: {connection: shop, object: orders, start: now, where: 'status != "CANCELLED"'}
  mapping: m
  destination: {connection: shop, object: sales, write: upsert, key: [ref]}
`

func side(t *testing.T, edits ...string) Side {
	t.Helper()
	text := repository
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("there is no %q", edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	m, list, err := config.Load(t.Context(), fstest.MapFS{"all.yaml": {Data: []byte(text)}}, config.Options{})
	if err != nil || m == nil {
		t.Fatal(err, list.Error())
	}
	return Side{m, "orders"}
}

func TestWordsOf(t *testing.T) {
	s := side(t)
	w := WordsOf(s.Model, s.Name)
	for word, want := range map[string]bool{"cancelled": true, " Deutschland": true, "SCHWEIZ": true, "DE": false, "orders": false, "": false} {
		if w.Has(word) != want {
			t.Errorf("%q is a word: %v", word, !want)
		}
	}
}

func TestCompare(t *testing.T) {
	var docs [][]byte
	for i := range 10 {
		country := "Deutschland"
		if i < 3 {
			country = "Schweiz"
		}
		docs = append(docs, fmt.Appendf(nil, `{"id":"A-%d","status":"PAID","total":"%d.50","country":%q,"lines":[{"sku":"x"},{"sku":null}]}`, i, i, country))
	}
	docs = append(docs, []byte(`{"id":"B","status":"CANCELLED","total":"1","country":"Deutschland"}`), []byte(`{"id":"C","status":"PAID","total":"x","country":"Deutschland"}`))
	tests := map[string]struct {
		edits []string
		want  plan.Samples
		line  string
	}{
		"nothing": {nil, plan.Samples{Compared: 12}, "of 12 samples, none comes out differently"},
		"a field": {
			[]string{"total: {from: total, as: decimal}", "total: {from: total, as: decimal, scale: 0, round: down}"},
			plan.Samples{Compared: 12, Changed: 10, Fields: []plan.SampleField{{Name: "total", Changed: 10}}},
			"10 come out differently: 10 in total",
		},
		"a lookup": {
			[]string{", {code: Schweiz, name: CH}", ""},
			plan.Samples{Compared: 12, Changed: 3, Rejected: []plan.SampleReason{{Field: "country", Rule: "lookup", Count: 3}}},
			"3 newly rejected (field country, rule lookup)",
		},
		"a filter": {
			[]string{`'status != "CANCELLED"'`, "'id != \"A-1\"'"},
			plan.Samples{Compared: 12, Changed: 2, LeftOut: 1, LetIn: 1},
			"1 newly left out, 1 newly let in",
		},
		"a field in a list": {
			[]string{"sku: {from: sku}", "sku: {from: sku, required: true}"},
			plan.Samples{Compared: 12, Changed: 10, Rejected: []plan.SampleReason{{Field: "lines[].sku", Rule: "required", Count: 10}}},
			"10 newly rejected (field lines[].sku, rule required)",
		},
		"a field is gone and one is new": {
			[]string{"total: {from: total, as: decimal}", "sum: {from: total}"},
			plan.Samples{Compared: 12, Changed: 11, Accepted: 1, Fields: []plan.SampleField{{Name: "sum", Changed: 10}, {Name: "total", Changed: 10}}},
			"1 no longer rejected",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Compare(t.Context(), side(t), side(t, tt.edits...), docs, time.Unix(0, 0))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(got, tt.want); d != "" {
				t.Errorf("(-got +want):\n%s", d)
			}
			c := plan.Changes{
				Resources:   []plan.ResourceChange{{Kind: "Mapping", Name: "m", Action: plan.Update}},
				Touchpoints: []plan.TouchpointChange{{Name: "orders", Action: plan.Update, State: plan.StateKept, Samples: &got}},
			}
			var text strings.Builder
			if err := c.WriteText(&text, plan.Style{}); err != nil || !strings.Contains(text.String(), tt.line) {
				t.Errorf("there is no %q in\n%s", tt.line, text.String())
			}
		})
	}
}
