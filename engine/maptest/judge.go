package maptest

import (
	"fmt"
	"strings"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
)

// A Difference is one place where an output is not as expected.
type Difference struct {
	Path string   // as in a mapping: lines[0].price; empty for the whole record
	Want string   // JSON; empty: nothing was expected there
	Got  string   // JSON; empty: nothing is there
	Pos  diag.Pos // of what was expected, or of what is around it
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

// judge compares what happened with what the case expects. Numbers are compared by value: 1.10 is 1.1.
func (r *Result) judge(tc *config.TestCase) {
	switch {
	case tc.ExpectRejected != nil:
		r.judgeRejection(tc.ExpectRejected)
	case tc.ExpectSkipped:
		r.want(mapping.Skipped)
	case tc.ExpectFiltered:
		r.want(mapping.Filtered)
	case tc.ExpectParked:
		r.want(mapping.Parked)
	case tc.ExpectExactly == nil && tc.Expect == nil:
		r.Failure = "the case expects nothing; write it, or let dray test --update write what comes out"
	case r.Outcome != mapping.Mapped:
		r.want(mapping.Mapped)
	case tc.ExpectExactly != nil:
		r.compare(tc.ExpectExactly, true)
	default:
		r.compare(tc.Expect, false)
	}
}

// locate says where in the user's files stands what was expected.
func (r *Result) locate(source *config.Source, tc *config.TestCase) {
	if tc.Expected.File != "" {
		r.Pos = diag.Pos{File: tc.Expected.File, Line: max(tc.Expected.Line, 1), Col: 1}
		for i := range r.Differences {
			r.Differences[i].Pos = r.Pos
		}
		return
	}
	r.Pos = source.Pos(tc.Path)
	name := "expect"
	if tc.ExpectExactly != nil {
		name = "expectExactly"
	}
	for i := range r.Differences {
		r.Differences[i].Pos = source.Pos(joined(tc.ExpectedAt+"."+name, r.Differences[i].Path))
	}
}

// want demands an outcome.
func (r *Result) want(o mapping.Outcome) {
	if r.Outcome != o {
		r.Failure = fmt.Sprintf("want it %s, but it is %s", o, r.happened())
	}
}

// happened says what became of the record.
func (r *Result) happened() string {
	if r.Reason.Rule == "" {
		return r.Outcome.String()
	}
	return fmt.Sprintf("%s: %s", r.Outcome, r.Reason)
}

func (r *Result) judgeRejection(want *config.Rejection) {
	got := r.Reason
	switch {
	case r.Outcome != mapping.Rejected:
		r.want(mapping.Rejected)
	case want.Field != "" && want.Field != got.Field, want.Rule != "" && want.Rule != string(got.Rule), want.Check != "" && want.Check != got.Check:
		r.Failure = fmt.Sprintf("want it rejected with %s, got %s", rejection(want), got)
	}
}

// rejection says what is wanted of a rejection.
func rejection(want *config.Rejection) string {
	var parts []string
	for _, p := range []struct{ what, value string }{{"field", want.Field}, {"rule", want.Rule}, {"check", want.Check}} {
		if p.value != "" {
			parts = append(parts, fmt.Sprintf("%s %q", p.what, p.value))
		}
	}
	return strings.Join(parts, " and ")
}

func (r *Result) compare(expected []byte, exactly bool) {
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
			out = differences(out, joined(path, step(name)), want.Index(i), got.Get(name), exactly)
		}
		for i, name := range got.Names() {
			if exactly && want.Get(name).IsAbsent() {
				out = append(out, Difference{Path: joined(path, step(name)), Got: shown(got.Index(i))})
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

// joined returns the path of a member. An empty name is the record itself.
func joined(path, name string) string {
	switch {
	case name == "":
		return path
	case path == "":
		return name
	}
	return path + "." + name
}

func step(name string) string { return record.Path{{Name: name, Index: -1}}.String() }

func shown(v record.Value) string {
	if v.IsAbsent() {
		return ""
	}
	return string(v.AppendJSON(nil))
}
