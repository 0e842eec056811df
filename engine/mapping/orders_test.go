package mapping

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping/orders"
)

func orderProgram(t testing.TB) *Program {
	t.Helper()
	l := &config.Lookup{Key: []string{"code"}, Value: "name", Expect: "0..1", Miss: config.Miss{Action: "reject"}}
	for code, name := range orders.Countries() {
		l.Rows = append(l.Rows, map[string]string{"code": code, "name": name})
	}
	p, problems := Compile(mappingOf(t, orders.Mapping), Options{Lookups: map[string]*config.Lookup{"countries": l}})
	if p == nil || len(problems) > 0 {
		t.Fatalf("Compile: %+v", problems)
	}
	return p
}

func clock() time.Time { return testNow }

// Orders as documents, as rows of parsed values and as rows of raw ones are mapped alike.
func TestRowsAreMappedAsDocuments(t *testing.T) {
	p := orderProgram(t)
	docs, rows := p.NewExecutor(clock), p.NewExecutor(clock)
	var b, r record.Batch
	orders.Fill(&b, orders.Documents(300, 7))
	for i := range b.Len() {
		v, err := record.ParseJSON(b.Doc(i))
		if err != nil {
			t.Fatal(err)
		}
		columns := make([]record.Column, v.Len())
		raw := make([]record.Value, v.Len())
		for k := range columns {
			columns[k].Name = v.Name(k)
			raw[k] = v.Index(k)
			if kind := raw[k].Kind(); kind == record.List || kind == record.Object {
				raw[k] = record.RawValue(string(raw[k].AppendJSON(nil)))
			}
		}
		r.Reset(record.NewShape(columns...))
		r.AppendRow(v.Elements()...)
		r.AppendRow(raw...)
		want := docs.Map(&b, i)
		if want.Outcome != Mapped {
			t.Fatalf("record %d is %s: %s", i, want.Outcome, want.Reason)
		}
		for k := range 2 {
			got := rows.Map(&r, k)
			if got.Outcome != Mapped {
				t.Fatalf("row %d is %s: %s", i, got.Outcome, got.Reason)
			}
			if d := cmp.Diff(string(p.AppendJSON(nil, want.Row, true)), string(p.AppendJSON(nil, got.Row, true))); d != "" {
				t.Fatalf("record %d, row %d (-document +row):\n%s", i, k, d)
			}
		}
	}
}

// What an executor returns does not depend on what it mapped before, and copied rows outlive it.
func TestExecutorKeepsNothing(t *testing.T) {
	p := orderProgram(t)
	var b, out record.Batch
	orders.Fill(&b, orders.Documents(200, 3))
	out.Reset(p.Shape())
	e := p.NewExecutor(clock)
	for i := range b.Len() {
		out.CopyRow(e.Map(&b, i).Row)
	}
	for i := range b.Len() {
		fresh := p.NewExecutor(clock).Map(&b, i)
		if d := cmp.Diff(string(p.AppendJSON(nil, fresh.Row, true)), string(p.AppendJSON(nil, out.Row(i), true))); d != "" {
			t.Fatalf("record %d (-alone +among others):\n%s", i, d)
		}
	}
}

func TestMapDoesNotAllocate(t *testing.T) {
	p := orderProgram(t)
	var b record.Batch
	orders.Fill(&b, orders.Documents(100, 1))
	e := p.NewExecutor(clock)
	var out []byte
	all := func() {
		for i := range b.Len() {
			out = p.AppendJSON(out[:0], e.Map(&b, i).Row, true)
		}
	}
	all()
	if n := testing.AllocsPerRun(10, all); n > 5 { // zones of fixed offsets are made anew now and then
		t.Errorf("%v allocations for %d records", n, b.Len())
	}
}

func BenchmarkMapOrder(b *testing.B) {
	p := orderProgram(b)
	var batch record.Batch
	orders.Fill(&batch, orders.Documents(1000, 1))
	b.Run("dray", func(b *testing.B) {
		e := p.NewExecutor(clock)
		var out []byte
		b.ReportAllocs()
		b.SetBytes(int64(batch.Size() / batch.Len()))
		for n := 0; b.Loop(); n++ {
			r := e.Map(&batch, n%batch.Len())
			if r.Outcome != Mapped {
				b.Fatal(r.Reason)
			}
			out = p.AppendJSON(out[:0], r.Row, true)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
	b.Run("scan", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if err := record.Scan(batch.Doc(n % batch.Len())); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
	b.Run("json-decode", func(b *testing.B) { // a peer that only decodes to a map
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			var m map[string]any
			if err := json.Unmarshal(batch.Doc(n%batch.Len()), &m); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
	b.Run("json-valid", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			if !json.Valid(batch.Doc(n % batch.Len())) {
				b.Fatal("invalid")
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
}
