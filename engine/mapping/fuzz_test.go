package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/mapping/orders"
)

// Whatever the record, each form maps it to JSON or names a rule; an executor that has seen other records says the same as a new one.
func FuzzMap(f *testing.F) {
	var programs []*Program
	for _, tt := range formTests {
		p, problems := Compile(mappingOf(f, `{"fields":{"x":`+tt.field+`}}`), Options{Lookups: lookups()})
		if p == nil {
			f.Fatalf("%s: %+v", tt.name, problems)
		}
		programs = append(programs, p)
		f.Add([]byte(tt.in))
	}
	f.Add(orders.Documents(1, 1)[0])
	used := make([]*Executor, len(programs))
	for i, p := range programs {
		used[i] = p.NewExecutor(clock)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var b record.Batch
		b.Reset(nil)
		b.AppendDoc(doc)
		for i, p := range programs {
			got, again := outcome(t, p, p.NewExecutor(clock), &b), outcome(t, p, used[i], &b)
			if got != again {
				t.Fatalf("%s of %q: a new executor says %s, a used one %s", formTests[i].name, doc, got, again)
			}
		}
	})
}

func outcome(t *testing.T, p *Program, e *Executor, b *record.Batch) string {
	r := e.Map(b, 0)
	if r.Outcome != Mapped {
		if r.Outcome != Filtered && r.Reason.Rule == "" {
			t.Fatalf("%s without a rule", r.Outcome)
		}
		return strings.Join([]string{r.Outcome.String(), fmt.Sprint(r.Reason)}, " ")
	}
	out := p.AppendJSON(nil, r.Row, true)
	if err := record.Scan(out); err != nil {
		t.Fatalf("output is not JSON: %v", err)
	}
	return string(out)
}
