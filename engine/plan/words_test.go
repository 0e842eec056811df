package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/config"
)

func TestValueWords(t *testing.T) {
	for in, want := range map[string]string{
		`null`: "(none)", `"plain text"`: "plain text", `"(none)"`: `"(none)"`, `""`: `""`, `" x"`: `" x"`, `"true"`: `"true"`, `true`: "true", `"12"`: `"12"`, `12.50`: "12.50",
		`"a\nb"`: `"a\nb"`, `"\"q\""`: `"\"q\""`, `{"b":[1,"x, y"],"a":null}`: `{a: null, b: [1, "x, y"]}`, `"price * quantity"`: "price * quantity",
	} {
		if got := valueWords(json.RawMessage(in)); got != want {
			t.Errorf("valueWords(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestLongValuesShowTheirDifference(t *testing.T) {
	long := strings.Repeat("price * quantity + ", 50)
	b, a := pairWords(text(long+"tax"), text(long+"0"))
	if b == a || !strings.Contains(b, "tax") || strings.Contains(a, "tax") {
		t.Errorf("got %q and %q", b, a)
	}
	b, a = pairWords(text("x"), text(long))
	if b != "x" || !strings.HasSuffix(a, " more characters)") || len([]rune(a)) > longest+40 {
		t.Errorf("got %q and %q", b, a)
	}
}

func TestCompareFilters(t *testing.T) {
	for _, c := range []struct {
		before, after string
		want          breadth
	}{
		{"a and b", "a", wider},
		{"a", "a and b", narrower},
		{"a && b && c", "c && a", wider},
		{"a", "a or b", wider},
		{"a or b", "b", narrower},
		{"", "a", narrower},
		{"a", " ", wider},
		{"a and b", "a and c", other},
		{"a and b or c", "a", other},
		{`x == "a and b" and y`, "y", wider},
		{`x == "a and b"`, `x == "a`, other},
		{"f(a and b) and c", "c", wider},
		{"a ? b : c and d", "d", other},
		{`s in ["a", "b"] and not t`, `s in ["a", "b", "c"] and not t`, wider},
		{`not t and s in ["b", "a"]`, `s in ["a"] and not t`, narrower},
		{`s in ["a", "b"]`, `s in ["a", "c"]`, other},
		{`s in ["a"]`, `u in ["a", "b"]`, other},
		{`s not in ["a"]`, `s not in ["a", "b"]`, other},
		{`not (s in ["a"])`, `not (s in ["a", "b"])`, other},
		{`s in list`, `s in other`, other},
		{"brand and band", "brand", wider},
		{"$out.and and b", "b", wider},
	} {
		if got := compareFilters(c.before, c.after); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.before, c.after, got, c.want)
		}
	}
}

func TestFieldChanges(t *testing.T) {
	fields := func(text string) config.Fields {
		var f config.Fields
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	mapping := func(text string) entry { return entry{spec: &config.Mapping{Fields: fields(text)}} }
	lookup := func(rows ...map[string]string) entry {
		return entry{spec: &config.Lookup{Key: []string{"code"}, Rows: rows}}
	}
	touchpoint := func(cases ...config.Case) entry {
		return entry{spec: &config.Touchpoint{Routes: &config.Routes{Cases: cases}}}
	}
	tests := map[string]struct {
		before, after entry
		want          []string // path: before → after, with what it is of
	}{
		"one attribute": {
			mapping(`{"a":{"from":"x","scale":2}}`), mapping(`{"a":{"from":"x","scale":3}}`),
			[]string{"spec.fields.a.scale (a scale): 2 → 3"},
		},
		"in a list": {
			mapping(`{"lines":{"each":"items","fields":{"sku":{"from":"a"}}}}`), mapping(`{"lines":{"each":"items","fields":{"sku":{"from":"b"},"n":{"value":1}}}}`),
			[]string{"spec.fields.lines.fields.sku.from (lines[].sku from): a → b", "spec.fields.lines.fields.n (lines[].n ): (none) → {value: 1}"},
		},
		"in a part of a list": {
			mapping(`{"l":{"concat":[{"fields":{"a":{"value":1}}}]}}`), mapping(`{"l":{"concat":[{"when":"x","fields":{"a":{"value":2}}},{"each":"y","fields":{}}]}}`),
			[]string{"spec.fields.l.concat[0].fields.a.value (l.concat[0].a value): 1 → 2", "spec.fields.l.concat[0].when (l concat[0].when): (none) → x", "spec.fields.l.concat[1] (l concat[1]): (none) → {each: y, fields: {}}"},
		},
		"only the order": {
			mapping(`{"a":{"value":1},"b":{"value":2}}`), mapping(`{"b":{"value":2},"a":{"value":1}}`),
			[]string{"spec.fields ( fields in order): [a, b] → [b, a]"},
		},
		"a name to quote": {
			mapping(`{"Art.-Nr.":{"value":1}}`), mapping(`{"Art.-Nr.":{"value":2}}`),
			[]string{`spec.fields."Art.-Nr.".value ("Art.-Nr." value): 1 → 2`},
		},
		"rows": {
			lookup(map[string]string{"code": "DE", "v": "1"}, map[string]string{"code": "AT", "v": "2"}), lookup(map[string]string{"code": "DE", "v": "3"}, map[string]string{"code": "CH", "v": "4"}),
			[]string{"spec.rows[code=CH] (code=CH ): (none) → {code: CH, v: \"4\"}", "spec.rows[code=DE].v (code=DE v): \"1\" → \"3\"", "spec.rows[code=AT] (code=AT ): {code: AT, v: \"2\"} → (none)"},
		},
		"elements with names": {
			touchpoint(config.Case{Name: "a", When: "x"}, config.Case{Name: "b"}), touchpoint(config.Case{Name: "b", When: "y"}, config.Case{Name: "a", When: "x"}),
			[]string{"spec.routes.cases[b].when ( routes.cases[b].when): (none) → y", "spec.routes.cases ( routes.cases in order): [a, b] → [b, a]"},
		},
		"their order": {
			touchpoint(config.Case{Name: "a"}, config.Case{Name: "b"}), touchpoint(config.Case{Name: "b"}, config.Case{Name: "a"}),
			[]string{"spec.routes.cases ( routes.cases in order): [a, b] → [b, a]"},
		},
		"a secret": {
			entry{spec: &config.Credential{Raw: []byte(`{"spec":{"ciphertext":"one"}}`)}},
			entry{spec: &config.Credential{Raw: []byte(`{"spec":{"ciphertext":"two"}}`)}},
			[]string{"spec.ciphertext ( ciphertext): sealed → sealed anew"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, c := range fieldChanges(tt.before, tt.after) {
				got = append(got, c.Path+" ("+c.Of+" "+c.Name+"): "+valueWords(c.Before)+" → "+valueWords(c.After))
			}
			if d := cmp.Diff(got, tt.want); d != "" {
				t.Errorf("(-got +want):\n%s", d)
			}
		})
	}
}
