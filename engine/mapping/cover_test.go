package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters/record"
)

// TestCover holds for each form of a field what records come to. Each row: the field, a record, and the points that it reaches.
func TestCover(t *testing.T) {
	for _, tt := range []struct{ name, field, in, want, left string }{
		{"value", `{"from":"a"}`, `{"a":1}`, "given", ""},
		{"absent", `{"from":"a"}`, `{}`, "", "given"},
		{"default", `{"from":"a","default":1}`, `{}`, "default taken", "given"},
		{"no default", `{"from":"a","default":1}`, `{"a":2}`, "given", "default taken"},
		{"required", `{"from":"a","required":true}`, `{}`, "required missing", "given"},
		{"ifAbsent", `{"from":"a","ifAbsent":"null"}`, `{}`, "ifAbsent missing", "given"},
		{"when", `{"from":"a","when":"a > 1"}`, `{"a":1}`, "when false", "when true, given"},
		{"lookup", `{"from":"a","lookup":"currency"}`, `{"a":"EUR"}`, "given, lookup hit, row 0", "lookup missed"},
		{"lookup misses", `{"from":"a","lookup":"currency"}`, `{"a":"?"}`, "given, lookup missed", "lookup hit, row 0"},
		{"lookup with", `{"lookup":"currency","with":{"k":"a"}}`, `{"a":"EUR"}`, "given, lookup hit, row 0", "lookup missed"},
		{"each", `{"each":"a","where":"b > 1","fields":{"b":{"from":"b"}}}`, `{"a":[{"b":1},{"b":2}]}`, "given, each filled, where true, where false, fields.b given", "each empty"},
		{"each of none", `{"each":"a","fields":{"b":{"from":"b"}}}`, `{"a":[]}`, "given, each empty", "each filled, fields.b given"},
		{"concat", `{"concat":[{"when":"a","fields":{"b":{"value":1}}}]}`, `{"a":false}`, "given, concat[0].when false", "concat[0].when true, concat[0].fields.b given"},
		{"branches", `{"expr":"a ? b ?? \"x\" : \"y\""}`, `{"a":true}`, "given, expr+4 nil, expr true", "expr+4 given, expr false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Cover: true, Lookups: lookups()}
			for name := range o.Lookups {
				if name != "currency" || !strings.Contains(tt.field, "currency") {
					delete(o.Lookups, name)
				}
			}
			p, problems := Compile(mappingOf(t, `{"fields":{"x":`+tt.field+`}}`), o)
			if p == nil {
				t.Fatalf("Compile: %+v", problems)
			}
			e := p.NewExecutor(nil)
			var b record.Batch
			b.AppendDoc([]byte(tt.in))
			e.Map(&b, 0)
			var reached, left []string
			for i, point := range p.Points() {
				text := strings.TrimPrefix(strings.TrimPrefix(point.Path, "spec.fields.x"), ".")
				if point.Offset > 0 {
					text += fmt.Sprintf("+%d", point.Offset)
				}
				if text = strings.TrimSpace(text + " " + point.What); point.Lookup != "" {
					text = fmt.Sprintf("row %d", point.Row)
				}
				if e.Reached()[i] {
					reached = append(reached, text)
				} else {
					left = append(left, text)
				}
			}
			sorted := cmp.Transformer("sorted", func(s string) map[string]bool {
				set := map[string]bool{}
				for part := range strings.SplitSeq(s, ", ") {
					set[part] = true
				}
				return set
			})
			if diff := cmp.Diff(tt.want, strings.Join(reached, ", "), sorted); diff != "" {
				t.Errorf("reached (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.left, strings.Join(left, ", "), sorted); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
		})
	}
}
