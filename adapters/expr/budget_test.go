package expr

import (
	"strings"
	"testing"

	"github.com/dray-sync/dray/adapters/record"
)

func bigList(n int) record.Value {
	values := make([]record.Value, n)
	for i := range values {
		values[i] = record.IntValue(int64(i))
	}
	return record.ListValue(values)
}

// What would run for minutes is stopped by counting. Time is not measured here: a step takes well under a microsecond, see BenchmarkStep.
func TestBudget(t *testing.T) {
	long := record.StringValue(strings.Repeat("a", 1<<19))
	tests := []struct {
		source string
		a      record.Value
	}{
		{"count(a, count(a, count(a, # > 0) > 0) > 0)", bigList(2000)},
		{"any(a, all(a, any(a, # < 0)))", bigList(2000)},
		{"sum(a, sum(a, #))", bigList(2000)},
		{"map(a, map(a, #))", bigList(2000)},
		{"filter(a, # in a)", bigList(2000)},
		{"filter(a, a == a and # < 0)", bigList(2000)},
		{"unique(a)", bigList(2000)},
		{"map([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], a + a)", record.StringValue(strings.Repeat("a", 1<<19))},
		{"a + a + a", long},
		{"replace(a, \"a\", \"aaaa\")", long},
		{"split(a, \"a\")", long},
		{"join([a, a, a], \"\")", long},
		{"a matches \"(a|b|c|d|e|f|g|h)+x{200}$\"", long},
		{"map(a, \"" + strings.Repeat("x", 4000) + "\" + string(#))", bigList(9000)},
		{"map(a, 7 ** 1000)", bigList(60_000)},
		{"count(a, 10 ** 998 == 10 ** 998)", bigList(60_000)},
		{"count(a, div(1, 3 ** 900, 900, \"up\") > 1)", bigList(60_000)},
		{"count(a, int(\"" + strings.Repeat("9", 900) + "\") == 0)", bigList(60_000)},
		{"count(a, abs(0 - 7 ** 1000) == 0)", bigList(60_000)},
	}
	for _, tt := range tests {
		t.Run(tt.source[:min(60, len(tt.source))], func(t *testing.T) {
			_, _, err := runValue(tt.source, tt.a)
			re, ok := err.(*RunError)
			if !ok || re.Rule != RuleBudget {
				t.Errorf("got %v, want rule %s", err, RuleBudget)
			}
		})
	}
}

// runValue runs an expression whose only name is a.
func runValue(source string, a record.Value) (record.Value, *Program, error) {
	p, err := Compile(source, Options{})
	if err != nil {
		return record.Value{}, nil, err
	}
	values := make([]record.Value, len(p.Refs()))
	for i := range values {
		values[i] = a
	}
	v, err := p.Run(new(Machine), values)
	return v, p, err
}

// The steps of all expressions of a record come from one budget, and the next record has a new one.
func TestBudgetPerRecord(t *testing.T) {
	p, err := Compile("count(a, # > 0) >= 0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, values := new(Machine), []record.Value{bigList(2000)}
	runs := 0
	for ; runs < MaxSteps; runs++ {
		if _, err := p.Run(m, values); err != nil {
			break
		}
	}
	if runs < 50 || runs > 1000 {
		t.Errorf("%d runs before the budget ended", runs)
	}
	if _, err := p.Run(m, values); err == nil {
		t.Error("a run after the budget's end has none, and succeeded")
	}
	m.Reset()
	if _, err := p.Run(m, values); err != nil {
		t.Errorf("run of the next record: %v", err)
	}
}

// Expressions whose syntax tree shares parts would double at every level.
func TestSharedPartsDoNotMultiply(t *testing.T) {
	deep := "1"
	for range 60 {
		deep = "1 < (" + deep + ") < 2"
	}
	elvis := "a"
	for range 60 {
		elvis = "(" + elvis + " ?: b)"
	}
	for _, source := range []string{deep, elvis} {
		if _, err := Compile(source, Options{}); err == nil {
			t.Errorf("%.20s … compiled", source)
		}
	}
}

func TestDeepSourceCompiles(t *testing.T) {
	for _, source := range []string{
		strings.Repeat("(", 4000) + "1" + strings.Repeat(")", 4000),
		strings.Repeat("[", 900) + strings.Repeat("]", 900),
		strings.Repeat("-", 900) + "1",
		"a" + strings.Repeat(".b", 60),
	} {
		if _, err := Compile(source, Options{}); err != nil {
			t.Errorf("%.20s …: %v", source, err)
		}
	}
}
