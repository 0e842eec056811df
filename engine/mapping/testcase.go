package mapping

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// A CaseResult is what came of one case of a mapping test. It is about fixtures: it shows content.
type CaseResult struct {
	Name    string
	Passed  bool
	Outcome Outcome
	Reason  Reason
	// Output is the mapped record as JSON, when there is one.
	Output []byte
	// Differences are where the output is not what the case expects, in the order of the expectation.
	Differences []Difference
	// Failure says in a line why the case failed, when it is not the differences alone.
	Failure string
}

// A Difference is one place where an output is not as expected.
type Difference struct {
	Path string // as in a mapping: lines[0].price; empty for the whole record
	Want string // JSON; empty: nothing was expected there
	Got  string // JSON; empty: nothing is there
}

// String returns the difference on one line.
func (d Difference) String() string {
	where := d.Path
	if where == "" {
		where = "record"
	}
	return fmt.Sprintf("%s: want %s, got %s", where, orNothing(d.Want), orNothing(d.Got))
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// RunTest runs the cases of a mapping test. o is what the mapping is compiled with elsewhere; a case's own lookups replace its lookups by
// name. Problems of the mapping come back instead of results. Numbers are compared by value: 1.10 is 1.1. A record that a check parks
// counts as rejected by it.
func RunTest(m *config.Mapping, t *config.MappingTest, o Options) ([]CaseResult, []Problem) {
	if p, problems := Compile(m, o); p == nil {
		return nil, problems
	}
	now := time.Now()
	if t.Now != "" {
		at, err := time.Parse(time.RFC3339, t.Now)
		if err != nil {
			return nil, []Problem{{
				Code: CodeConstant, Severity: "error", Path: "spec.now", Message: fmt.Sprintf("%q is not an instant", t.Now),
				Hint: "write it as in 2026-04-02T10:00:00Z", Offset: -1,
			}}
		}
		now = at
	}
	results := make([]CaseResult, len(t.Cases))
	for i := range t.Cases {
		results[i] = runCase(m, &t.Cases[i], o, now)
	}
	return results, nil
}

func runCase(m *config.Mapping, tc *config.TestCase, o Options, now time.Time) CaseResult {
	out := CaseResult{Name: tc.Name}
	tables, problems := buildTables(o.Lookups)
	if tc.Given != nil {
		for _, name := range slices.Sorted(maps.Keys(tc.Given.Lookups)) {
			l, ok := o.Lookups[name]
			if !ok {
				out.Failure = fmt.Sprintf("given lookup %q does not exist", name)
				return out
			}
			table, err := givenTable(name, l, tc.Given.Lookups[name])
			if err != nil {
				out.Failure = err.Error()
				return out
			}
			tables[name] = table
		}
	}
	p, problems := compile(m, o, tables, problems)
	if p == nil {
		out.Failure = "the mapping does not compile with the given lookups: " + firstError(problems).Message
		return out
	}
	var b record.Batch
	b.Reset(nil)
	b.AppendDoc(tc.Input)
	r := p.NewExecutor(func() time.Time { return now }).Map(&b, 0)
	out.Outcome, out.Reason = r.Outcome, r.Reason
	if r.Row != nil {
		out.Output = p.AppendJSON(nil, r.Row, true)
	}
	out.judge(tc)
	out.Passed = out.Failure == "" && len(out.Differences) == 0
	return out
}

// judge compares what happened with what the case expects.
func (r *CaseResult) judge(tc *config.TestCase) {
	switch {
	case tc.ExpectRejected != nil:
		want := tc.ExpectRejected
		switch {
		case r.Outcome != Rejected && r.Outcome != Parked:
			r.Failure = fmt.Sprintf("want it rejected, but it is %s", r.Outcome)
		case want.Field != "" && want.Field != r.Reason.Field, want.Rule != "" && want.Rule != string(r.Reason.Rule):
			r.Failure = fmt.Sprintf("want it rejected with field %q and rule %q, got %s", want.Field, want.Rule, r.Reason)
		}
	case tc.ExpectSkipped:
		if r.Outcome != Skipped && r.Outcome != Filtered {
			r.Failure = fmt.Sprintf("want it skipped, but it is %s", r.Outcome)
		}
	case r.Outcome != Mapped:
		r.Failure = fmt.Sprintf("want it mapped, but it is %s: %s", r.Outcome, r.Reason)
	case tc.ExpectExactly != nil:
		r.compare(tc.ExpectExactly, true)
	case tc.Expect != nil:
		r.compare(tc.Expect, false)
	default:
		r.Failure = "the case expects nothing; add expect, expectExactly, expectRejected or expectSkipped"
	}
}

func (r *CaseResult) compare(expected []byte, exactly bool) {
	want, err := record.ParseJSON(expected)
	if err != nil {
		r.Failure = "what is expected is not a value: " + err.Error()
		return
	}
	got, err := record.ParseJSON(r.Output)
	if err != nil {
		r.Failure = "the output is not a value: " + err.Error()
		return
	}
	r.Differences = differences(nil, "", want, got, exactly)
}

// differences appends where got is not want. Unless exactly, objects may have more members than expected.
func differences(out []Difference, path string, want, got record.Value, exactly bool) []Difference {
	switch {
	case want.Kind() == record.Object && got.Kind() == record.Object:
		for i, name := range want.Names() {
			out = differences(out, joined(path, name), want.Index(i), got.Get(name), exactly)
		}
		for i, name := range got.Names() {
			if exactly && want.Get(name).IsAbsent() {
				out = append(out, Difference{Path: joined(path, name), Got: shown(got.Index(i))})
			}
		}
	case want.Kind() == record.List && got.Kind() == record.List:
		for i := range max(want.Len(), got.Len()) {
			at := fmt.Sprintf("%s[%d]", path, i)
			switch {
			case i >= want.Len():
				out = append(out, Difference{Path: at, Got: shown(got.Index(i))})
			case i >= got.Len():
				out = append(out, Difference{Path: at, Want: shown(want.Index(i))})
			default:
				out = differences(out, at, want.Index(i), got.Index(i), exactly)
			}
		}
	case !want.Equal(got):
		out = append(out, Difference{Path: path, Want: shown(want), Got: shown(got)})
	}
	return out
}

func joined(path, name string) string {
	step := record.Path{{Name: name, Index: -1}}.String()
	if path == "" {
		return step
	}
	return path + "." + step
}

func shown(v record.Value) string {
	if v.IsAbsent() {
		return ""
	}
	return string(v.AppendJSON(nil))
}
