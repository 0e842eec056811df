package expr

import (
	"testing"

	"github.com/dray-sync/dray/adapters/record"
)

func BenchmarkRun(b *testing.B) {
	lines := `[{"UnitPrice": 9.99, "Quantity": 2}, {"UnitPrice": 10.00, "Quantity": 1}]`
	fixture := map[string]record.Value{"": parsed(b, `{"price": 19.99, "quantity": 3, "number": 1001, "status": "PAID", "lines": `+lines+`}`)}
	for _, source := range []string{
		"price * quantity",
		`"WEB-" + string(number)`,
		`status in ["PAID", "PARTIALLY_PAID"] and quantity > 0`,
		"sum(lines, .UnitPrice * .Quantity)",
		`round(price * 1.19, 2, "half-even")`,
		`div(price, quantity, 2, "half-even")`,
		"price * 123456789012345678901",
	} {
		b.Run(source, func(b *testing.B) {
			p, err := Compile(source, Options{})
			if err != nil {
				b.Fatal(err)
			}
			values, m := lookUp(b, p.Refs(), fixture), new(Machine)
			b.ReportAllocs()
			for b.Loop() {
				m.Reset()
				if _, err := p.Run(m, values); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStep shows what the step budget of one record amounts to in time, at its dearest.
func BenchmarkStep(b *testing.B) {
	a := bigList(60_000)
	for _, source := range []string{
		"count(a, count(a, # > 0) > 0)", "map(a, 7 ** 1000)", `count(a, div(1, 3 ** 900, 900, "up") > 1)`, "filter(a, # in a)",
	} {
		b.Run(source, func(b *testing.B) {
			p, err := Compile(source, Options{})
			if err != nil {
				b.Fatal(err)
			}
			values, m := make([]record.Value, len(p.Refs())), new(Machine)
			for i := range values {
				values[i] = a
			}
			for b.Loop() {
				m.Reset()
				if _, err := p.Run(m, values); err == nil {
					b.Fatal("the budget did not end the run")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/MaxSteps, "ns/step")
		})
	}
}
